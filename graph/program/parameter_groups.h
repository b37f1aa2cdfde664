// SPDX-License-Identifier: Apache-2.0
// Parameter groups (`optimizer.groups`): parameters that are updated with a learning rate or a
// weight decay of their own, or only after some epochs. The first group whose pattern matches a
// parameter has it; a parameter that no pattern matches is updated as the optimizer's own options
// say.
#pragma once

#include <string>
#include <vector>

#include "base/options/option.h"
#include "graph/nn/parameter_patterns.h"

namespace lockstep::graph {

struct GroupOptions {
  double lr_scale = 1.0;
  double weight_decay = -1.0;
  int64_t unfreeze_epoch = 0;

  template <typename V>
  void Visit(V&& v) {
    v("lr_scale", lr_scale, Says("factor of the learning rate").Within(kNotNegative));
    v("weight_decay", weight_decay,
      Says("in place of optimizer.weight_decay; -1: that one").Within(kNotNegative).Or(-1.0));
    v("unfreeze_epoch", unfreeze_epoch,
      Says("this many epochs pass before they are trained").Within({.low = 0, .high = 2147483647}));
  }
};

struct ParameterGroup {
  std::string pattern;  // of parameters (graph/nn/parameter_patterns.h)
  GroupOptions options;

  // Reads "PATTERN:option=value:...", such as "*.bias:weight_decay=0". Failures name the text, what
  // is wrong with it and what is known.
  static Result<ParameterGroup> Parse(const std::string& text);
};

Result<std::vector<ParameterGroup>> ParseGroups(const std::vector<std::string>& texts);

// For each parameter the place of its group in `groups`, or -1. A group that no parameter is in
// fails, with near names or with the group before it that has them all.
Result<std::vector<int32_t>> AssignGroups(const std::vector<ParameterGroup>& groups,
                                          const std::vector<NamedParameter>& parameters);

}  // namespace lockstep::graph

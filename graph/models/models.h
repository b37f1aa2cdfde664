// SPDX-License-Identifier: Apache-2.0
// The models there are. A model has methods, which a task calls (graph/tasks/task_builder.h), and a
// struct that lists its options; one file a family (families.h), listed in models.cc. Most models
// have one method, "forward": from "image" (N, H, W, C) to "out", the logits (N, classes), or of a
// segmenter (N, H, W, classes).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options/option.h"
#include "graph/nn/net.h"
#include "graph/nn/values.h"

namespace lockstep::graph {

// What a recipe says of a model beside its name.
struct ModelOptions {
  int64_t classes = 10;
  Attrs own;  // those of the model's own list that are given; the others have their defaults
};

// One way to call a model. All methods of a model share its parameters.
struct Method {
  std::string_view name;
  // `options` are complete.
  std::function<Values(const Net& n, const Values& in, int64_t classes, const Attrs& options)>
      build;
};

inline constexpr std::string_view kForward = "forward";
inline constexpr std::string_view kImage = "image";  // what "forward" takes
inline constexpr std::string_view kOut = "out";      // and what it gives

struct Model {
  std::string_view name;
  std::string_view description;  // one line with its source
  Shape image;                   // H W C and classes it was described for
  int64_t classes = 10;
  OptionList options;  // what a recipe may set of it beside classes
  std::vector<Method> methods;
  // The task and the loss that it was described for.
  std::string_view task = "classification", loss = "cross-entropy";

  // Null where there is none of that name.
  const Method* FindMethod(std::string_view method) const;
};

const std::vector<Model>& Models();
// Not found: the error lists near names.
Result<const Model*> FindModel(std::string_view name);

}  // namespace lockstep::graph

// SPDX-License-Identifier: Apache-2.0
// The models there are. A model is a function from a batch of images to logits, and a struct that
// lists its options; one file a family (families.h), listed in models.cc.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options/option.h"
#include "graph/nn/net.h"

namespace lockstep::graph {

// What a recipe says of a model beside its name.
struct ModelOptions {
  int64_t classes = 10;
  Attrs own;  // those of the model's own list that are given; the others have their defaults
};

struct Model {
  std::string_view name;
  std::string_view description;  // one line with its source
  Shape image;                   // H W C and classes it was described for
  int64_t classes = 10;
  OptionList options;  // what a recipe may set of it beside classes
  // `options` are complete.
  std::function<Value(const Net& n, Value x, int64_t classes, const Attrs& options)> build;
};

const std::vector<Model>& Models();
// Not found: the error lists near names.
Result<const Model*> FindModel(std::string_view name);

}  // namespace lockstep::graph

// SPDX-License-Identifier: Apache-2.0
// The models there are. A model is a function from a batch of images to logits; one file a family,
// listed in models.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/nn/net.h"

namespace lockstep::graph {

// What a recipe may say of a model. A model refuses what it does not have.
struct ModelOptions {
  int64_t classes = 10;
  std::string activation;           // "relu" | "tanh"; empty: the model's own
  std::string pool;                 // "max" | "avg"; empty: the model's own
  double dropout = -1.0;            // probability; negative: the model's own
  std::string stem;                 // "imagenet" | "cifar"; empty: the model's own
  bool zero_init_residual = false;  // the last norm of each residual branch starts with scale 0
};

struct Model {
  std::string_view name;
  std::string_view description;  // one line with its source
  Shape image;                   // H W C and classes it was described for
  int64_t classes = 10;
  Value (*build)(const Net& n, Value x, const ModelOptions& options);
  std::vector<std::string_view> options;  // those of ModelOptions it has beside classes
};

const std::vector<Model>& Models();
// Not found: the error lists near names.
Result<const Model*> FindModel(std::string_view name);

}  // namespace lockstep::graph

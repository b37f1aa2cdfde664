// SPDX-License-Identifier: Apache-2.0
#include "graph/models/models.h"

#include "base/suggest.h"
#include "graph/models/families.h"

namespace lockstep::graph {

const std::vector<Model>& Models() {
  static const std::vector<Model> models = {
      {"lenet5",
       "LeNet-5, tanh and average pooling (LeCun et al., 1998)",
       {28, 28, 1},
       LeNet5,
       {"activation", "pool"}},
      {"mlp-784-128-64-10", "perceptron with two hidden layers, ReLU", {28, 28, 1}, Mlp128x64, {}},
      {"mlp-784-400-400-10",
       "perceptron with dropout 0.5 before each ReLU",
       {28, 28, 1},
       Mlp400x400,
       {"dropout"}},
      {"convnet-bn",
       "two blocks of convolution, batch norm, ReLU, max pooling",
       {28, 28, 1},
       ConvNetBn,
       {"dropout"}},
      {"simple-cnn",
       "three blocks of 32, 64, 128 channels, global average pooling",
       {32, 32, 3},
       SimpleCnn,
       {}},
  };
  return models;
}

Result<const Model*> FindModel(std::string_view name) {
  std::vector<std::string> known;
  for (const Model& model : Models()) {
    if (model.name == name) return &model;
    known.emplace_back(model.name);
  }
  return NotFound("no model is named '" + std::string(name) + "'" + Suggestion(name, known) +
                  " (`lockstep models` lists them)");
}

}  // namespace lockstep::graph

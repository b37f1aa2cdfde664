// SPDX-License-Identifier: Apache-2.0
// Multi-layer perceptrons for 28x28 images: 784-128-64-10 (109,386 parameters) and 784-400-400-10
// with dropout before each ReLU (478,410 parameters).
#include "graph/models/families.h"
#include "graph/nn/layers.h"

namespace lockstep::graph {

Value Mlp128x64(const Net& n, Value x, int64_t classes, const NoAttrs&) {
  x = Relu(n / "relu1", Linear(n / "fc1", x, 128));
  x = Relu(n / "relu2", Linear(n / "fc2", x, 64));
  return Linear(n / "fc3", x, classes);
}

Value Mlp400x400(const Net& n, Value x, int64_t classes, const DropoutOptions& options) {
  const double p = options.dropout;
  x = Relu(n / "relu1", Dropout(n / "drop1", Linear(n / "fc1", x, 400), p));
  x = Relu(n / "relu2", Dropout(n / "drop2", Linear(n / "fc2", x, 400), p));
  return Linear(n / "fc3", x, classes);
}

}  // namespace lockstep::graph

// SPDX-License-Identifier: Apache-2.0
// LeNet-5 (LeCun, Bottou, Bengio and Haffner, 1998) in the form commonly taught: plain average
// pooling, full connectivity in the third layer, linear output. 61,706 parameters for 10 classes.
// Images of 28x28 are padded by 2 in the first layer, which is the paper's 32x32 input.
#include "graph/models/families.h"
#include "graph/nn/layers.h"

namespace lockstep::graph {

Value LeNet5(const Net& n, Value x, int64_t classes, const LeNetOptions& options) {
  const auto activate = [&](const Net& at, Value v) {
    return options.activation == "relu" ? Relu(at, v) : Tanh(at, v);
  };
  const auto pool = [&](const Net& at, Value v) {
    return options.pool == "max" ? MaxPool(at, v) : AvgPool(at, v);
  };
  const int64_t padding = n.TypeOf(x).shape[1] <= 28 ? 2 : 0;
  x = activate(n / "act1", Conv(n / "conv1", x, {.out = 6, .kernel = 5, .padding = padding}));
  x = pool(n / "pool1", x);
  x = activate(n / "act2", Conv(n / "conv2", x, {.out = 16, .kernel = 5}));
  x = pool(n / "pool2", x);
  x = activate(n / "act3", Linear(n / "fc1", x, 120));
  x = activate(n / "act4", Linear(n / "fc2", x, 84));
  return Linear(n / "fc3", x, classes);
}

}  // namespace lockstep::graph

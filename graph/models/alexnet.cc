// SPDX-License-Identifier: Apache-2.0
// AlexNet in the form of Krizhevsky, "One weird trick for parallelizing convolutional neural
// networks", 2014: one column, no local response normalisation. Names and order are torchvision's.
#include <string>

#include "graph/models/families.h"
#include "graph/nn/layers.h"

namespace lockstep::graph {

Value AlexNet(const Net& n, Value x, int64_t classes, const DropoutOptions& options) {
  const double p = options.dropout;
  const PoolSpec pool = {.kernel = 3, .stride = 2};
  int i = 0;  // position in the sequence, which is the name
  const auto conv = [&](const ConvSpec& spec) {
    const Net at = n / "features" / std::to_string(i);
    x = Relu(at, Conv(at, x, spec));
    i += 2;
  };
  const auto max_pool = [&] { x = MaxPool(n / "features" / std::to_string(i++), x, pool); };
  conv({.out = 64, .kernel = 11, .stride = 4, .padding = 2});
  max_pool();
  conv({.out = 192, .kernel = 5, .padding = 2});
  max_pool();
  conv({.out = 384, .kernel = 3, .padding = 1});
  conv({.out = 256, .kernel = 3, .padding = 1});
  conv({.out = 256, .kernel = 3, .padding = 1});
  max_pool();
  x = AdaptiveAvgPool(n / "avgpool", x, 6);
  const Net head = n / "classifier";
  x = Dropout(head / "0", x, p);
  x = Relu(head / "2", Linear(head / "1", x, 4096));
  x = Dropout(head / "3", x, p);
  x = Relu(head / "5", Linear(head / "4", x, 4096));
  return Linear(head / "6", x, classes);
}

}  // namespace lockstep::graph

// SPDX-License-Identifier: Apache-2.0
// Small convolution nets: blocks of convolution, batch norm, ReLU and max pooling before one linear
// layer, and one net with channel dropout in place of the norms.
#include <string>

#include "graph/models/families.h"
#include "graph/nn/layers.h"

namespace lockstep::graph {
namespace {

Value Blocks(const Net& n, Value x, std::initializer_list<int64_t> widths) {
  int i = 0;
  for (int64_t width : widths) {
    const Net block = n / ("block" + std::to_string(++i));
    x = Conv(block / "conv", x, {.out = width, .kernel = 3, .padding = 1});
    x = Relu(block / "relu", BatchNorm(block / "bn", x));
    x = MaxPool(block / "pool", x);
  }
  return x;
}

}  // namespace

Value ConvNetBn(const Net& n, Value x, int64_t classes, const ConvNetBnOptions& options) {
  x = Blocks(n, x, {8, 16});
  x = Dropout(n / "drop", x, options.dropout);
  return Linear(n / "fc", x, classes);
}

Value SimpleCnn(const Net& n, Value x, int64_t classes, const NoAttrs&) {
  x = Blocks(n, x, {32, 64, 128});
  return Linear(n / "fc", GlobalAvgPool(n / "pool", x), classes);
}

// 156,074 parameters for 10 classes; the option sets the dropout of channels and of the head alike.
Value MyCnn(const Net& n, Value x, int64_t classes, const MyCnnOptions& options) {
  const double channels = options.dropout < 0 ? 0.2 : options.dropout;
  const double head = options.dropout < 0 ? 0.5 : options.dropout;
  int i = 0;
  for (int64_t width : {16, 32, 64}) {
    const Net block = n / ("block" + std::to_string(++i));
    x = Conv(block / "conv", x, {.out = width, .kernel = 3, .padding = 1});
    x = Relu(block / "relu", MaxPool(block / "pool", x));
    x = Dropout2d(block / "drop", x, channels);
  }
  x = Relu(n / "relu", Linear(n / "fc1", x, 128));
  return Linear(n / "fc2", Dropout(n / "drop", x, head), classes);
}

}  // namespace lockstep::graph

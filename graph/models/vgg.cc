// SPDX-License-Identifier: Apache-2.0
// VGG (Simonyan and Zisserman, "Very deep convolutional networks for large-scale image
// recognition", 2014), configurations A, B, D and E, and the same with batch norm. Names, order and
// first values are torchvision's.
#include <array>
#include <string>

#include "graph/models/families.h"
#include "graph/nn/layers.h"

namespace lockstep::graph {
namespace {

using Convolutions = std::array<int, 5>;  // of each stage

Value Vgg(const Net& n, Value x, int64_t classes, const DropoutOptions& options,
          const Convolutions& convolutions, bool batch_norm) {
  const std::array<int64_t, 5> widths = {64, 128, 256, 512, 512};
  int i = 0;  // position in the sequence, which is the name
  const auto next = [&] { return n / "features" / std::to_string(i++); };
  for (size_t stage = 0; stage < widths.size(); ++stage) {
    const LayerInit init = {HeNormalFanOut(widths[stage], 3), Constant(0.0)};
    for (int k = 0; k < convolutions[stage]; ++k) {
      x = Conv(next(), x, {.out = widths[stage], .kernel = 3, .padding = 1, .init = init});
      if (batch_norm) x = BatchNorm(next(), x);
      x = Relu(next(), x);
    }
    x = MaxPool(next(), x);
  }
  x = AdaptiveAvgPool(n / "avgpool", x, 7);
  const double p = options.dropout;
  const LayerInit init = {Normal(0.01), Constant(0.0)};
  const Net head = n / "classifier";
  x = Relu(head / "1", Linear(head / "0", x, 4096, init));
  x = Dropout(head / "2", x, p);
  x = Relu(head / "4", Linear(head / "3", x, 4096, init));
  x = Dropout(head / "5", x, p);
  return Linear(head / "6", x, classes, init);
}

constexpr Convolutions kA = {1, 1, 2, 2, 2}, kB = {2, 2, 2, 2, 2}, kD = {2, 2, 3, 3, 3},
                       kE = {2, 2, 4, 4, 4};

}  // namespace

Value Vgg11(const Net& n, Value x, int64_t classes, const DropoutOptions& options) {
  return Vgg(n, x, classes, options, kA, false);
}
Value Vgg13(const Net& n, Value x, int64_t classes, const DropoutOptions& options) {
  return Vgg(n, x, classes, options, kB, false);
}
Value Vgg16(const Net& n, Value x, int64_t classes, const DropoutOptions& options) {
  return Vgg(n, x, classes, options, kD, false);
}
Value Vgg19(const Net& n, Value x, int64_t classes, const DropoutOptions& options) {
  return Vgg(n, x, classes, options, kE, false);
}
Value Vgg11Bn(const Net& n, Value x, int64_t classes, const DropoutOptions& options) {
  return Vgg(n, x, classes, options, kA, true);
}
Value Vgg13Bn(const Net& n, Value x, int64_t classes, const DropoutOptions& options) {
  return Vgg(n, x, classes, options, kB, true);
}
Value Vgg16Bn(const Net& n, Value x, int64_t classes, const DropoutOptions& options) {
  return Vgg(n, x, classes, options, kD, true);
}
Value Vgg19Bn(const Net& n, Value x, int64_t classes, const DropoutOptions& options) {
  return Vgg(n, x, classes, options, kE, true);
}

}  // namespace lockstep::graph

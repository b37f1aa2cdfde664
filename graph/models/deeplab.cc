// SPDX-License-Identifier: Apache-2.0
// DeepLabV3 (Chen, Papandreou, Schroff and Adam, 2017): a dilated residual network, whose last
// stage is seen through windows of several dilations and as a whole (the atrous spatial pyramid).
// Names, order and first values are torchvision's.
#include <string>
#include <vector>

#include "graph/models/families.h"
#include "graph/nn/layers.h"

namespace lockstep::graph {
namespace {

constexpr int64_t kWidth = 256;

// A convolution without bias, `first` its number in the scope, then a norm and a ReLU.
Value ConvNormRelu(const Net& n, int first, Value x, int64_t kernel, int64_t dilation) {
  x = Conv(n / std::to_string(first), x,
           {.out = kWidth,
            .kernel = kernel,
            .padding = dilation * (kernel - 1) / 2,
            .dilation = dilation,
            .bias = false});
  return Relu(n / std::to_string(first + 2), BatchNorm(n / std::to_string(first + 1), x));
}

Value Pyramid(const Net& n, Value x, double dropout) {
  if (!n.ok()) return {};
  const Shape shape = n.TypeOf(x).shape;
  const Net convs = n / "convs";
  std::vector<Value> parts = {ConvNormRelu(convs / "0", 0, x, 1, 1)};
  for (const int64_t rate : {12, 24, 36}) {
    parts.push_back(ConvNormRelu(convs / std::to_string(parts.size()), 0, x, 3, rate));
  }
  const Net whole = convs / "4";
  Value mean = ConvNormRelu(whole, 1, GlobalAvgPool(whole / "0", x), 1, 1);
  parts.push_back(Resize(whole / "resize", mean, {.height = shape[1], .width = shape[2]}));
  x = ConvNormRelu(n / "project", 0, Concat(n / "concat", parts), 1, 1);
  return Dropout(n / "project" / "3", x, dropout);
}

}  // namespace

Values DeepLabV3ResNet50(const Net& n, Value x, int64_t classes, const SegmenterOptions& options) {
  const ResNetStages stages = ResNetBackbone(n / "backbone", x, 50, {}, true);
  const Net head = n / "classifier";
  Value out = Pyramid(head / "0", stages[3], options.dropout < 0 ? 0.5 : options.dropout);
  out = Conv(head / "4", ConvNormRelu(head, 1, out, 3, 1), {.out = classes});
  return WithAuxiliary(n, x, out, stages[2], classes, options);
}

}  // namespace lockstep::graph

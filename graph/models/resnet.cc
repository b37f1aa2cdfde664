// SPDX-License-Identifier: Apache-2.0
// Residual networks (He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015)
// with the stride of a bottleneck at its 3x3 convolution. Names, order and first values are
// torchvision's. The stem "cifar" is a 3x3 convolution without stride and no pooling, for images of
// 32x32; zero_init_residual is of Goyal et al., 2017.
#include <array>
#include <string>

#include "graph/models/families.h"
#include "graph/nn/layers.h"

namespace lockstep::graph {
namespace {

// Convolution `number` of a block and the norm behind it; gamma is the norm's first scale.
Value ConvBn(const Net& n, const std::string& number, Value x, ConvSpec spec, double gamma = 1.0) {
  spec.bias = false;
  spec.init.weight = HeNormalFanOut(spec.out, spec.kernel);
  return BatchNorm(n / ("bn" + number), Conv(n / ("conv" + number), x, spec), {.gamma = gamma});
}

// x, or its projection where the block changes the shape.
Value Shortcut(const Net& n, Value x, int64_t out, int64_t stride) {
  if (!n.ok() || (stride == 1 && n.TypeOf(x).shape[3] == out)) return x;
  const LayerInit init = {HeNormalFanOut(out, 1), {}};
  x = Conv(n / "0", x, {.out = out, .stride = stride, .bias = false, .init = init});
  return BatchNorm(n / "1", x);
}

// One block: 3x3, 3x3 to `width` channels.
Value BasicBlock(const Net& n, Value x, int64_t width, int64_t stride, double last_gamma) {
  Value y = ConvBn(n, "1", x, {.out = width, .kernel = 3, .stride = stride, .padding = 1});
  y = Relu(n / "relu1", y);
  y = ConvBn(n, "2", y, {.out = width, .kernel = 3, .padding = 1}, last_gamma);
  return Relu(n / "relu", Add(n / "add", y, Shortcut(n / "downsample", x, width, stride)));
}

// 1x1, 3x3, 1x1 to 4 width channels.
Value Bottleneck(const Net& n, Value x, int64_t width, int64_t stride, double last_gamma) {
  Value y = Relu(n / "relu1", ConvBn(n, "1", x, {.out = width}));
  y = ConvBn(n, "2", y, {.out = width, .kernel = 3, .stride = stride, .padding = 1});
  y = Relu(n / "relu2", y);
  y = ConvBn(n, "3", y, {.out = 4 * width}, last_gamma);
  return Relu(n / "relu", Add(n / "add", y, Shortcut(n / "downsample", x, 4 * width, stride)));
}

Value Stem(const Net& n, Value x, const ResNetOptions& options) {
  if (options.stem == "cifar") {
    return Relu(n / "relu", ConvBn(n, "1", x, {.out = 64, .kernel = 3, .padding = 1}));
  }
  x = ConvBn(n, "1", x, {.out = 64, .kernel = 7, .stride = 2, .padding = 3});
  return MaxPool(n / "maxpool", Relu(n / "relu", x), {.kernel = 3, .stride = 2, .padding = 1});
}

Value ResNet(const Net& n, Value x, int64_t classes, const ResNetOptions& options,
             decltype(BasicBlock)* block, const std::array<int, 4>& blocks) {
  const double last_gamma = options.zero_init_residual ? 0.0 : 1.0;
  x = Stem(n, x, options);
  int64_t width = 64;
  for (size_t stage = 0; stage < blocks.size(); ++stage, width *= 2) {
    const Net layer = n / ("layer" + std::to_string(stage + 1));
    for (int i = 0; i < blocks[stage]; ++i) {
      const int64_t stride = i == 0 && stage > 0 ? 2 : 1;
      x = block(layer / std::to_string(i), x, width, stride, last_gamma);
    }
  }
  return Linear(n / "fc", GlobalAvgPool(n / "avgpool", x), classes);
}

}  // namespace

Value ResNet18(const Net& n, Value x, int64_t classes, const ResNetOptions& options) {
  return ResNet(n, x, classes, options, BasicBlock, {2, 2, 2, 2});
}
Value ResNet34(const Net& n, Value x, int64_t classes, const ResNetOptions& options) {
  return ResNet(n, x, classes, options, BasicBlock, {3, 4, 6, 3});
}
Value ResNet50(const Net& n, Value x, int64_t classes, const ResNetOptions& options) {
  return ResNet(n, x, classes, options, Bottleneck, {3, 4, 6, 3});
}
Value ResNet101(const Net& n, Value x, int64_t classes, const ResNetOptions& options) {
  return ResNet(n, x, classes, options, Bottleneck, {3, 4, 23, 3});
}
Value ResNet152(const Net& n, Value x, int64_t classes, const ResNetOptions& options) {
  return ResNet(n, x, classes, options, Bottleneck, {3, 8, 36, 3});
}

}  // namespace lockstep::graph

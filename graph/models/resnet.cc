// SPDX-License-Identifier: Apache-2.0
// Residual networks (He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015)
// with the stride of a bottleneck at its 3x3 convolution. Names, order and first values are
// torchvision's. The stem "cifar" is a 3x3 convolution without stride and no pooling, for images of
// 32x32; zero_init_residual is of Goyal et al., 2017. Segmenters take the stages before the last
// layer, with dilated windows in place of strides (Yu and Koltun, 2016).
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

struct BlockSpec {
  int64_t width = 64, stride = 1, dilation = 1;
  double last_gamma = 1.0;  // first scale of its last norm
};

// One block: 3x3, 3x3 to `width` channels. It is never dilated.
Value BasicBlock(const Net& n, Value x, const BlockSpec& s) {
  Value y = ConvBn(n, "1", x, {.out = s.width, .kernel = 3, .stride = s.stride, .padding = 1});
  y = Relu(n / "relu1", y);
  y = ConvBn(n, "2", y, {.out = s.width, .kernel = 3, .padding = 1}, s.last_gamma);
  return Relu(n / "relu", Add(n / "add", y, Shortcut(n / "downsample", x, s.width, s.stride)));
}

// 1x1, 3x3, 1x1 to 4 width channels.
Value Bottleneck(const Net& n, Value x, const BlockSpec& s) {
  Value y = Relu(n / "relu1", ConvBn(n, "1", x, {.out = s.width}));
  y = ConvBn(n, "2", y,
             {.out = s.width,
              .kernel = 3,
              .stride = s.stride,
              .padding = s.dilation,
              .dilation = s.dilation});
  y = Relu(n / "relu2", y);
  y = ConvBn(n, "3", y, {.out = 4 * s.width}, s.last_gamma);
  return Relu(n / "relu", Add(n / "add", y, Shortcut(n / "downsample", x, 4 * s.width, s.stride)));
}

Value Stem(const Net& n, Value x, const ResNetOptions& options) {
  if (options.stem == "cifar") {
    return Relu(n / "relu", ConvBn(n, "1", x, {.out = 64, .kernel = 3, .padding = 1}));
  }
  x = ConvBn(n, "1", x, {.out = 64, .kernel = 7, .stride = 2, .padding = 3});
  return MaxPool(n / "maxpool", Relu(n / "relu", x), {.kernel = 3, .stride = 2, .padding = 1});
}

struct ResNetSpec {
  decltype(BasicBlock)* block;
  std::array<int, 4> blocks;        // of each stage
  std::array<bool, 4> dilate = {};  // a stage whose stride becomes a dilation
};

// What the four stages give. The first block of a dilated stage has the dilation of the stage
// before it, as in torchvision.
ResNetStages Stages(const Net& n, Value x, const ResNetOptions& options, const ResNetSpec& spec) {
  ResNetStages found;
  BlockSpec s = {.last_gamma = options.zero_init_residual ? 0.0 : 1.0};
  x = Stem(n, x, options);
  for (size_t stage = 0; stage < spec.blocks.size(); ++stage, s.width *= 2) {
    const Net layer = n / ("layer" + std::to_string(stage + 1));
    const bool halves = stage > 0 && !spec.dilate[stage];
    for (int i = 0; i < spec.blocks[stage]; ++i) {
      s.stride = i == 0 && halves ? 2 : 1;
      if (i == 1 && spec.dilate[stage]) s.dilation *= 2;
      x = spec.block(layer / std::to_string(i), x, s);
    }
    found[stage] = x;
  }
  return found;
}

ResNetSpec SpecOf(int64_t depth) {
  switch (depth) {
    case 18:
      return {BasicBlock, {2, 2, 2, 2}};
    case 34:
      return {BasicBlock, {3, 4, 6, 3}};
    case 50:
      return {Bottleneck, {3, 4, 6, 3}};
    case 101:
      return {Bottleneck, {3, 4, 23, 3}};
    default:
      return {Bottleneck, {3, 8, 36, 3}};
  }
}

Value ResNet(const Net& n, Value x, int64_t classes, const ResNetOptions& options, int64_t depth) {
  const ResNetStages stages = Stages(n, x, options, SpecOf(depth));
  return Linear(n / "fc", GlobalAvgPool(n / "avgpool", stages[3]), classes);
}

}  // namespace

Values ResNetLocalise(const Net& n, Value x, int64_t classes, int64_t depth,
                      const ResNetOptions& options) {
  const ResNetStages stages = Stages(n, x, options, SpecOf(depth));
  const Value features = GlobalAvgPool(n / "avgpool", stages[3]);
  const Value logits = Linear(n / "fc", features, classes);
  const Value box = Linear(n / "box", features, 4);
  return {{std::string(kOut), logits}, {"box", box}};
}

ResNetStages ResNetBackbone(const Net& n, Value x, int64_t depth, const ResNetOptions& options,
                            bool dilated) {
  ResNetSpec spec = SpecOf(depth);
  if (dilated) spec.dilate = {false, false, true, true};
  return Stages(n, x, options, spec);
}

Value ResNet18(const Net& n, Value x, int64_t classes, const ResNetOptions& options) {
  return ResNet(n, x, classes, options, 18);
}
Value ResNet34(const Net& n, Value x, int64_t classes, const ResNetOptions& options) {
  return ResNet(n, x, classes, options, 34);
}
Value ResNet50(const Net& n, Value x, int64_t classes, const ResNetOptions& options) {
  return ResNet(n, x, classes, options, 50);
}
Value ResNet101(const Net& n, Value x, int64_t classes, const ResNetOptions& options) {
  return ResNet(n, x, classes, options, 101);
}
Value ResNet152(const Net& n, Value x, int64_t classes, const ResNetOptions& options) {
  return ResNet(n, x, classes, options, 152);
}

}  // namespace lockstep::graph

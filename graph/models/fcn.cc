// SPDX-License-Identifier: Apache-2.0
// Fully convolutional networks (Long, Shelhamer and Darrell, 2015) in torchvision's form: a dilated
// residual network whose last stage a small head turns into logits, which are resized to the image.
// Names, order and first values are torchvision's.
#include "graph/models/families.h"
#include "graph/nn/layers.h"
#include "ops/math/fill/fill.h"

namespace lockstep::graph {
namespace {

// Logits as large as the images.
Value ToSizeOf(const Net& n, Value image, Value logits) {
  if (!n.ok()) return {};
  const Shape& shape = n.TypeOf(image).shape;
  return Resize(n, logits, {.height = shape[1], .width = shape[2]});
}

Values Fcn(const Net& n, Value x, int64_t classes, const SegmenterOptions& options, int64_t depth) {
  const ResNetStages stages = ResNetBackbone(n / "backbone", x, depth, {}, true);
  const double dropout = options.dropout < 0 ? 0.1 : options.dropout;
  const Value out = FcnHead(n / "classifier", stages[3], classes, dropout);
  return WithAuxiliary(n, x, out, stages[2], classes, options);
}

}  // namespace

Value FcnHead(const Net& n, Value x, int64_t classes, double dropout) {
  if (!n.ok()) return {};
  const int64_t width = n.TypeOf(x).shape[3] / 4;
  x = Conv(n / "0", x, {.out = width, .kernel = 3, .padding = 1, .bias = false});
  x = Relu(n / "2", BatchNorm(n / "1", x));
  return Conv(n / "4", Dropout(n / "3", x, dropout), {.out = classes});
}

Values WithAuxiliary(const Net& n, Value image, Value out, Value layer3, int64_t classes,
                     const SegmenterOptions& options) {
  const std::string name(kOut);
  const Value logits = ToSizeOf(n / "resize", image, out);
  if (!n.training() || options.aux_weight == 0.0) return {{name, logits}};
  const double dropout = options.dropout < 0 ? 0.1 : options.dropout;
  const Value aux = FcnHead(n / "aux_classifier", layer3, classes, dropout);
  if (!n.ok()) return {};
  const Net scope = n / "aux_classifier";
  const Value weight = ops::Fill(scope.Emit(), options.aux_weight, {DType::kFloat64, {}});
  return {{name, logits}, {"aux", ToSizeOf(scope / "resize", image, aux)}, {"aux_weight", weight}};
}

Values FcnResNet50(const Net& n, Value x, int64_t classes, const SegmenterOptions& options) {
  return Fcn(n, x, classes, options, 50);
}
Values FcnResNet101(const Net& n, Value x, int64_t classes, const SegmenterOptions& options) {
  return Fcn(n, x, classes, options, 101);
}

}  // namespace lockstep::graph

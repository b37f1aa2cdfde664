// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy.h"

#include <algorithm>

#include "base/options/option.h"
#include "ops/core/expect.h"
#include "ops/core/mask_target.h"
#include "ops/core/registry.h"
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy_cpu.h"

namespace lockstep::ops {

PixelCrossEntropyOut PixelCrossEntropy(Emitter* e, Value logits, Value mask,
                                       const PixelCrossEntropyAttrs& attrs) {
  const Value in[] = {logits, mask};
  const std::vector<Value> out = e->Emit("pixel_cross_entropy", Pack(attrs), in);
  return {out[0], out[1], out[2]};
}

namespace pixel_cross_entropy {
namespace {

// What a recipe says of it.
struct Options {
  std::vector<double> class_weights = {1.0};

  template <typename V>
  void Visit(V&& v) {
    v("class_weights", class_weights,
      Says("weight of each class in training, in the order of classes; one number: of all")
          .Within(kNotNegative)
          .Length(1, 65535));
  }
};

struct FocalOptions {
  double gamma = 2.0;
  double alpha = 0.25;
  std::vector<double> class_weights = {1.0};

  template <typename V>
  void Visit(V&& v) {
    v("gamma", gamma,
      Says("how much pixels that are nearly right count less; 0: cross-entropy")
          .Within(kNotNegative));
    v("alpha", alpha, Says("factor of the whole loss").Within(kPositive));
    v("class_weights", class_weights,
      Says("weight of each class in training, in the order of classes; one number: of all")
          .Within(kNotNegative)
          .Length(1, 65535));
  }
};

Status ExpectPixels(const PixelCrossEntropyAttrs& a, std::span<const TensorType> in,
                    std::string_view name) {
  RETURN_IF_ERROR(CheckOptions(FocalOptions{a.gamma, a.alpha, a.class_weights}, "loss"));
  RETURN_IF_ERROR(ExpectMaskOf(in, name));
  const int64_t classes = in[0].shape[3], weights = static_cast<int64_t>(a.class_weights.size());
  if (weights == 1 || weights == classes) return OkStatus();
  return InvalidArgument("loss.class_weights has " + std::to_string(weights) +
                         " numbers; expected one for each of the model's " +
                         std::to_string(classes) + " classes, or one for all");
}

Result<TensorTypes> Infer(const PixelCrossEntropyAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectPixels(attrs, in, "logits"));
  return TensorTypes{{DType::kFloat64, {}}, {DType::kFloat64, {}}, in[0]};
}

std::vector<Value> Grad(const PixelCrossEntropyAttrs& attrs, const GradArgs& g) {
  return {g.emit->Emit1("pixel_cross_entropy_grad", Pack(attrs), {g.out[2], g.in[1], g.dout[0]}),
          Value()};
}

// (probabilities, mask, dnumerator) -> dlogits.
Result<TensorTypes> InferGrad(const PixelCrossEntropyAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 3));
  RETURN_IF_ERROR(ExpectPixels(attrs, in, "probabilities"));
  RETURN_IF_ERROR(ExpectScalar(in[2], DType::kFloat64, "dnumerator"));
  return TensorTypes{in[0]};
}

// About 20 operations an exponential, 4 beside it.
Cost ForwardCost(const PixelCrossEntropyAttrs&, const NodeSpec& node) {
  return {24 * node.in[0].shape.elements(), BytesMoved(node)};
}

Cost GradCost(const PixelCrossEntropyAttrs&, const NodeSpec& node) {
  return {3 * node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeGradSample(std::string name, const PixelCrossEntropyAttrs& attrs, const Shape& p) {
  Sample sample = MaskSample(std::move(name), attrs, p);
  sample.in[0].fill = Fill::kPositive;
  sample.in.push_back({{DType::kFloat64, {}}});
  return sample;
}

PixelCrossEntropyAttrs Attrs(double gamma = 0.0, double alpha = 1.0,
                             std::vector<double> weights = {1.0}) {
  return {.gamma = gamma, .alpha = alpha, .class_weights = std::move(weights)};
}

// Evaluation has no weights of classes.
LossPair BuildFocal(Emitter* e, Value logits, Value mask, const FocalOptions& options,
                    bool training) {
  if (!logits.valid()) return {};
  PixelCrossEntropyAttrs attrs = Attrs(options.gamma, options.alpha);
  if (training) attrs.class_weights = options.class_weights;
  attrs.ignore = IgnoreOf(e->TypeOf(logits).shape);
  const PixelCrossEntropyOut out = PixelCrossEntropy(e, logits, mask, attrs);
  return {out.numerator, out.denominator};
}

LossPair Build(Emitter* e, Value logits, Value mask, const Options& options, bool training) {
  return BuildFocal(e, logits, mask, {0.0, 1.0, options.class_weights}, training);
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<PixelCrossEntropyAttrs>(
      {.name = "pixel_cross_entropy",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .reference_workspace = Workspace,
       .grad = Grad,
       .detached_outputs = {1, 2},
       .may_alias = {{0, 2}},
       .cost = ForwardCost,
       .samples = {MaskSample("plain", Attrs(), {2, 3, 4, 5}),
                   MaskSample("weights", Attrs(0.0, 1.0, {0.5, 2.0, 0.0}), {1, 5, 3, 3}),
                   MaskSample("focal", Attrs(2.0, 0.25), {2, 3, 3, 4}),
                   MaskSample("focal_weights", Attrs(1.5, 0.5, {1.0, 3.0}), {1, 4, 5, 2}),
                   MaskSample("wide", Attrs(), {1, 3, 2, 37}),
                   MaskSample("no_rows", Attrs(), {0, 4, 4, 3})}});
  registry.Add<PixelCrossEntropyAttrs>(
      {.name = "pixel_cross_entropy_grad",
       .infer = InferGrad,
       .reference_f32 = ReferenceGrad<float>,
       .reference_f64 = ReferenceGrad<double>,
       .may_alias = {{0, 0}},
       .cost = GradCost,
       .samples = {MakeGradSample("plain", {}, {2, 3, 4, 5}),
                   MakeGradSample("weights", Attrs(0.0, 1.0, {0.5, 2.0, 0.0}), {1, 5, 3, 3}),
                   MakeGradSample("focal", Attrs(2.0, 0.25), {2, 3, 3, 4}),
                   MakeGradSample("no_rows", {}, {0, 4, 4, 3})}});
  registry.AddLoss<Options>(
      {.name = "pixel-cross-entropy",
       .doc = "softmax cross-entropy of each pixel of a mask, without those to ignore",
       .target = kMaskTarget,
       .build = Build});
  registry.AddLoss<FocalOptions>(
      {.name = "focal",
       .doc = "cross-entropy of each pixel, less of those that are nearly right (Lin et al., 2017)",
       .target = kMaskTarget,
       .build = BuildFocal});
}

}  // namespace pixel_cross_entropy
}  // namespace lockstep::ops

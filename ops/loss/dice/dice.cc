// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/dice/dice.h"

#include "base/options/option.h"
#include "ops/core/expect.h"
#include "ops/core/mask_target.h"
#include "ops/core/registry.h"
#include "ops/loss/dice/dice_cpu.h"

namespace lockstep::ops {

DiceOut Dice(Emitter* e, Value logits, Value mask, const DiceAttrs& attrs) {
  const Value in[] = {logits, mask};
  const std::vector<Value> out = e->Emit("dice", Pack(attrs), in);
  return {out[0], out[1], out[2], out[3]};
}

namespace dice {
namespace {

// What a recipe says of it.
struct Options {
  double smooth = 1.0;
  bool squared = false;
  bool background = true;

  template <typename V>
  void Visit(V&& v) {
    v("smooth", smooth,
      Says(
          "what is added above and below the line, in pixels, so that empty classes count as right")
          .Within(kPositive));
    v("squared", squared, Says("squares of the probabilities below the line"));
    v("background", background, Says("class 0 takes part"));
  }
};

Status ExpectPixels(const DiceAttrs& a, std::span<const TensorType> in, std::string_view name) {
  RETURN_IF_ERROR(CheckOptions(Options{.smooth = a.smooth}, "dice"));
  RETURN_IF_ERROR(ExpectMaskOf(in, name));
  if (a.first_class >= 0 && a.first_class < in[0].shape[3]) return OkStatus();
  return InvalidArgument("dice begins with class " + std::to_string(a.first_class) + " of " +
                         std::to_string(in[0].shape[3]) +
                         "; expected one that there is (with a single class, loss.background must "
                         "be true)");
}

Result<TensorTypes> Infer(const DiceAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectPixels(attrs, in, "logits"));
  const TensorType sums = {DType::kFloat64, {in[0].shape[0], in[0].shape[3], 3}};
  RETURN_IF_ERROR(ExpectSize(sums, "sums"));
  return TensorTypes{{DType::kFloat64, {}}, {DType::kFloat64, {}}, in[0], sums};
}

std::vector<Value> Grad(const DiceAttrs& attrs, const GradArgs& g) {
  return {g.emit->Emit1("dice_grad", Pack(attrs), {g.out[2], g.in[1], g.out[3], g.dout[0]}),
          Value()};
}

// (probabilities, mask, sums, dnumerator) -> dlogits.
Result<TensorTypes> InferGrad(const DiceAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 4));
  RETURN_IF_ERROR(ExpectPixels(attrs, in, "probabilities"));
  RETURN_IF_ERROR(ExpectDType(in[2], DType::kFloat64, "sums"));
  RETURN_IF_ERROR(ExpectShape(in[2], {in[0].shape[0], in[0].shape[3], 3}, "sums"));
  RETURN_IF_ERROR(ExpectScalar(in[3], DType::kFloat64, "dnumerator"));
  return TensorTypes{in[0]};
}

// About 20 operations an exponential, 6 beside it.
Cost ForwardCost(const DiceAttrs&, const NodeSpec& node) {
  return {26 * node.in[0].shape.elements(), BytesMoved(node)};
}

Cost GradCost(const DiceAttrs&, const NodeSpec& node) {
  return {8 * node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeGradSample(std::string name, const DiceAttrs& attrs, const Shape& p) {
  Sample sample = MaskSample(std::move(name), attrs, p);
  sample.in[0].fill = Fill::kPositive;
  sample.in.push_back({{DType::kFloat64, {p[0], p[3], 3}}, Fill::kPositive});
  sample.in.push_back({{DType::kFloat64, {}}});
  return sample;
}

LossPair Build(Emitter* e, Value logits, Value mask, const Options& options, bool) {
  if (!logits.valid()) return {};
  const DiceAttrs attrs = {.ignore = IgnoreOf(e->TypeOf(logits).shape),
                           .smooth = options.smooth,
                           .squared = options.squared,
                           .first_class = options.background ? 0 : 1};
  const DiceOut out = Dice(e, logits, mask, attrs);
  return {out.numerator, out.denominator};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<DiceAttrs>(
      {.name = "dice",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .reference_workspace = Workspace,
       .grad = Grad,
       .detached_outputs = {1, 2, 3},
       .may_alias = {{0, 2}},
       .cost = ForwardCost,
       .samples = {
           MaskSample("plain", DiceAttrs{}, {2, 3, 4, 5}),
           MaskSample("squared", DiceAttrs{.squared = true}, {1, 5, 3, 3}),
           MaskSample("foreground", DiceAttrs{.smooth = 1e-5, .first_class = 1}, {2, 3, 3, 4}),
           MaskSample("no_rows", DiceAttrs{}, {0, 4, 4, 3})}});
  registry.Add<DiceAttrs>(
      {.name = "dice_grad",
       .infer = InferGrad,
       .reference_f32 = ReferenceGrad<float>,
       .reference_f64 = ReferenceGrad<double>,
       .reference_workspace = Workspace,
       .cost = GradCost,
       .samples = {MakeGradSample("plain", {}, {2, 3, 4, 5}),
                   MakeGradSample("squared", {.squared = true}, {1, 5, 3, 3}),
                   MakeGradSample("foreground", {.first_class = 1}, {2, 3, 3, 4}),
                   MakeGradSample("no_rows", {}, {0, 4, 4, 3})}});
  registry.AddLoss<Options>(
      {.name = "dice",
       .doc = "1 - mean soft Dice of the classes of an image (Milletari et al., 2016)",
       .target = kMaskTarget,
       .build = Build});
}

}  // namespace dice
}  // namespace lockstep::ops

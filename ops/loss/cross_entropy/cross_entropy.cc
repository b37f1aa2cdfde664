// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/cross_entropy/cross_entropy.h"

#include "ops/core/mask_target.h"
#include "ops/core/registry.h"
#include "ops/loss/cross_entropy/cross_entropy_cpu.h"

namespace lockstep::ops {

CrossEntropyOut CrossEntropy(Emitter* e, Value logits, Value labels, double label_smoothing) {
  const Value in[] = {logits, labels};
  const std::vector<Value> out =
      e->Emit("cross_entropy", Pack(CrossEntropyAttrs{label_smoothing}), in);
  return {out[0], out[1], out[2]};
}

namespace cross_entropy {
namespace {

Status ExpectRows(const CrossEntropyAttrs& attrs, std::span<const TensorType> in,
                  std::string_view name) {
  RETURN_IF_ERROR(CheckOptions(attrs, "cross_entropy"));
  return ExpectClassBesideLogits(in, 2, name, "labels");
}

Result<TensorTypes> Infer(const CrossEntropyAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectRows(attrs, in, "logits"));
  return TensorTypes{{DType::kFloat64, {}}, {DType::kFloat64, {}}, in[0]};
}

std::vector<Value> Grad(const CrossEntropyAttrs& attrs, const GradArgs& g) {
  return {g.emit->Emit1("cross_entropy_grad", Pack(attrs), {g.out[2], g.in[1], g.dout[0]}),
          Value()};
}

// (probabilities, labels, dnumerator) -> dlogits.
Result<TensorTypes> InferGrad(const CrossEntropyAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 3));
  RETURN_IF_ERROR(ExpectRows(attrs, in, "probabilities"));
  RETURN_IF_ERROR(ExpectScalar(in[2], DType::kFloat64, "dnumerator"));
  return TensorTypes{in[0]};
}

// About 20 operations an exponential, 4 beside it.
Cost ForwardCost(const CrossEntropyAttrs&, const NodeSpec& node) {
  return {24 * node.in[0].shape.elements(), BytesMoved(node)};
}

Cost GradCost(const CrossEntropyAttrs&, const NodeSpec& node) {
  return {2 * node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, double smoothing, int64_t rows, int64_t classes) {
  return {std::move(name),
          Pack(CrossEntropyAttrs{smoothing}),
          {{{DType::kFloat32, {rows, classes}}},
           {{DType::kInt32, {rows}}, Fill::kLabels, classes, false}}};
}

Sample MakeGradSample(std::string name, double smoothing, int64_t rows, int64_t classes) {
  Sample sample = MakeSample(std::move(name), smoothing, rows, classes);
  sample.in[0].fill = Fill::kPositive;
  sample.in.push_back({{DType::kFloat64, {}}});
  return sample;
}

// Evaluation has no smoothing.
LossPair Build(Emitter* e, Value logits, Value labels, const CrossEntropyAttrs& options,
               bool training) {
  const CrossEntropyOut out =
      CrossEntropy(e, logits, labels, training ? options.label_smoothing : 0.0);
  return {out.numerator, out.denominator};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<CrossEntropyAttrs>(
      {.name = "cross_entropy",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .reference_workspace = Workspace,
       .grad = Grad,
       .detached_outputs = {1, 2},
       .may_alias = {{0, 2}},
       .cost = ForwardCost,
       .samples = {MakeSample("plain", 0.0, 7, 10), MakeSample("smoothed", 0.1, 5, 3),
                   MakeSample("uniform", 1.0, 3, 4), MakeSample("one_row", 0.0, 1, 5),
                   MakeSample("one_class", 0.0, 2, 1), MakeSample("no_rows", 0.0, 0, 10),
                   MakeSample("tail", 0.2, 3, 37), MakeSample("wide", 0.0, 1, 500)}});
  registry.Add<CrossEntropyAttrs>(
      {.name = "cross_entropy_grad",
       .infer = InferGrad,
       .reference_f32 = ReferenceGrad<float>,
       .reference_f64 = ReferenceGrad<double>,
       .may_alias = {{0, 0}},
       .cost = GradCost,
       .samples = {MakeGradSample("plain", 0.0, 7, 10), MakeGradSample("smoothed", 0.1, 5, 3),
                   MakeGradSample("one_row", 0.0, 1, 5), MakeGradSample("no_rows", 0.0, 0, 10),
                   MakeGradSample("tail", 0.2, 3, 37), MakeGradSample("wide", 0.0, 3, 1000)}});
  registry.AddLoss<CrossEntropyAttrs>({.name = "cross-entropy",
                                       .doc = "softmax cross-entropy of one label an image",
                                       .target = kLabelTarget,
                                       .build = Build});
}

}  // namespace cross_entropy
}  // namespace lockstep::ops

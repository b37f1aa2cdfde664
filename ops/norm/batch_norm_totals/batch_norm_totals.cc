// SPDX-License-Identifier: Apache-2.0
#include "ops/norm/batch_norm_totals/batch_norm_totals.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/norm/batch_norm_totals/batch_norm_totals_cpu.h"

namespace lockstep::ops {

BatchNormTotalsOut BatchNormTotals(Emitter* e, Value mean, Value var, int64_t elements) {
  const Value in[] = {mean, var};
  const std::vector<Value> out =
      e->Emit("batch_norm_totals", Pack(BatchNormTotalsAttrs{elements}), in);
  return {out[0], out[1], out[2]};
}

namespace batch_norm_totals {
namespace {

Result<TensorTypes> Infer(const BatchNormTotalsAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  if (attrs.elements < 0) {
    return InvalidArgument("elements is " + std::to_string(attrs.elements) +
                           "; expected at least 0, the elements a channel of the lane");
  }
  RETURN_IF_ERROR(ExpectFloat(in[0], "mean"));
  RETURN_IF_ERROR(ExpectRank(in[0], 1, "mean"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[1], "mean and var"));
  const TensorType total{DType::kFloat64, in[0].shape};
  RETURN_IF_ERROR(ExpectSize(total, "mean_total"));
  return TensorTypes{{DType::kFloat64, {}}, total, total};
}

// One product an element of mean and var.
Cost TotalsCost(const BatchNormTotalsAttrs&, const NodeSpec& node) {
  return {2 * node.in[0].shape.elements(), BytesMoved(node)};
}

Sample MakeSample(std::string name, int64_t elements, int64_t channels) {
  return {std::move(name),
          Pack(BatchNormTotalsAttrs{elements}),
          {{{DType::kFloat32, {channels}}}, {{DType::kFloat32, {channels}}, Fill::kPositive}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<BatchNormTotalsAttrs>(
      {.name = "batch_norm_totals",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .cost = TotalsCost,
       .samples = {MakeSample("odd", 147, 13), MakeSample("two_elements", 2, 5),
                   MakeSample("one_element", 1, 5), MakeSample("no_elements", 0, 3),
                   MakeSample("one_channel", 6, 1), MakeSample("no_channels", 6, 0)}});
}

}  // namespace batch_norm_totals
}  // namespace lockstep::ops

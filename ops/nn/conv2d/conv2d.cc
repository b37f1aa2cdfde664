// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/conv2d/conv2d.h"

#include <algorithm>

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/nn/conv2d/conv2d_bias.h"
#include "ops/nn/conv2d/conv2d_cpu.h"
#include "ops/nn/conv2d/conv2d_data_grad_add.h"
#include "ops/nn/conv2d/conv2d_geometry.h"

namespace lockstep::ops {

Value Conv2d(Emitter* e, Value x, Value w, const Conv2dAttrs& attrs) {
  return e->Emit1("conv2d", Pack(attrs), {x, w});
}

Value ConvTranspose2d(Emitter* e, Value x, Value w, const Conv2dAttrs& attrs,
                      int64_t output_padding) {
  if (!x.valid() || !w.valid()) return {};
  Conv2dDataGradAttrs transposed = {attrs, 0, 0};
  const Shape &in = e->TypeOf(x).shape, &kernel = e->TypeOf(w).shape;
  if (in.rank() == 4 && kernel.rank() == 4) {  // else the shape rule says what is wrong
    transposed.in_h = (in[1] - 1) * attrs.stride_h - 2 * attrs.padding_h +
                      attrs.dilation_h * (kernel[1] - 1) + 1 + output_padding;
    transposed.in_w = (in[2] - 1) * attrs.stride_w - 2 * attrs.padding_w +
                      attrs.dilation_w * (kernel[2] - 1) + 1 + output_padding;
  }
  return e->Emit1("conv2d_data_grad", Pack(transposed), {x, w});
}

namespace conv2d {
namespace {

// Two tensors of four dimensions and one floating-point type.
Status ExpectPair(std::span<const TensorType> in, std::string_view first, std::string_view second) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(ExpectFloat(in[0], first));
  RETURN_IF_ERROR(ExpectDType(in[1], in[0].dtype, second));
  RETURN_IF_ERROR(ExpectRank(in[0], 4, first));
  return ExpectRank(in[1], 4, second);
}

std::vector<Value> Grad(const Conv2dAttrs& attrs, const GradArgs& g) {
  std::vector<Value> din(2);
  const Shape& x = g.emit->TypeOf(g.in[0]).shape;
  const Shape& w = g.emit->TypeOf(g.in[1]).shape;
  const Conv2dDataGradAttrs data = {attrs, x[1], x[2]};
  const Conv2dWeightGradAttrs weight = {attrs, w[1], w[2]};
  if (g.want[0]) din[0] = g.emit->Emit1("conv2d_data_grad", Pack(data), {g.dout[0], g.in[1]});
  if (g.want[1]) din[1] = g.emit->Emit1("conv2d_weight_grad", Pack(weight), {g.in[0], g.dout[0]});
  return din;
}

// The gradient of a transposed convolution, (dy, w) -> dx, which is linear in both.
std::vector<Value> GradOfDataGrad(const Conv2dDataGradAttrs& attrs, const GradArgs& g) {
  std::vector<Value> din(2);
  const Shape& w = g.emit->TypeOf(g.in[1]).shape;
  const Conv2dWeightGradAttrs weight = {attrs, w[1], w[2]};
  if (g.want[0]) din[0] = Conv2d(g.emit, g.dout[0], g.in[1], attrs);
  if (g.want[1]) din[1] = g.emit->Emit1("conv2d_weight_grad", Pack(weight), {g.dout[0], g.in[0]});
  return din;
}

Cost ForwardCost(const Conv2dAttrs&, const NodeSpec& node) {
  return {2 * ForwardGeometry(node).macs(), BytesMoved(node)};
}

Cost DataGradCost(const Conv2dDataGradAttrs&, const NodeSpec& node) {
  return {2 * DataGradGeometry(node).macs(), BytesMoved(node)};
}

Cost WeightGradCost(const Conv2dWeightGradAttrs&, const NodeSpec& node) {
  return {2 * WeightGradGeometry(node).macs(), BytesMoved(node)};
}

struct Case {
  std::string name;
  Conv2dAttrs attrs;
  Shape x, w;
};

std::vector<Case> Cases() {
  Conv2dAttrs odd;
  odd.stride_h = 3, odd.stride_w = 2, odd.padding_h = 1, odd.padding_w = 2, odd.dilation_w = 2;
  Conv2dAttrs stride2_pad1;
  stride2_pad1.stride_h = stride2_pad1.stride_w = 2;
  stride2_pad1.padding_h = stride2_pad1.padding_w = 1;
  Conv2dAttrs pad2;
  pad2.padding_h = pad2.padding_w = 2;
  Conv2dAttrs wide_pad;  // padding beyond what the kernel needs: outputs that see zeros alone
  wide_pad.padding_h = 3, wide_pad.padding_w = 4;
  Conv2dAttrs stride_over_kernel;  // pixels no window touches
  stride_over_kernel.stride_h = 3, stride_over_kernel.stride_w = 4;
  Conv2dAttrs dilated = pad2;
  dilated.dilation_h = dilated.dilation_w = 2;
  Conv2dAttrs dilated_square = pad2;  // of 3x3, whose other fast kernels are tried
  dilated_square.dilation_h = 3, dilated_square.dilation_w = 2;
  Conv2dAttrs grouped = stride2_pad1;
  grouped.groups = 2;
  Conv2dAttrs depthwise;
  depthwise.padding_h = depthwise.padding_w = 1;
  depthwise.groups = 5;
  Conv2dAttrs pad3;
  pad3.padding_h = pad3.padding_w = 3;
  Conv2dAttrs pad1;
  pad1.padding_h = pad1.padding_w = 1;
  return {{"plain", {}, {2, 6, 5, 3}, {4, 3, 3, 3}},
          {"lenet_first", pad2, {2, 7, 7, 1}, {6, 5, 5, 1}},
          {"odd", odd, {2, 9, 11, 3}, {5, 2, 3, 3}},
          {"stride2_pad1", stride2_pad1, {1, 7, 8, 2}, {9, 3, 3, 2}},
          {"wide_pad", wide_pad, {2, 3, 4, 2}, {3, 2, 3, 2}},
          {"stride_over_kernel", stride_over_kernel, {1, 8, 9, 2}, {3, 2, 2, 2}},
          {"dilated", dilated, {1, 7, 6, 2}, {3, 3, 2, 2}},
          {"dilated_square", dilated_square, {2, 7, 6, 4}, {5, 3, 3, 4}},
          {"grouped", grouped, {2, 5, 6, 4}, {6, 3, 3, 2}},
          {"depthwise", depthwise, {1, 4, 5, 5}, {10, 3, 3, 1}},
          {"pointwise", {}, {3, 2, 3, 5}, {7, 1, 1, 5}},
          {"square_windows", pad1, {2, 5, 6, 4}, {7, 3, 3, 4}},
          {"square_windows_wide_pad", pad3, {1, 3, 2, 2}, {3, 3, 3, 2}},
          {"whole_image", {}, {2, 4, 3, 2}, {3, 4, 3, 2}},
          {"no_rows", pad2, {0, 5, 5, 2}, {3, 3, 3, 2}}};
}

std::vector<Sample> Samples() {
  std::vector<Sample> samples;
  for (const Case& c : Cases()) {
    samples.push_back(
        {c.name, Pack(c.attrs), {{{DType::kFloat32, c.x}}, {{DType::kFloat32, c.w}}}});
  }
  return samples;
}

std::vector<Sample> DataGradSamples() {
  std::vector<Sample> samples;
  for (const Case& c : Cases()) {
    const Shape y = MakeGeometry(c.attrs, c.x, c.w)->y();
    samples.push_back({c.name,
                       Pack(Conv2dDataGradAttrs{c.attrs, c.x[1], c.x[2]}),
                       {{{DType::kFloat32, y}}, {{DType::kFloat32, c.w}}}});
  }
  return samples;
}

std::vector<Sample> WeightGradSamples() {
  std::vector<Sample> samples;
  for (const Case& c : Cases()) {
    const Shape y = MakeGeometry(c.attrs, c.x, c.w)->y();
    samples.push_back({c.name,
                       Pack(Conv2dWeightGradAttrs{c.attrs, c.w[1], c.w[2]}),
                       {{{DType::kFloat32, c.x}}, {{DType::kFloat32, y}}}});
  }
  return samples;
}

}  // namespace

Result<TensorTypes> InferForward(const Conv2dAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectPair(in, "x", "w"));
  ASSIGN_OR_RETURN(const Geometry g, MakeGeometry(attrs, in[0].shape, in[1].shape));
  return TensorTypes{{in[0].dtype, g.y()}};
}

Result<TensorTypes> InferDataGrad(const Conv2dDataGradAttrs& attrs,
                                  std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectPair(in, "dy", "w"));
  const Shape& w = in[1].shape;
  int64_t channels = 0;
  if (__builtin_mul_overflow(w[3], attrs.groups, &channels)) {
    return InvalidArgument("groups is " + std::to_string(attrs.groups) + "; expected fewer, with " +
                           std::to_string(w[3]) + " channels each");
  }
  const Shape x = {in[0].shape[0], attrs.in_h, attrs.in_w, channels};
  ASSIGN_OR_RETURN(const Geometry g, MakeGeometry(attrs, x, w));
  RETURN_IF_ERROR(ExpectShape(in[0], g.y(), "dy"));
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, x}, "dx"));
  return TensorTypes{{in[0].dtype, x}};
}

Result<TensorTypes> InferWeightGrad(const Conv2dWeightGradAttrs& attrs,
                                    std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectPair(in, "x", "dy"));
  const int64_t group_channels = in[0].shape[3] / std::max<int64_t>(1, attrs.groups);
  const Shape w = {in[1].shape[3], attrs.kernel_h, attrs.kernel_w, group_channels};
  ASSIGN_OR_RETURN(const Geometry g, MakeGeometry(attrs, in[0].shape, w));
  RETURN_IF_ERROR(ExpectShape(in[1], g.y(), "dy"));
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, w}, "dw"));
  return TensorTypes{{in[0].dtype, w}};
}

void Register(OpRegistry& registry) {
  registry.Add<Conv2dAttrs>({.name = "conv2d",
                             .infer = InferForward,
                             .reference_f32 = Reference<float>,
                             .reference_f64 = Reference<double>,
                             .reference_workspace = Workspace,
                             .grad = Grad,
                             .cost = ForwardCost,
                             .samples = Samples()});
  registry.Add<Conv2dDataGradAttrs>({.name = "conv2d_data_grad",
                                     .infer = InferDataGrad,
                                     .reference_f32 = ReferenceDataGrad<float>,
                                     .reference_f64 = ReferenceDataGrad<double>,
                                     .reference_workspace = WorkspaceDataGrad,
                                     .grad = GradOfDataGrad,
                                     .cost = DataGradCost,
                                     .samples = DataGradSamples()});
  registry.Add<Conv2dWeightGradAttrs>({.name = "conv2d_weight_grad",
                                       .infer = InferWeightGrad,
                                       .reference_f32 = ReferenceWeightGrad<float>,
                                       .reference_f64 = ReferenceWeightGrad<double>,
                                       .reference_workspace = WorkspaceWeightGrad,
                                       .cost = WeightGradCost,
                                       .samples = WeightGradSamples()});
  RegisterBias(registry);
  RegisterDataGradAdd(registry);
}

}  // namespace conv2d
}  // namespace lockstep::ops

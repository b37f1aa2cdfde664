// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/resize2d/resize2d.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/nn/resize2d/resize2d_cpu.h"

namespace lockstep::ops {

Value Resize2d(Emitter* e, Value x, const Resize2dAttrs& attrs) {
  return e->Emit1("resize2d", Pack(attrs), {x});
}

namespace resize2d {
namespace {

constexpr int64_t kLongestSide = int64_t{1} << 31;  // places stay exact in double and in products

Status CheckAttrs(const Resize2dAttrs& a) {
  if (a.mode != "bilinear" && a.mode != "nearest") {
    return InvalidArgument("mode is '" + a.mode + "'; expected bilinear or nearest");
  }
  if (a.mode == "nearest" && a.align_corners) {
    return InvalidArgument("align_corners is true and mode 'nearest'; it is for bilinear alone");
  }
  for (const int64_t side : {a.out_h, a.out_w}) {
    if (side < 1 || side >= kLongestSide) {
      return InvalidArgument("the result is to be " + std::to_string(a.out_h) + "x" +
                             std::to_string(a.out_w) + "; expected sides from 1 to 2^31 - 1");
    }
  }
  return OkStatus();
}

Status CheckImages(const TensorType& type, std::string_view name) {
  RETURN_IF_ERROR(ExpectFloat(type, name));
  RETURN_IF_ERROR(ExpectRank(type, 4, name));
  for (const int64_t side : {type.shape[1], type.shape[2]}) {
    if (side < 1 || side >= kLongestSide) {
      return InvalidArgument(std::string(name) + " is " + type.ToString() +
                             "; expected images with sides from 1 to 2^31 - 1");
    }
  }
  return OkStatus();
}

Result<TensorTypes> Infer(const Resize2dAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(CheckAttrs(attrs));
  RETURN_IF_ERROR(CheckImages(in[0], "x"));
  const Shape& x = in[0].shape;
  const Shape y = {x[0], attrs.out_h, attrs.out_w, x[3]};
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, y}, "y"));
  return TensorTypes{{in[0].dtype, y}};
}

std::vector<Value> Grad(const Resize2dAttrs& attrs, const GradArgs& g) {
  const Shape& x = g.emit->TypeOf(g.in[0]).shape;
  return {g.emit->Emit1("resize2d_grad", Pack(Resize2dGradAttrs{attrs, x[1], x[2]}), {g.dout[0]})};
}

// dy -> dx.
Result<TensorTypes> InferGrad(const Resize2dGradAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(CheckAttrs(attrs));
  RETURN_IF_ERROR(CheckImages(in[0], "dy"));
  const Shape& y = in[0].shape;
  RETURN_IF_ERROR(ExpectShape(in[0], {y[0], attrs.out_h, attrs.out_w, y[3]}, "dy"));
  const TensorType dx = {in[0].dtype, {y[0], attrs.in_h, attrs.in_w, y[3]}};
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, dx.shape}, "dx"));
  RETURN_IF_ERROR(CheckImages(dx, "dx"));
  return TensorTypes{dx};
}

// Three blends of two products and a sum.
Cost ForwardCost(const Resize2dAttrs&, const NodeSpec& node) {
  return {9 * node.out[0].shape.elements(), BytesMoved(node)};
}

// Each element of dy is read by up to four pixels. The sum of a pixel has as many terms as outputs
// read it.
Cost GradCost(const Resize2dGradAttrs& a, const NodeSpec& node) {
  const int64_t terms = (2 * (a.out_h / a.in_h) + 2) * (2 * (a.out_w / a.in_w) + 2);
  return {2 * terms * node.out[0].shape.elements(), BytesMoved(node)};
}

struct Case {
  const char* name;
  int64_t out_h, out_w;
  const char* mode;
  bool align_corners;
  int64_t n, h, w, c;

  Resize2dAttrs attrs() const { return {out_h, out_w, mode, align_corners}; }
};

constexpr Case kCases[] = {
    {"twice", 6, 8, "bilinear", false, 2, 3, 4, 3},
    {"twice_aligned", 6, 8, "bilinear", true, 2, 3, 4, 3},
    {"twice_nearest", 6, 8, "nearest", false, 2, 3, 4, 3},
    {"odd", 7, 5, "bilinear", false, 1, 4, 3, 2},
    {"odd_aligned", 7, 5, "bilinear", true, 1, 4, 3, 2},
    {"smaller", 3, 4, "bilinear", false, 1, 7, 9, 2},
    {"smaller_aligned", 3, 4, "bilinear", true, 1, 7, 9, 2},
    {"smaller_nearest", 2, 3, "nearest", false, 1, 8, 9, 2},
    {"eight_times", 16, 24, "bilinear", false, 1, 2, 3, 19},
    {"to_one_pixel", 1, 1, "bilinear", true, 2, 3, 2, 2},
    {"of_one_pixel", 3, 2, "bilinear", false, 2, 1, 1, 5},
    {"same", 4, 3, "bilinear", false, 1, 4, 3, 2},
    {"no_rows", 4, 4, "bilinear", false, 0, 2, 2, 3},
};

std::vector<Sample> Samples() {
  std::vector<Sample> samples;
  for (const Case& one : kCases) {
    const Shape x = {one.n, one.h, one.w, one.c};
    samples.push_back({one.name, Pack(one.attrs()), {{{DType::kFloat32, x}}}});
  }
  return samples;
}

std::vector<Sample> GradSamples() {
  std::vector<Sample> samples;
  for (const Case& one : kCases) {
    const Shape y = {one.n, one.out_h, one.out_w, one.c};
    samples.push_back(
        {one.name, Pack(Resize2dGradAttrs{one.attrs(), one.h, one.w}), {{{DType::kFloat32, y}}}});
  }
  return samples;
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<Resize2dAttrs>({.name = "resize2d",
                               .infer = Infer,
                               .reference_f32 = Reference<float>,
                               .reference_f64 = Reference<double>,
                               .reference_workspace = Workspace,
                               .grad = Grad,
                               .cost = ForwardCost,
                               .samples = Samples()});
  registry.Add<Resize2dGradAttrs>({.name = "resize2d_grad",
                                   .infer = InferGrad,
                                   .reference_f32 = ReferenceGrad<float>,
                                   .reference_f64 = ReferenceGrad<double>,
                                   .reference_workspace = WorkspaceGrad,
                                   .cost = GradCost,
                                   .samples = GradSamples()});
}

}  // namespace resize2d
}  // namespace lockstep::ops

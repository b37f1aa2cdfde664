// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/conv2d/conv2d_geometry.h"

#include "ops/core/expect.h"

namespace lockstep::ops::conv2d {
namespace {

Status ExpectDivides(int64_t groups, int64_t count, std::string_view what) {
  if (count % groups == 0) return OkStatus();
  return InvalidArgument("groups is " + std::to_string(groups) + ", which does not divide the " +
                         std::to_string(count) + " channels of " + std::string(what));
}

}  // namespace

bool IsPointwise(const Geometry& g) {
  const auto is = [](const Window& window) {
    return window.kernel == 1 && window.stride == 1 && window.padding == 0;
  };
  return is(g.window_h) && is(g.window_w) && g.groups == 1;
}

Result<Geometry> MakeGeometry(const Conv2dAttrs& attrs, const Shape& x, const Shape& w) {
  if (attrs.groups < 1) {
    return InvalidArgument("groups is " + std::to_string(attrs.groups) + "; expected at least 1");
  }
  Geometry g;
  g.n = x[0], g.h = x[1], g.w = x[2], g.c = x[3];
  g.k = w[0], g.r = w[1], g.s = w[2];
  g.groups = attrs.groups;
  g.window_h = {g.r, attrs.stride_h, attrs.padding_h, attrs.dilation_h};
  g.window_w = {g.s, attrs.stride_w, attrs.padding_w, attrs.dilation_w};
  RETURN_IF_ERROR(ExpectDivides(g.groups, g.c, "x"));
  RETURN_IF_ERROR(ExpectDivides(g.groups, g.k, "y, the rows of w"));
  if (w[3] != g.group_c()) {
    return InvalidArgument("w of shape " + w.ToString() + " takes " + std::to_string(w[3]) +
                           " channels a group; x of shape " + x.ToString() + " in " +
                           std::to_string(g.groups) + " groups has " + std::to_string(g.group_c()));
  }
  ASSIGN_OR_RETURN(g.p, g.window_h.Outputs(g.h, "height"));
  ASSIGN_OR_RETURN(g.q, g.window_w.Outputs(g.w, "width"));
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, {g.padded_h(), g.padded_w(), g.c}}, "padded x"));
  RETURN_IF_ERROR(ExpectSize({DType::kFloat64, g.y()}, "y"));
  RETURN_IF_ERROR(ExpectSize({DType::kUInt8, {g.n, g.p, g.q, g.k, g.r, g.s, g.group_c()}},
                             "the box of products"));
  return g;
}

Geometry DataGradGeometry(const NodeSpec& node) {
  return *MakeGeometry(*Unpack<Conv2dDataGradAttrs>(node.attrs), node.out[0].shape,
                       node.in[1].shape);
}

Geometry WeightGradGeometry(const NodeSpec& node) {
  return *MakeGeometry(*Unpack<Conv2dWeightGradAttrs>(node.attrs), node.in[0].shape,
                       node.out[0].shape);
}

void FillPixelOffsets(const Geometry& g, int64_t* x_row) {
  for (int64_t p = 0; p < g.p; ++p) {
    for (int64_t q = 0; q < g.q; ++q) {
      *x_row++ = (p * g.window_h.stride * g.padded_w() + q * g.window_w.stride) * g.c;
    }
  }
}

void FillTapOffsets(const Geometry& g, int64_t* x_depth) {
  for (int64_t r = 0; r < g.r; ++r) {
    for (int64_t s = 0; s < g.s; ++s) {
      const int64_t pixel = r * g.window_h.dilation * g.padded_w() + s * g.window_w.dilation;
      for (int64_t c = 0; c < g.group_c(); ++c) *x_depth++ = pixel * g.c + c;
    }
  }
}

}  // namespace lockstep::ops::conv2d

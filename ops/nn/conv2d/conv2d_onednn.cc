// SPDX-License-Identifier: Apache-2.0
// A convolution as oneDNN states it: images as N C H W with the strides of N H W C, weights as
// (G) K C R S with the strides of K R S C/groups. Images stay in that layout; weights are reordered
// to what the implementation likes, in forward once for many runs (docs/decisions/0007).
#include "ops/core/activation_onednn.h"
#include "ops/nn/conv2d/conv2d_bias.h"
#include "ops/nn/conv2d/conv2d_gemm_onednn.h"
#include "ops/nn/conv2d/conv2d_geometry.h"

namespace lockstep::ops::conv2d {
namespace {

using dnnl::memory;
using ForwardConv = dnnl::convolution_forward;
using DataGradConv = dnnl::convolution_backward_data;
using WeightGradConv = dnnl::convolution_backward_weights;

constexpr auto kDirect = dnnl::algorithm::convolution_direct;

memory::desc Image(int64_t n, int64_t h, int64_t w, int64_t c) {
  return OnednnTensor({n, c, h, w}, {h * w * c, 1, w * c, c});
}

memory::dims WeightDims(const Geometry& g) {
  if (g.groups == 1) return {g.k, g.c, g.r, g.s};
  return {g.groups, g.group_k(), g.group_c(), g.r, g.s};
}

memory::dims WeightStrides(const Geometry& g) {
  const int64_t c = g.group_c(), row = g.s * c, k = g.r * row;
  if (g.groups == 1) return {k, 1, row, c};
  return {g.group_k() * k, k, 1, row, c};
}

struct Conv {
  memory::desc x, y, bias;  // fixed layouts
  memory::desc w;           // as the weight lies in memory
  memory::desc any_w;       // as the implementation likes it
  memory::dims strides, dilates, padding;

  explicit Conv(const Geometry& g)
      : x(Image(g.n, g.h, g.w, g.c)),
        y(Image(g.n, g.p, g.q, g.k)),
        bias(OnednnTensor({g.k}, {1})),
        w(OnednnTensor(WeightDims(g), WeightStrides(g))),
        any_w(OnednnAnyLayout(WeightDims(g))),
        strides{g.window_h.stride, g.window_w.stride},
        dilates{g.window_h.dilation - 1, g.window_w.dilation - 1},
        padding{g.window_h.padding, g.window_w.padding} {}

  ForwardConv::desc ForwardDesc() const {
    return {dnnl::prop_kind::forward_training,
            kDirect,
            x,
            any_w,
            y,
            strides,
            dilates,
            padding,
            padding};
  }
  ForwardConv::primitive_desc Hint() const { return {ForwardDesc(), OnednnAttr(), OnednnEngine()}; }
};

OnednnProblem ForwardProblem(const NodeSpec& node) {
  const Conv c(ForwardGeometry(node));
  return Forward<ForwardConv>(c.ForwardDesc(), OnednnAttr(),
                              {{DNNL_ARG_SRC, false, 0, c.x},
                               {DNNL_ARG_WEIGHTS, false, 1, c.w},
                               {DNNL_ARG_DST, true, 0, c.y}});
}

OnednnProblem BiasProblem(const NodeSpec& node) {
  const Conv2dBiasAttrs attrs = *Unpack<Conv2dBiasAttrs>(node.attrs);
  const Conv c(ForwardGeometry<Conv2dBiasAttrs>(node));
  const ForwardConv::desc desc(dnnl::prop_kind::forward_training, kDirect, c.x, c.any_w, c.bias,
                               c.y, c.strides, c.dilates, c.padding, c.padding);
  return Forward<ForwardConv>(desc, OnednnAttr(attrs.activation),
                              {{DNNL_ARG_SRC, false, 0, c.x},
                               {DNNL_ARG_WEIGHTS, false, 1, c.w},
                               {DNNL_ARG_BIAS, false, 2, c.bias},
                               {DNNL_ARG_DST, true, 0, c.y}});
}

OnednnProblem DataGradProblem(const NodeSpec& node) {
  const Conv c(DataGradGeometry(node));
  const DataGradConv::desc desc(kDirect, c.x, c.any_w, c.y, c.strides, c.dilates, c.padding,
                                c.padding);
  return Backward<DataGradConv, ForwardConv>(desc, c.Hint(),
                                             {{DNNL_ARG_DIFF_DST, false, 0, c.y},
                                              {DNNL_ARG_WEIGHTS, false, 1, c.w},
                                              {DNNL_ARG_DIFF_SRC, true, 0, c.x}});
}

OnednnProblem WeightGradProblem(const NodeSpec& node) {
  const Conv c(WeightGradGeometry(node));
  const WeightGradConv::desc desc(kDirect, c.x, c.any_w, c.y, c.strides, c.dilates, c.padding,
                                  c.padding);
  return Backward<WeightGradConv, ForwardConv>(desc, c.Hint(),
                                               {{DNNL_ARG_SRC, false, 0, c.x},
                                                {DNNL_ARG_DIFF_DST, false, 1, c.y},
                                                {DNNL_ARG_DIFF_WEIGHTS, true, 0, c.w}});
}

OnednnProblem BiasWeightGradProblem(const NodeSpec& node) {
  const Conv c(WeightGradGeometry(node));
  const WeightGradConv::desc desc(kDirect, c.x, c.any_w, c.bias, c.y, c.strides, c.dilates,
                                  c.padding, c.padding);
  return Backward<WeightGradConv, ForwardConv>(desc, c.Hint(),
                                               {{DNNL_ARG_SRC, false, 0, c.x},
                                                {DNNL_ARG_DIFF_DST, false, 1, c.y},
                                                {DNNL_ARG_DIFF_WEIGHTS, true, 0, c.w},
                                                {DNNL_ARG_DIFF_BIAS, true, 1, c.bias}});
}

}  // namespace

void RegisterOnednn(OpRegistry& registry) {
  RegisterGemm(registry);
  registry.AddKernel("conv2d", OnednnKernel(ForwardProblem));
  registry.AddKernel("conv2d_bias", OnednnKernel(BiasProblem));
  registry.AddKernel("conv2d_data_grad", OnednnKernel(DataGradProblem));
  registry.AddKernel("conv2d_weight_grad", OnednnKernel(WeightGradProblem));
  registry.AddKernel("conv2d_bias_weight_grad", OnednnKernel(BiasWeightGradProblem));
}

}  // namespace lockstep::ops::conv2d

// SPDX-License-Identifier: Apache-2.0
// oneDNN's average pools, slower than our own: for comparison (`lockstep bench step --library`) and
// for the tuner.
#include "ops/core/onednn.h"
#include "ops/nn/avg_pool2d/avg_pool2d.h"

namespace lockstep::ops::avg_pool2d {
namespace {

using Forwards = dnnl::pooling_forward;

dnnl::memory::desc Image(const Shape& s) {
  return OnednnTensor({s[0], s[3], s[1], s[2]}, {s[1] * s[2] * s[3], 1, s[2] * s[3], s[3]});
}

struct Pool {
  dnnl::memory::desc x, y;
  dnnl::algorithm algorithm;
  dnnl::memory::dims strides, kernel, padding;

  Pool(const AvgPool2dAttrs& a, const Shape& of_x, const Shape& of_y)
      : x(Image(of_x)),
        y(Image(of_y)),
        algorithm(a.count_include_pad ? dnnl::algorithm::pooling_avg_include_padding
                                      : dnnl::algorithm::pooling_avg_exclude_padding),
        strides{a.stride_h, a.stride_w},
        kernel{a.kernel_h, a.kernel_w},
        padding{a.padding_h, a.padding_w} {}

  Forwards::desc ForwardDesc() const {
    return {dnnl::prop_kind::forward_training, algorithm, x, y, strides, kernel, padding, padding};
  }
};

OnednnProblem ForwardProblem(const NodeSpec& node) {
  const Pool pool(*Unpack<AvgPool2dAttrs>(node.attrs), node.in[0].shape, node.out[0].shape);
  return Forward<Forwards>(pool.ForwardDesc(), OnednnAttr(),
                           {{DNNL_ARG_SRC, false, 0, pool.x}, {DNNL_ARG_DST, true, 0, pool.y}});
}

OnednnProblem GradProblem(const NodeSpec& node) {
  const Pool pool(*Unpack<AvgPool2dGradAttrs>(node.attrs), node.out[0].shape, node.in[0].shape);
  return Backward<dnnl::pooling_backward, Forwards>(
      {pool.algorithm, pool.x, pool.y, pool.strides, pool.kernel, pool.padding, pool.padding},
      {pool.ForwardDesc(), OnednnAttr(), OnednnEngine()},
      {{DNNL_ARG_DIFF_DST, false, 0, pool.y}, {DNNL_ARG_DIFF_SRC, true, 0, pool.x}});
}

}  // namespace

void RegisterOnednn(OpRegistry& registry) {
  registry.AddKernel("avg_pool2d", OnednnKernel(ForwardProblem, /*known_slower=*/true));
  registry.AddKernel("avg_pool2d_grad", OnednnKernel(GradProblem, /*known_slower=*/true));
}

}  // namespace lockstep::ops::avg_pool2d

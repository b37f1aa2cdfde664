// SPDX-License-Identifier: Apache-2.0
// oneDNN's tanh, slower than our own: for comparison (`lockstep bench step --library`) and for the
// tuner.
#include "ops/core/onednn.h"

namespace lockstep::ops::tanh {
namespace {

// The gradient is told the output, not the input.
constexpr auto kTanh = dnnl::algorithm::eltwise_tanh_use_dst_for_bwd;

using Forwards = dnnl::eltwise_forward;

dnnl::memory::desc Elements(const NodeSpec& node) {
  return OnednnTensor({node.out[0].shape.elements()}, {1});
}

Forwards::desc ForwardDesc(const dnnl::memory::desc& elements) {
  return {dnnl::prop_kind::forward_training, kTanh, elements, 0.0f, 0.0f};
}

OnednnProblem ForwardProblem(const NodeSpec& node) {
  const dnnl::memory::desc elements = Elements(node);
  return Forward<Forwards>(ForwardDesc(elements), OnednnAttr(),
                           {{DNNL_ARG_SRC, false, 0, elements}, {DNNL_ARG_DST, true, 0, elements}});
}

OnednnProblem GradProblem(const NodeSpec& node) {
  const dnnl::memory::desc elements = Elements(node);
  return Backward<dnnl::eltwise_backward, Forwards>(
      {kTanh, elements, elements, 0.0f, 0.0f},
      {ForwardDesc(elements), OnednnAttr(), OnednnEngine()},
      {{DNNL_ARG_DST, false, 0, elements},
       {DNNL_ARG_DIFF_DST, false, 1, elements},
       {DNNL_ARG_DIFF_SRC, true, 0, elements}});
}

}  // namespace

void RegisterOnednn(OpRegistry& registry) {
  registry.AddKernel("tanh", OnednnKernel(ForwardProblem, /*known_slower=*/true));
  registry.AddKernel("tanh_grad", OnednnKernel(GradProblem, /*known_slower=*/true));
}

}  // namespace lockstep::ops::tanh

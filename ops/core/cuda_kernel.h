// SPDX-License-Identifier: Apache-2.0
// Own GPU kernels. An op adds one by defining RegisterCuda in <op>_cuda.cc, which says how a node
// is launched; the bodies stand in <op>_cuda.cu (ops/core/gpu_kernel.h).
//
//   void Plan(const NoAttrs&, const NodeSpec& node, GpuPlan* plan) {
//     const int64_t n = node.out[0].shape.elements();
//     plan->Launch("relu_f32", GridFor(n), In(0), Out(0), n);
//   }
//   void RegisterCuda(OpRegistry& registry) {
//     registry.AddKernel("relu", CudaKernel<NoAttrs>({.plan = Plan}));
//   }
//
// Candidates need no GPU. Making one does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ops/core/gpu_plan.h"
#include "ops/core/op.h"
#include "ops/core/registry.h"

namespace lockstep::ops {

inline constexpr std::string_view kCudaKernel = "cuda";

template <typename A>
struct CudaKernelOf {
  void (*plan)(const A&, const NodeSpec&, GpuPlan*) = nullptr;
  Status (*supports)(const A&, const NodeSpec&) = nullptr;  // null: every float32 node
};

// Whether own GPU kernels may run the node at all: a GPU, float32.
Status CheckCuda(const NodeSpec& node, const DeviceSpec& device);

template <typename A>
class CudaKernelFamily : public KernelFamily {
 public:
  explicit CudaKernelFamily(const CudaKernelOf<A>& of) : of_(of) {}
  std::string_view name() const override { return kCudaKernel; }

  Result<std::vector<Candidate>> Candidates(const NodeSpec& node,
                                            const DeviceSpec& device) const override {
    RETURN_IF_ERROR(CheckCuda(node, device));
    if (of_.supports != nullptr) {
      RETURN_IF_ERROR(of_.supports(*Unpack<A>(node.attrs), node));
    }
    return std::vector<Candidate>{
        {std::string(kCudaKernel), "own", PlanOf(node).workspace_bytes()}};
  }

  Result<std::unique_ptr<Kernel>> Make(const NodeSpec& node, const Candidate&,
                                       Device* device) const override {
    return MakeGpuKernel(node, PlanOf(node), device);
  }

 private:
  GpuPlan PlanOf(const NodeSpec& node) const {
    GpuPlan plan;
    of_.plan(*Unpack<A>(node.attrs), node, &plan);
    return plan;
  }

  const CudaKernelOf<A> of_;
};

template <typename A>
std::shared_ptr<const KernelFamily> CudaKernel(const CudaKernelOf<A>& of) {
  return std::make_shared<CudaKernelFamily<A>>(of);
}

// Plans of ops that treat each element by itself.

// kernel(in 0, ..., in inputs - 1, out 0, n).
template <int32_t kInputs>
void PlanElements(const char* kernel, const NodeSpec& node, GpuPlan* plan) {
  const int64_t n = node.out[0].shape.elements();
  if constexpr (kInputs == 1) {
    plan->Launch(kernel, GridFor(n), In(0), Out(0), n);
  } else {
    plan->Launch(kernel, GridFor(n), In(0), In(1), Out(0), n);
  }
}

}  // namespace lockstep::ops

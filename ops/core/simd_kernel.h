// SPDX-License-Identifier: Apache-2.0
// Own CPU kernels beside the reference: float32 loops compiled for the device's instruction set
// (base/device/for_isa.h) and dealt to the lane's threads (ops/core/parallel.h). An op adds one by
// defining RegisterSimd in <op>_simd.cc:
//
//   void RegisterSimd(OpRegistry& registry) {
//     registry.AddKernel("relu", SimdKernel<NoAttrs>({.run = Forward}));
//   }
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/device/cpu_isa.h"
#include "ops/core/op.h"
#include "ops/core/registry.h"

namespace lockstep::ops {

inline constexpr std::string_view kSimdKernel = "simd";

struct SimdArgs : ReferenceArgs {
  CpuIsa isa = CpuIsa::kBaseline;
  int32_t threads = 1;
};

template <typename A>
struct SimdKernelOf {
  void (*run)(const A&, const SimdArgs&) = nullptr;
  int64_t (*workspace)(const A&, const NodeSpec&) = nullptr;  // bytes; null: none
  Status (*supports)(const A&, const NodeSpec&) = nullptr;    // null: every float32 node
};

// Whether own kernels may run the node at all: a CPU, not held to reference kernels, float32.
Status CheckSimd(const NodeSpec& node, const DeviceSpec& device);

template <typename A>
class SimdKernelFamily : public KernelFamily {
 public:
  explicit SimdKernelFamily(const SimdKernelOf<A>& of) : of_(of) {}
  std::string_view name() const override { return kSimdKernel; }

  Result<std::vector<Candidate>> Candidates(const NodeSpec& node,
                                            const DeviceSpec& device) const override {
    RETURN_IF_ERROR(CheckSimd(node, device));
    const A attrs = *Unpack<A>(node.attrs);
    if (of_.supports != nullptr) RETURN_IF_ERROR(of_.supports(attrs, node));
    const int64_t workspace = of_.workspace == nullptr ? 0 : of_.workspace(attrs, node);
    return std::vector<Candidate>{{std::string(kSimdKernel), device.isa, workspace}};
  }

  Result<std::unique_ptr<Kernel>> Make(const NodeSpec& node, const Candidate&,
                                       Device* device) const override {
    ASSIGN_OR_RETURN(const CpuIsa isa, CpuIsaFromName(device->spec().isa));
    return std::unique_ptr<Kernel>(
        std::make_unique<Made>(of_.run, node, isa, device->spec().threads));
  }

 private:
  class Made : public Kernel {
   public:
    Made(void (*run)(const A&, const SimdArgs&), NodeSpec node, CpuIsa isa, int32_t threads)
        : run_(run),
          node_(std::move(node)),
          attrs_(*Unpack<A>(node_.attrs)),
          isa_(isa),
          threads_(threads) {}
    Status Run(const RunArgs& args, Stream*) const override {
      run_(attrs_, SimdArgs{{node_, args}, isa_, threads_});
      return OkStatus();
    }

   private:
    void (*const run_)(const A&, const SimdArgs&);
    const NodeSpec node_;
    const A attrs_;
    const CpuIsa isa_;
    const int32_t threads_;
  };

  const SimdKernelOf<A> of_;
};

template <typename A>
std::shared_ptr<const KernelFamily> SimdKernel(const SimdKernelOf<A>& of) {
  return std::make_shared<SimdKernelFamily<A>>(of);
}

}  // namespace lockstep::ops

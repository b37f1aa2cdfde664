// SPDX-License-Identifier: Apache-2.0
// Kernels made of one oneDNN primitive. An op's <op>_onednn.cc says which primitive and which of
// its arguments are which inputs and outputs of the node; layouts that differ from row-major
// (blocked weights) are reordered around it, in the kernel's workspace, where the primitives'
// scratchpads are too (a library scratchpad of a shared primitive hangs).
//
// Every implementation that oneDNN offers is a candidate, its name the algorithm ("jit:avx2"), but
// for its reference implementations, which are hundreds of times slower than our own.
#pragma once

#include <dnnl.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ops/core/op.h"
#include "ops/core/registry.h"

namespace lockstep::ops {

inline constexpr std::string_view kOnednnKernel = "onednn";

// An argument of a primitive: DNNL_ARG_..., the node's input or output, and how it lies in memory.
struct OnednnArg {
  int id = 0;
  bool output = false;
  size_t index = 0;
  dnnl::memory::desc plain;
};

struct OnednnProblem {
  dnnl::primitive_desc primitive;  // its first implementation; next_impl() gives the others
  std::vector<OnednnArg> args;
  std::shared_ptr<void> kept;  // what next_impl() reads by bare pointers: the desc and the hint
  bool prepares = true;        // an input that is reordered can be prepared (ops/core/kernel.h)
};

// Whether oneDNN may run the node: CheckSimd must allow it, no input may be empty or an image of
// 2^31 pixels, and the instruction set must be the one oneDNN was started for in this process.
Status CheckOnednn(const NodeSpec& node, const DeviceSpec& device);

// While it lives, oneDNN makes and runs what the calling thread asks for on `threads` threads.
class OnednnThreads {
 public:
  explicit OnednnThreads(int32_t threads);
  ~OnednnThreads();
  OnednnThreads(const OnednnThreads&) = delete;
  OnednnThreads& operator=(const OnednnThreads&) = delete;

 private:
  const int before_;
};

const dnnl::engine& OnednnEngine();

// The attributes with which every primitive here is made: the caller gives the scratchpad.
dnnl::primitive_attr OnednnAttr();

// A forward primitive P (dnnl::matmul, ...).
template <typename P>
OnednnProblem Forward(const typename P::desc& desc, const dnnl::primitive_attr& attr,
                      std::vector<OnednnArg> args) {
  const auto kept = std::make_shared<typename P::desc>(desc);
  return {typename P::primitive_desc(*kept, attr, OnednnEngine()), std::move(args), kept};
}

// A backward primitive P; `hint` is its forward primitive of type F. It prepares nothing: copies
// of weights for forward and backward both would take more memory than they are worth
// (docs/decisions/0007).
template <typename P, typename F>
OnednnProblem Backward(const typename P::desc& desc, const typename F::primitive_desc& hint,
                       std::vector<OnednnArg> args) {
  struct Kept {
    typename P::desc desc;
    typename F::primitive_desc hint;
  };
  const auto kept = std::make_shared<Kept>(Kept{desc, hint});
  return {typename P::primitive_desc(kept->desc, OnednnAttr(), OnednnEngine(), kept->hint),
          std::move(args), kept, /*prepares=*/false};
}

// A tensor of `dims` that lies in memory with `strides`, in elements.
dnnl::memory::desc OnednnTensor(const dnnl::memory::dims& dims, const dnnl::memory::dims& strides);
// A tensor of the same dims, in whatever layout the primitive likes best.
dnnl::memory::desc OnednnAnyLayout(const dnnl::memory::dims& dims);

// `problem` states the primitive for a node; it may throw dnnl::error, which becomes the reason why
// oneDNN cannot run the node. `known_slower` is Candidate's: our own kernel is faster there.
using MakeOnednnProblem = std::function<OnednnProblem(const NodeSpec&)>;
std::shared_ptr<const KernelFamily> OnednnKernel(MakeOnednnProblem problem,
                                                 bool known_slower = false);

}  // namespace lockstep::ops

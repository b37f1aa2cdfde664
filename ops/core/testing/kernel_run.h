// SPDX-License-Identifier: Apache-2.0
// Running kernels on guarded tensors. Every run checks that the kernel wrote nowhere but into its
// outputs and its workspace.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ops/core/op.h"
#include "ops/core/testing/guarded_tensor.h"
#include "ops/core/testing/test_device.h"

namespace lockstep::ops {

// A node with its output types inferred.
Result<NodeSpec> MakeNode(const Op& op, const Attrs& attrs, std::vector<TensorType> in,
                          std::string path);

struct MadeKernel {
  NodeSpec node;
  Candidate candidate;
  std::shared_ptr<PlacesOfRuns> places;  // on the device that it was made for
  std::unique_ptr<Kernel> kernel;
  int32_t threads = 1;
  bool prepared = false;  // run with the copy that Prepare makes of candidate.prepared_input
  std::string name() const {
    const std::string name = candidate.kernel + "/" + candidate.algorithm;
    return threads == 1 ? name : name + " on " + std::to_string(threads) + " threads";
  }
};

Result<MadeKernel> MakeReferenceKernel(const NodeSpec& node, TestDevice device = TestDevice::kCpu);
// Every candidate of every family that can run the node on this CPU, for one thread and for two;
// the reference kernel is last.
Result<std::vector<MadeKernel>> MakeCpuKernels(const NodeSpec& node,
                                               TestDevice device = TestDevice::kCpu);

// Every candidate of kernels that are neither a library's nor the reference and can run the node,
// for each instruction set of this CPU, for one thread and for two.
Result<std::vector<MadeKernel>> MakeOwnKernels(const NodeSpec& node,
                                               TestDevice device = TestDevice::kCpu);

// Runs once, on the kernel's device, and waits; in[i] and out[j] may be one tensor. The workspace
// is new, its bytes are 0xff.
Status RunKernel(const MadeKernel& kernel, const std::vector<const GuardedTensor*>& in,
                 const std::vector<GuardedTensor*>& out, const StepHeader& step);

// Runs on `in` with new outputs, whose bytes start as `filler`.
Result<std::vector<GuardedTensor>> RunKernel(const MadeKernel& kernel,
                                             std::span<const GuardedTensor> in,
                                             const StepHeader& step, unsigned char filler = 0xff);

}  // namespace lockstep::ops

// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/gpu_check.h"

#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "ops/core/cuda_kernel.h"
#include "ops/core/gpu_host.h"
#include "ops/core/testing/accuracy_check.h"
#include "ops/core/testing/host_gpu.h"
#include "ops/core/testing/kernel_check.h"
#include "ops/core/testing/kernel_run.h"
#include "ops/core/testing/sample_inputs.h"

namespace lockstep::ops {
namespace {

using Tensors = std::vector<GuardedTensor>;

// A kernel whose runs are done when they return, and fail unless each element of the outputs was
// written once.
class CountedKernel : public Kernel {
 public:
  CountedKernel(NodeSpec node, int64_t workspace_bytes, std::unique_ptr<Kernel> kernel,
                std::shared_ptr<Stream> stream)
      : node_(std::move(node)),
        workspace_bytes_(static_cast<size_t>(workspace_bytes)),
        kernel_(std::move(kernel)),
        stream_(std::move(stream)) {}

  Status Run(const RunArgs& args, Stream*) const override {
    std::vector<gpu::WriteCount::Tensor> tensors;
    for (size_t i = 0; i < node_.out.size(); ++i) {
      const TensorType& type = node_.out[i];
      tensors.push_back({"output " + std::to_string(i), args.out[i],
                         static_cast<size_t>(type.bytes()),
                         static_cast<size_t>(SizeOf(type.dtype))});
    }
    tensors.push_back({"workspace", args.workspace, workspace_bytes_, 1, true});
    const gpu::WriteCount count(std::move(tensors));
    const Status run = kernel_->Run(args, stream_.get());
    const Status done = stream_->Record()->Wait(Deadline::In(std::chrono::minutes(5)));
    RETURN_IF_ERROR(run);
    RETURN_IF_ERROR(done);
    return count.ExpectEachOnce().WithContext(node_.op->name);
  }

 private:
  const NodeSpec node_;
  const size_t workspace_bytes_;
  const std::unique_ptr<Kernel> kernel_;
  const std::shared_ptr<Stream> stream_;
};

Result<NodeSpec> NodeOf(const OpCase& c) {
  return MakeNode(*c.op, c.sample->attrs, SampleTypes(*c.sample, DType::kFloat32),
                  SamplePath(c.op->name, *c.sample));
}

// The own GPU kernels of a node, with the families' reasons where there is none.
Result<std::vector<MadeKernel>> MakeGpuKernels(const NodeSpec& node, HostGpu* device) {
  std::vector<MadeKernel> made;
  std::string reasons;
  for (const auto& family : node.op->kernels) {
    if (family->name() != kCudaKernel) continue;
    const auto candidates = family->Candidates(node, device->spec());
    if (!candidates.ok()) {
      reasons += "; " + candidates.status().message();
      continue;
    }
    for (const Candidate& candidate : *candidates) {
      ASSIGN_OR_RETURN(std::unique_ptr<Kernel> kernel, family->Make(node, candidate, device));
      ASSIGN_OR_RETURN(std::shared_ptr<Stream> stream, device->MakeStream("kernels", 0));
      made.push_back({node, candidate,
                      std::make_unique<CountedKernel>(node, candidate.workspace_bytes,
                                                      std::move(kernel), std::move(stream))});
    }
  }
  if (made.empty()) return FailedPrecondition("no GPU kernel" + reasons);
  return made;
}

Status ExpectSame(const Tensors& got, const Tensors& expected, const std::string& what) {
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!got[i].SameBits(expected[i])) return Internal(what + " " + std::to_string(i));
  }
  return OkStatus();
}

}  // namespace

bool HasGpuKernel(const OpCase& c) {
  const auto node = NodeOf(c);
  if (!node.ok()) return false;
  HostGpu device;
  for (const auto& family : c.op->kernels) {
    if (family->name() == kCudaKernel && family->Candidates(*node, device.spec()).ok()) return true;
  }
  return false;
}

Status CheckGpuKernels(const OpCase& c) {
  HostGpu device;
  ASSIGN_OR_RETURN(const NodeSpec node, NodeOf(c));
  ASSIGN_OR_RETURN(const std::vector<MadeKernel> kernels, MakeGpuKernels(node, &device));
  const Tensors in = MakeSampleInputs(c.op->name, *c.sample, DType::kFloat32);
  for (const MadeKernel& kernel : kernels) {
    const Tensors used = in;
    ASSIGN_OR_RETURN(const Tensors out, RunKernel(kernel, used, SampleStep(), 0xff));
    RETURN_IF_ERROR(ExpectSame(used, in, "a GPU kernel changed its input"));
    ASSIGN_OR_RETURN(const Tensors other, RunKernel(kernel, used, SampleStep(), 0x5a));
    RETURN_IF_ERROR(ExpectSame(other, out, "a second run gave other bits in output"));
  }
  RETURN_IF_ERROR(CheckInPlaceOf(c, DType::kFloat32, kernels));
  return CheckFloatAccuracyOf(c, kernels);
}

Status CheckGpuBitsAreTheReference(const OpCase& c) {
  HostGpu device;
  ASSIGN_OR_RETURN(const NodeSpec node, NodeOf(c));
  ASSIGN_OR_RETURN(const std::vector<MadeKernel> kernels, MakeGpuKernels(node, &device));
  ASSIGN_OR_RETURN(const MadeKernel reference, MakeReferenceKernel(node));
  const Tensors in = MakeSampleInputs(c.op->name, *c.sample, DType::kFloat32);
  ASSIGN_OR_RETURN(const Tensors expected, RunKernel(reference, in, SampleStep()));
  for (const MadeKernel& kernel : kernels) {
    ASSIGN_OR_RETURN(const Tensors out, RunKernel(kernel, in, SampleStep()));
    RETURN_IF_ERROR(ExpectSame(out, expected, "other bits than the reference in output"));
  }
  return OkStatus();
}

}  // namespace lockstep::ops

// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/gpu_check.h"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/device/cpu_isa.h"
#include "base/device/cuda/cuda_device.h"
#include "ops/core/cuda_kernel.h"
#include "ops/core/gpu_host.h"
#include "ops/core/testing/accuracy_check.h"
#include "ops/core/testing/fake_cuda.h"
#include "ops/core/testing/kernel_check.h"
#include "ops/core/testing/kernel_run.h"
#include "ops/core/testing/sample_inputs.h"
#include "ops/core/testing/test_device.h"

namespace lockstep::ops {
namespace {

using Tensors = std::vector<GuardedTensor>;

constexpr std::chrono::minutes kPatience{5};

// A GPU of tests: the real CudaDevice on the fake plugin.
struct Gpu {
  FakeCuda fake;
  std::unique_ptr<CudaDevice> device;
  std::unique_ptr<Stream> stream;

  Status Open() {
    ASSIGN_OR_RETURN(device, CudaDevice::Open(fake.table()));
    ASSIGN_OR_RETURN(stream, device->MakeStream("kernels", 0));
    return OkStatus();
  }
  Status Wait() { return stream->Record()->Wait(Deadline::In(kPatience)); }
};

// Tensors of the host, copied to the GPU for a run. Tensors that are one buffer stay one.
class OnGpu {
 public:
  explicit OnGpu(Gpu* gpu) : gpu_(gpu) {}

  Result<void*> Take(const void* host, size_t bytes) {
    for (const Entry& entry : entries_) {
      if (entry.host == host) return const_cast<void*>(entry.buffer.data());
    }
    ASSIGN_OR_RETURN(DeviceBuffer buffer,
                     gpu_->device->Allocate(MemoryKind::kDevice, bytes, "tensors of a test"));
    gpu_->stream->Copy(buffer.data(), host, bytes);
    entries_.push_back({host, std::move(buffer)});
    return entries_.back().buffer.data();
  }
  void CopyBack(void* host, const void* device, size_t bytes) {
    gpu_->stream->Copy(host, device, bytes);
  }

 private:
  struct Entry {
    const void* host;
    DeviceBuffer buffer;
  };
  Gpu* const gpu_;
  std::vector<Entry> entries_;
};

// A kernel that runs on tensors of the host: they are copied to the GPU and back. Runs are done
// when they return, and fail unless each element of the outputs was written once.
class CountedKernel : public Kernel {
 public:
  CountedKernel(NodeSpec node, int64_t workspace_bytes, std::unique_ptr<Kernel> kernel, Gpu* gpu)
      : node_(std::move(node)),
        workspace_bytes_(static_cast<size_t>(workspace_bytes)),
        kernel_(std::move(kernel)),
        gpu_(gpu) {}

  Status Run(const RunArgs& host, Stream*) const override {
    OnGpu tensors(gpu_);
    std::vector<const void*> in;
    std::vector<void*> out;
    for (size_t i = 0; i < node_.in.size(); ++i) {
      ASSIGN_OR_RETURN(in.emplace_back(), tensors.Take(host.in[i], BytesOf(node_.in[i])));
    }
    for (size_t i = 0; i < node_.out.size(); ++i) {
      ASSIGN_OR_RETURN(out.emplace_back(), tensors.Take(host.out[i], BytesOf(node_.out[i])));
    }
    ASSIGN_OR_RETURN(void* const workspace, tensors.Take(host.workspace, workspace_bytes_));
    RETURN_IF_ERROR(gpu_->Wait());
    {
      const gpu::WriteCount count(Written(out, workspace));
      const Status run = kernel_->Run({in, out, workspace, host.step}, gpu_->stream.get());
      const Status done = gpu_->Wait();
      RETURN_IF_ERROR(run);
      RETURN_IF_ERROR(done);
      RETURN_IF_ERROR(count.ExpectEachOnce().WithContext(node_.op->name));
    }
    for (size_t i = 0; i < node_.out.size(); ++i) {
      tensors.CopyBack(host.out[i], out[i], BytesOf(node_.out[i]));
    }
    return gpu_->Wait();
  }

 private:
  static size_t BytesOf(const TensorType& type) { return static_cast<size_t>(type.bytes()); }

  std::vector<gpu::WriteCount::Tensor> Written(const std::vector<void*>& out,
                                               const void* workspace) const {
    std::vector<gpu::WriteCount::Tensor> tensors;
    for (size_t i = 0; i < out.size(); ++i) {
      const TensorType& type = node_.out[i];
      tensors.push_back({"output " + std::to_string(i), gpu_->fake.HostOf(out[i]), BytesOf(type),
                         static_cast<size_t>(SizeOf(type.dtype))});
    }
    tensors.push_back({"workspace", gpu_->fake.HostOf(workspace), workspace_bytes_, 1, true});
    return tensors;
  }

  const NodeSpec node_;
  const size_t workspace_bytes_;
  const std::unique_ptr<Kernel> kernel_;
  Gpu* const gpu_;
};

Result<NodeSpec> NodeOf(const OpCase& c) {
  return MakeNode(*c.op, c.sample->attrs, SampleTypes(*c.sample, DType::kFloat32),
                  SamplePath(c.op->name, *c.sample));
}

// The own GPU kernels of a node, with the families' reasons where there is none.
Result<std::vector<MadeKernel>> MakeGpuKernels(const NodeSpec& node, Gpu* gpu) {
  // CountedKernel reads and writes tensors of the host.
  const auto on_host =
      std::make_shared<PlacesOfRuns>(MakeTestDevice(TestDevice::kCpu, /*threads=*/1, HostCpuIsa()));
  std::vector<MadeKernel> made;
  std::string reasons;
  for (const auto& family : node.op->kernels) {
    if (family->name() != kCudaKernel) continue;
    const auto candidates = family->Candidates(node, gpu->device->spec());
    if (!candidates.ok()) {
      reasons += "; " + candidates.status().message();
      continue;
    }
    for (const Candidate& candidate : *candidates) {
      ASSIGN_OR_RETURN(std::unique_ptr<Kernel> kernel,
                       family->Make(node, candidate, gpu->device.get()));
      made.push_back({node, candidate, on_host,
                      std::make_unique<CountedKernel>(node, candidate.workspace_bytes,
                                                      std::move(kernel), gpu)});
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
  DeviceSpec gpu;
  gpu.kind = DeviceKind::kCuda;
  gpu.isa = "sm_90";
  for (const auto& family : c.op->kernels) {
    if (family->name() == kCudaKernel && family->Candidates(*node, gpu).ok()) return true;
  }
  return false;
}

Status CheckGpuKernels(const OpCase& c) {
  Gpu gpu;
  RETURN_IF_ERROR(gpu.Open());
  ASSIGN_OR_RETURN(const NodeSpec node, NodeOf(c));
  ASSIGN_OR_RETURN(const std::vector<MadeKernel> kernels, MakeGpuKernels(node, &gpu));
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
  Gpu gpu;
  RETURN_IF_ERROR(gpu.Open());
  ASSIGN_OR_RETURN(const NodeSpec node, NodeOf(c));
  ASSIGN_OR_RETURN(const std::vector<MadeKernel> kernels, MakeGpuKernels(node, &gpu));
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

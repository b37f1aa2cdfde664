// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/kernel_run.h"

#include <algorithm>
#include <utility>

#include "base/device/cpu_isa.h"
#include "ops/core/make_kernel.h"
#include "ops/core/reference_kernel.h"

namespace lockstep::ops {
namespace {

Status ExpectGuards(const GuardedTensor& tensor, const MadeKernel& kernel, std::string_view what,
                    size_t index) {
  if (tensor.GuardsIntact()) return OkStatus();
  return Internal(kernel.node.op->name + ", kernel " + kernel.name() + ", wrote outside " +
                  std::string(what) + " " + std::to_string(index) + ", " +
                  tensor.type().ToString());
}

// What the family can run the node with, for one thread and for two.
Status AddKernels(const NodeSpec& node, const KernelFamily& family, TestDevice on, CpuIsa isa,
                  std::vector<MadeKernel>* made) {
  for (const int32_t threads : {1, 2}) {
    const std::shared_ptr<Device> device = MakeTestDevice(on, threads, isa);
    const auto candidates = family.Candidates(node, device->spec());
    if (!candidates.ok()) continue;  // its reason why it cannot run
    for (const Candidate& candidate : *candidates) {
      ASSIGN_OR_RETURN(std::unique_ptr<Kernel> kernel,
                       MakeKernel(family, node, candidate, device.get()));
      made->push_back(
          {node, candidate, std::make_shared<PlacesOfRuns>(device), std::move(kernel), threads});
    }
  }
  return OkStatus();
}

}  // namespace

Result<NodeSpec> MakeNode(const Op& op, const Attrs& attrs, std::vector<TensorType> in,
                          std::string path) {
  NodeSpec node = {&op, attrs, std::move(in), {}, std::move(path)};
  ASSIGN_OR_RETURN(node.out, op.infer(attrs, node.in));
  return node;
}

Result<MadeKernel> MakeReferenceKernel(const NodeSpec& node, TestDevice device) {
  const ReferenceKernelFamily reference;
  ASSIGN_OR_RETURN(const std::vector<Candidate> candidates,
                   reference.Candidates(node, ReferenceCpuSpec()));
  std::shared_ptr<Device> on = MakeTestDevice(device, /*threads=*/1, CpuIsa::kBaseline);
  ASSIGN_OR_RETURN(std::unique_ptr<Kernel> kernel,
                   MakeKernel(reference, node, candidates[0], on.get()));
  return MadeKernel{node, candidates[0], std::make_shared<PlacesOfRuns>(std::move(on)),
                    std::move(kernel)};
}

Result<std::vector<MadeKernel>> MakeCpuKernels(const NodeSpec& node, TestDevice device) {
  std::vector<MadeKernel> made;
  for (const auto& family : node.op->kernels) {
    if (family->name() == kReferenceKernel) continue;
    RETURN_IF_ERROR(AddKernels(node, *family, device, HostCpuIsa(), &made));
  }
  ASSIGN_OR_RETURN(MadeKernel reference, MakeReferenceKernel(node, device));
  made.push_back(std::move(reference));
  return made;
}

Result<std::vector<MadeKernel>> MakeOwnKernels(const NodeSpec& node, TestDevice device) {
  std::vector<MadeKernel> made;
  for (const auto& family : node.op->kernels) {
    if (family->is_library() || family->name() == kReferenceKernel) continue;
    for (const CpuIsa isa : {CpuIsa::kBaseline, CpuIsa::kAvx2, CpuIsa::kAvx512}) {
      if (isa > HostCpuIsa()) break;
      RETURN_IF_ERROR(AddKernels(node, *family, device, isa, &made));
    }
  }
  return made;
}

namespace {

// Where all tensors of a run are placed; runs the kernel and waits.
Status Compute(const MadeKernel& kernel, const std::vector<const GuardedTensor*>& in,
               const std::vector<GuardedTensor*>& out, GuardedTensor* workspace,
               GuardedTensor* prepared, const StepHeader& step, TensorsOnDevice* placed) {
  std::vector<const void*> in_data;
  std::vector<void*> out_data;
  for (const GuardedTensor* tensor : in) {
    ASSIGN_OR_RETURN(const void* data, placed->Put(*tensor));
    in_data.push_back(data);
  }
  for (const GuardedTensor* tensor : out) {
    ASSIGN_OR_RETURN(void* data, placed->Put(*tensor));
    out_data.push_back(data);
  }
  RunArgs args = {in_data, out_data};
  ASSIGN_OR_RETURN(args.workspace, placed->Put(*workspace));
  args.step = &step;
  if (kernel.prepared) {
    ASSIGN_OR_RETURN(void* copy, placed->Put(*prepared));
    const void* const input = in_data[static_cast<size_t>(kernel.candidate.prepared_input)];
    RETURN_IF_ERROR(kernel.kernel->Prepare(input, copy, placed->stream()));
    args.prepared = copy;
  }
  RETURN_IF_ERROR(kernel.kernel->Run(args, placed->stream()));
  return placed->Wait();
}

// The inputs that are no outputs, as the kernel left them.
Status ExpectInputsAsTheyWere(const MadeKernel& kernel, const std::vector<const GuardedTensor*>& in,
                              const std::vector<GuardedTensor*>& out, TensorsOnDevice* placed) {
  for (size_t i = 0; i < in.size(); ++i) {
    if (std::find(out.begin(), out.end(), in[i]) != out.end()) continue;
    GuardedTensor after(in[i]->type());
    RETURN_IF_ERROR(placed->Get(*in[i], &after));
    RETURN_IF_ERROR(ExpectGuards(after, kernel, "input", i));
    if (!after.SameBits(*in[i])) {
      return Internal("kernel " + kernel.name() + ": changed its input " + std::to_string(i));
    }
  }
  return OkStatus();
}

}  // namespace

Status RunKernel(const MadeKernel& kernel, const std::vector<const GuardedTensor*>& in,
                 const std::vector<GuardedTensor*>& out, const StepHeader& step) {
  const Candidate& candidate = kernel.candidate;
  GuardedTensor workspace(
      {DType::kUInt8,
       {kernel.prepared ? candidate.workspace_bytes_if_prepared : candidate.workspace_bytes}});
  GuardedTensor prepared({DType::kUInt8, {kernel.prepared ? candidate.prepared_bytes : 0}});
  ASSIGN_OR_RETURN(std::unique_ptr<TensorsOnDevice> placed, kernel.places->Take());
  RETURN_IF_ERROR(Compute(kernel, in, out, &workspace, &prepared, step, placed.get()));
  RETURN_IF_ERROR(ExpectInputsAsTheyWere(kernel, in, out, placed.get()));
  for (size_t i = 0; i < out.size(); ++i) {
    RETURN_IF_ERROR(placed->Get(*out[i], out[i]));
    RETURN_IF_ERROR(ExpectGuards(*out[i], kernel, "output", i));
  }
  if (kernel.prepared) {
    RETURN_IF_ERROR(placed->Get(prepared, &prepared));
    RETURN_IF_ERROR(ExpectGuards(prepared, kernel, "prepared input", 0));
  }
  RETURN_IF_ERROR(placed->Get(workspace, &workspace));
  kernel.places->Return(std::move(placed));
  return ExpectGuards(workspace, kernel, "workspace", 0);
}

Result<std::vector<GuardedTensor>> RunKernel(const MadeKernel& kernel,
                                             std::span<const GuardedTensor> in,
                                             const StepHeader& step, unsigned char filler) {
  std::vector<const GuardedTensor*> in_pointers;
  for (const GuardedTensor& tensor : in) in_pointers.push_back(&tensor);
  std::vector<GuardedTensor> out;
  out.reserve(kernel.node.out.size());
  std::vector<GuardedTensor*> out_pointers;
  for (const TensorType& type : kernel.node.out) {
    out_pointers.push_back(&out.emplace_back(type, filler));
  }
  RETURN_IF_ERROR(RunKernel(kernel, in_pointers, out_pointers, step));
  return out;
}

}  // namespace lockstep::ops

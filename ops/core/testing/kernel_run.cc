// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/kernel_run.h"

#include "base/device/cpu/cpu_device.h"
#include "base/device/cpu_isa.h"
#include "ops/core/reference_kernel.h"

namespace lockstep::ops {
namespace {

DeviceSpec HostSpec(int32_t threads, CpuIsa isa) {
  DeviceSpec spec = ReferenceCpuSpec();
  spec.isa = NameOf(isa);
  spec.reference_kernels_only = false;
  spec.threads = threads;
  return spec;
}

Status ExpectGuards(const GuardedTensor& tensor, const MadeKernel& kernel, std::string_view what,
                    size_t index) {
  if (tensor.GuardsIntact()) return OkStatus();
  return Internal(kernel.node.op->name + ", kernel " + kernel.name() + ", wrote outside " +
                  std::string(what) + " " + std::to_string(index) + ", " +
                  tensor.type().ToString());
}

// What the family can run the node with, for one thread and for two.
Status AddKernels(const NodeSpec& node, const KernelFamily& family, CpuIsa isa,
                  std::vector<MadeKernel>* made) {
  for (const int32_t threads : {1, 2}) {
    CpuDevice device(HostSpec(threads, isa));
    const auto candidates = family.Candidates(node, device.spec());
    if (!candidates.ok()) continue;  // its reason why it cannot run
    for (const Candidate& candidate : *candidates) {
      ASSIGN_OR_RETURN(std::unique_ptr<Kernel> kernel, family.Make(node, candidate, &device));
      made->push_back({node, candidate, std::move(kernel), threads});
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

Result<MadeKernel> MakeReferenceKernel(const NodeSpec& node) {
  const ReferenceKernelFamily reference;
  ASSIGN_OR_RETURN(const std::vector<Candidate> candidates,
                   reference.Candidates(node, ReferenceCpuSpec()));
  ASSIGN_OR_RETURN(std::unique_ptr<Kernel> kernel, reference.Make(node, candidates[0], nullptr));
  return MadeKernel{node, candidates[0], std::move(kernel)};
}

Result<std::vector<MadeKernel>> MakeCpuKernels(const NodeSpec& node) {
  std::vector<MadeKernel> made;
  for (const auto& family : node.op->kernels) {
    if (family->name() == kReferenceKernel) continue;
    RETURN_IF_ERROR(AddKernels(node, *family, HostCpuIsa(), &made));
  }
  ASSIGN_OR_RETURN(MadeKernel reference, MakeReferenceKernel(node));
  made.push_back(std::move(reference));
  return made;
}

Result<std::vector<MadeKernel>> MakeOwnKernels(const NodeSpec& node) {
  std::vector<MadeKernel> made;
  for (const auto& family : node.op->kernels) {
    if (family->is_library() || family->name() == kReferenceKernel) continue;
    for (const CpuIsa isa : {CpuIsa::kBaseline, CpuIsa::kAvx2, CpuIsa::kAvx512}) {
      if (isa > HostCpuIsa()) break;
      RETURN_IF_ERROR(AddKernels(node, *family, isa, &made));
    }
  }
  return made;
}

Status RunKernel(const MadeKernel& kernel, const std::vector<const GuardedTensor*>& in,
                 const std::vector<GuardedTensor*>& out, const StepHeader& step) {
  const Candidate& candidate = kernel.candidate;
  GuardedTensor workspace(
      {DType::kUInt8,
       {kernel.prepared ? candidate.workspace_bytes_if_prepared : candidate.workspace_bytes}});
  GuardedTensor prepared({DType::kUInt8, {kernel.prepared ? candidate.prepared_bytes : 0}});
  std::vector<const void*> in_data;
  std::vector<void*> out_data;
  for (const GuardedTensor* tensor : in) in_data.push_back(tensor->data());
  for (GuardedTensor* tensor : out) out_data.push_back(tensor->data());
  RunArgs args = {in_data, out_data, workspace.data(), &step};
  if (kernel.prepared) {
    const void* const input = in_data[static_cast<size_t>(candidate.prepared_input)];
    RETURN_IF_ERROR(kernel.kernel->Prepare(input, prepared.data(), nullptr));
    args.prepared = prepared.data();
  }
  RETURN_IF_ERROR(kernel.kernel->Run(args, nullptr));
  for (size_t i = 0; i < in.size(); ++i) {
    RETURN_IF_ERROR(ExpectGuards(*in[i], kernel, "input", i));
  }
  for (size_t i = 0; i < out.size(); ++i) {
    RETURN_IF_ERROR(ExpectGuards(*out[i], kernel, "output", i));
  }
  RETURN_IF_ERROR(ExpectGuards(prepared, kernel, "prepared input", 0));
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

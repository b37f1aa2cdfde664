// SPDX-License-Identifier: Apache-2.0
#include "ops/core/reference_kernel.h"

namespace lockstep::ops {
namespace {

class ReferenceKernel : public Kernel {
 public:
  explicit ReferenceKernel(NodeSpec node)
      : node_(std::move(node)),
        run_(ComputeType(node_) == DType::kFloat64 ? node_.op->reference_f64
                                                   : node_.op->reference_f32) {}

  Status Run(const RunArgs& args, Stream*) const override {
    run_(ReferenceArgs{node_, args});
    return OkStatus();
  }

 private:
  const NodeSpec node_;
  const std::function<void(const ReferenceArgs&)>& run_;
};

}  // namespace

Result<std::vector<Candidate>> ReferenceKernelFamily::Candidates(const NodeSpec& node,
                                                                 const DeviceSpec& device) const {
  if (device.kind != DeviceKind::kCpu) {
    return FailedPrecondition(node.op->name + ": reference kernels run on a CPU only");
  }
  Candidate candidate;
  candidate.kernel = kReferenceKernel;
  candidate.algorithm = "loops";
  candidate.known_slower = true;
  if (node.op->reference_workspace) candidate.workspace_bytes = node.op->reference_workspace(node);
  return std::vector<Candidate>{candidate};
}

Result<std::unique_ptr<Kernel>> ReferenceKernelFamily::Make(const NodeSpec& node, const Candidate&,
                                                            Device*) const {
  return std::unique_ptr<Kernel>(std::make_unique<ReferenceKernel>(node));
}

}  // namespace lockstep::ops

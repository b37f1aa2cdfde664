// SPDX-License-Identifier: Apache-2.0
// The reference kernel as a kernel family like any other: runs an op's plain loops in the node's
// compute type. It is the last in every op's list and never removed.
#pragma once

#include "ops/core/op.h"

namespace lockstep::ops {

inline constexpr std::string_view kReferenceKernel = "reference";

class ReferenceKernelFamily : public KernelFamily {
 public:
  std::string_view name() const override { return kReferenceKernel; }
  Result<std::vector<Candidate>> Candidates(const NodeSpec& node,
                                            const DeviceSpec& device) const override;
  Result<std::unique_ptr<Kernel>> Make(const NodeSpec& node, const Candidate& candidate,
                                       Device* device) const override;
};

}  // namespace lockstep::ops

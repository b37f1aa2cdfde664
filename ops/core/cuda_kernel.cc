// SPDX-License-Identifier: Apache-2.0
#include "ops/core/cuda_kernel.h"

namespace lockstep::ops {

Status CheckCuda(const NodeSpec& node, const DeviceSpec& device) {
  if (device.kind != DeviceKind::kCuda) return FailedPrecondition("runs on a GPU only");
  if (ComputeType(node) != DType::kFloat32) return FailedPrecondition("runs in float32 only");
  return OkStatus();
}

}  // namespace lockstep::ops

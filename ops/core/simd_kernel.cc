// SPDX-License-Identifier: Apache-2.0
#include "ops/core/simd_kernel.h"

namespace lockstep::ops {

Status CheckSimd(const NodeSpec& node, const DeviceSpec& device) {
  if (device.kind != DeviceKind::kCpu) return FailedPrecondition("runs on a CPU only");
  if (device.reference_kernels_only) {
    return FailedPrecondition("the device is held to reference kernels");
  }
  if (ComputeType(node) != DType::kFloat32) return FailedPrecondition("runs in float32 only");
  return OkStatus();
}

}  // namespace lockstep::ops

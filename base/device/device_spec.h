// SPDX-License-Identifier: Apache-2.0
// DeviceSpec: what a plan needs to know of a device, as plain data with a text form. Compiling a
// plan reads this and never the device itself, so plans can be made and tested anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lockstep {

enum class DeviceKind : uint8_t { kCpu, kCuda };

struct DeviceSpec {
  DeviceKind kind = DeviceKind::kCpu;
  std::string name;          // "cpu" or the GPU's name
  std::string isa;           // CPU: the instruction set kernels may use (cpu_isa.h); CUDA: "sm_90"
  int32_t threads = 1;       // CPU: T, the threads a lane's kernels are made for: part of the bits
  int64_t memory_bytes = 0;  // 0: unknown
  int64_t workspace_cap = int64_t{256} << 20;  // bytes a kernel may ask for (recipe: workspace_mib)
  bool reference_kernels_only = false;         // recipe: kernels = "reference"
  // Ceilings measured on the device (`lockstep doctor --write-spec`); 0: unknown. They predict
  // times and choose nothing.
  int32_t cores = 0;               // CPU: how many of them the ceilings were measured with
  double gflops = 0.0;             // 10^9 fp32 operations a second, a multiply-add counting two
  double gbytes_per_second = 0.0;  // 10^9 bytes a second from memory

  std::string ToText() const;  // one "key = value" on each line
  static Result<DeviceSpec> FromText(std::string_view text);
  bool operator==(const DeviceSpec&) const = default;
};

// The reference CPU every machine can be: no instruction set beyond x86-64's baseline.
DeviceSpec ReferenceCpuSpec();

}  // namespace lockstep

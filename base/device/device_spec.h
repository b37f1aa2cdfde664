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

  // Where the figures come from ("data sheet: ..."); empty: they were measured or asked for.
  std::string origin;
  // Bytes that every buffer begins at a multiple of: a power of two, 64 at least.
  int64_t buffer_alignment = 64;
  // Of a GPU. 0 and empty: unknown.
  int32_t sm_count = 0;
  int64_t driver_version = 0;     // CUDA's number: 13000 is 13.0
  int64_t cudnn_version = 0;      // 91900 is 9.19.0
  int64_t cublaslt_version = 0;   // 130100 is 13.1.0
  int64_t nccl_version = 0;       // 22809 is 2.28.9
  int64_t context_bytes = 0;      // that the driver and libraries take before any buffer is made
  double gflops_16bit = 0.0;      // 10^9 operations a second of dense products in bf16 and fp16
  std::string cudnn_device_json;  // cuDNN's description of the device, one line: for plans

  // One "key = value" on each line; of what stands from `origin` on only what is known.
  std::string ToText() const;
  // Lines that begin with '#' and empty ones are passed over.
  static Result<DeviceSpec> FromText(std::string_view text);
  bool operator==(const DeviceSpec&) const = default;
};

// The reference CPU every machine can be: no instruction set beyond x86-64's baseline.
DeviceSpec ReferenceCpuSpec();

}  // namespace lockstep

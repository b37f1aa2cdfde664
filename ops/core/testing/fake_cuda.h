// SPDX-License-Identifier: Apache-2.0
// FakeCuda: the table of the CUDA plugin (base/device/cuda_abi.h) without CUDA, so that the real
// CudaDevice, its streams and the kernel families run on any machine. Kernels are the host builds
// of the real bodies, streams are threads. Device memory is an address range without access rights:
// a host that touches it dies at once. Its bytes lie in an allocation of exactly that size
// elsewhere, so the address sanitizer sees what a kernel reads beyond it.
//
// Every call can be made to fail. One fake at a time in a process: the table is plain functions.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/device/cuda_abi.h"

namespace lockstep::ops {

class FakeCuda {
 public:
  FakeCuda();
  ~FakeCuda();  // what was not given back is given back
  FakeCuda(const FakeCuda&) = delete;
  FakeCuda& operator=(const FakeCuda&) = delete;

  const lockstep_cuda* table() const;

  // What `open` tells, from the next call on.
  void SetDriver(int error, int32_t devices, int32_t version);
  void SetSm(int32_t sm_version);
  void SetMemory(uint64_t total_bytes);
  // From here on the nth call (from 1) of the function of this name in the table returns `error`.
  void FailCall(std::string_view function, int64_t nth, int error);
  int64_t CallsOf(std::string_view function) const;
  // Streams, events and allocations that were made and not ended.
  int64_t Alive() const;
  // Where the bytes of an address of device memory are; null where it is none.
  void* HostOf(const void* address) const;
};

}  // namespace lockstep::ops

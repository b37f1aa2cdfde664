// SPDX-License-Identifier: Apache-2.0
// The host's side of kernel bodies (gpu_kernel.h): each CUDA thread is a thread of the system, each
// shared array an allocation of its own, Barrier a barrier that a thread leaves when it ends. So
// the address sanitizer names an access out of bounds, and the thread sanitizer a missing barrier.
// It is slow: for tests, on small grids.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/device/gpu.h"
#include "base/status.h"

namespace lockstep::gpu {

class HostBlock;

// Who the running thread is; set by HostLaunch.
struct HostThread {
  uint32_t thread = 0;
  uint32_t block = 0;
  uint32_t blocks = 0;
  HostBlock* of = nullptr;
};
extern thread_local HostThread host_thread;

void HostBarrier();
// The block's shared array of this key; its bytes start as 0xff.
void* HostShared(const void* key, size_t bytes);

// Counts how often each element of some tensors is written by gpu::Store, while it lives. There is
// one at a time in a process.
class WriteCount {
 public:
  struct Tensor {
    std::string name;
    const void* data;
    size_t bytes;
    size_t element;             // bytes
    bool is_workspace = false;  // may be written as often as it likes
  };
  explicit WriteCount(std::vector<Tensor> tensors);
  ~WriteCount();
  WriteCount(const WriteCount&) = delete;
  WriteCount& operator=(const WriteCount&) = delete;

  // Ok where every element was written once and nothing else was; else internal, with the first
  // element that is not so.
  Status ExpectEachOnce() const;
  void Add(const void* to, size_t bytes);

 private:
  const std::vector<Tensor> tensors_;
  std::vector<std::vector<std::atomic<uint32_t>>> counts_;
  std::atomic<uint64_t> elsewhere_ = 0;
};
extern std::atomic<WriteCount*> write_count;

inline void HostWrites(const void* to, size_t bytes) {
  WriteCount* const count = write_count.load(std::memory_order_relaxed);
  if (count != nullptr) count->Add(to, bytes);
}

struct HostKernel {
  std::string name;
  std::vector<GpuParameter> parameters;
  void (*call)(const void* const* parameters) = nullptr;  // one thread's run
};

// Null where there is none of that name.
const HostKernel* FindHostKernel(std::string_view name);
// Internal, naming both, where a launch gives other parameters than the kernel takes.
Status ExpectParameters(std::string_view name, std::span<const GpuParameter> given,
                        std::span<const GpuParameter> taken);
// Names of all, in order.
std::vector<std::string> HostKernelNames();
// Runs the kernel and returns when it has ended. Blocks run four at a time.
void HostLaunch(const HostKernel& kernel, GpuGrid grid, std::span<const void* const> parameters);

bool AddToHostKernels(HostKernel kernel);

template <auto kFunction>
struct HostCall;
template <typename... P, void (*kFunction)(P...)>
struct HostCall<kFunction> {
  static void Call(const void* const* parameters) {
    CallWith(parameters, std::index_sequence_for<P...>{});
  }
  template <size_t... I>
  static void CallWith(const void* const* parameters, std::index_sequence<I...>) {
    kFunction(*static_cast<const P*>(parameters[I])...);
  }
  static std::vector<GpuParameter> Parameters() {
    return {GpuParameter{sizeof(P), std::is_pointer_v<P>}...};
  }
};

// Adds a kernel under its name, before main; two of a name stop the process.
template <auto kFunction>
bool AddHostKernel(const char* name) {
  using Call = HostCall<kFunction>;
  return AddToHostKernels({name, Call::Parameters(), Call::Call});
}

}  // namespace lockstep::gpu

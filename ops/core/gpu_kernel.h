// SPDX-License-Identifier: Apache-2.0
// What kernel bodies are written against, once, in files <op>_cuda.cu. They are compiled twice: by
// nvcc for GPUs, and by the host's compiler, where each CUDA thread is a thread of the system
// (ops/core/gpu_host.h). This is the only header that asks which of the two it is.
//
//   GPU_KERNEL(relu_f32, (const float* x, float* y, int64_t n)) {
//     GPU_FOR(i, n) gpu::Store(y + i, x[i] < 0 ? 0.0f : x[i]);
//   }
//
// Rules. A block has gpu::kThreads threads. Results are written by gpu::Store, which host builds
// count: every element of an output is written exactly once. No atomics on floating-point numbers,
// no warp functions; threads of a block meet at gpu::Barrier, which all of them reach or have
// ended. What stands in these files is plain C++20 without exceptions, and of the headers of this
// program only those that include nothing but the standard's <cstdint>, <cmath> and the like.
#pragma once

#include <cmath>
#include <cstdint>

#include "ops/core/gpu_parameters.h"

#ifdef __CUDACC__

#define GPU_DEVICE __device__ __forceinline__
#define GPU_KERNEL(name, parameters) \
  extern "C" __global__ void __launch_bounds__(lockstep::gpu::kThreads) name parameters
// Stands before a loop that is not to be unrolled: that would take registers.
#define GPU_ROLLED _Pragma("unroll 1")
// An array of the block's shared memory.
#define GPU_SHARED(type, name, count) __shared__ type name[count]

namespace lockstep::gpu {
GPU_DEVICE uint32_t ThreadIndex() { return threadIdx.x; }
GPU_DEVICE uint32_t BlockIndex() { return blockIdx.x; }
GPU_DEVICE uint32_t BlockCount() { return gridDim.x; }
GPU_DEVICE void Barrier() { __syncthreads(); }
template <typename T>
GPU_DEVICE void Store(T* to, T value) {
  *to = value;
}
GPU_DEVICE float BitsToFloat(uint32_t bits) { return __uint_as_float(bits); }
GPU_DEVICE double NotANumber() { return __longlong_as_double(0x7ff8000000000000ll); }
}  // namespace lockstep::gpu

#else

#include <bit>
#include <limits>

#include "ops/core/gpu_host.h"

#define GPU_DEVICE inline
#define GPU_ROLLED
#define GPU_KERNEL(name, parameters)                                                              \
  static void name parameters;                                                                    \
  [[maybe_unused]] static const bool name##_is_added = lockstep::gpu::AddHostKernel<name>(#name); \
  static void name parameters
#define GPU_SHARED(type, name, count)    \
  static constexpr char name##_key = 0;  \
  type* const name = static_cast<type*>( \
      lockstep::gpu::HostShared(&name##_key, sizeof(type) * static_cast<size_t>(count)))

namespace lockstep::gpu {
GPU_DEVICE uint32_t ThreadIndex() { return host_thread.thread; }
GPU_DEVICE uint32_t BlockIndex() { return host_thread.block; }
GPU_DEVICE uint32_t BlockCount() { return host_thread.blocks; }
GPU_DEVICE void Barrier() { HostBarrier(); }
template <typename T>
GPU_DEVICE void Store(T* to, T value) {
  HostWrites(to, sizeof(T));
  *to = value;
}
GPU_DEVICE float BitsToFloat(uint32_t bits) { return std::bit_cast<float>(bits); }
GPU_DEVICE double NotANumber() { return std::numeric_limits<double>::quiet_NaN(); }
}  // namespace lockstep::gpu

#endif

// The elements i of [0, n) that this thread does: neighbours in a block do neighbouring elements.
#define GPU_FOR(i, n)                                                               \
  for (int64_t i = int64_t{lockstep::gpu::BlockIndex()} * lockstep::gpu::kThreads + \
                   lockstep::gpu::ThreadIndex();                                    \
       i < (n); i += int64_t{lockstep::gpu::BlockCount()} * lockstep::gpu::kThreads)

namespace lockstep::gpu {

template <typename T>
GPU_DEVICE T Smaller(T a, T b) {
  return b < a ? b : a;
}
template <typename T>
GPU_DEVICE T Larger(T a, T b) {
  return a < b ? b : a;
}

// The sum over the block of each thread's value, in an order that the thread numbers decide: of
// every 8th, then of these 8 sums. Every thread gets it. `scratch` is shared memory of kThreads
// numbers. All threads call.
GPU_DEVICE double BlockSum(double value, double* scratch) {
  constexpr uint32_t kSums = 8;
  const uint32_t thread = ThreadIndex();
  Barrier();  // the numbers of an earlier call have been read
  scratch[thread] = value;
  Barrier();
  if (thread < kSums) {
    double sum = value;
    GPU_ROLLED
    for (uint32_t i = thread + kSums; i < kThreads; i += kSums) sum += scratch[i];
    scratch[thread] = sum;
  }
  Barrier();
  double total = scratch[0];
  GPU_ROLLED
  for (uint32_t i = 1; i < kSums; ++i) total += scratch[i];
  return total;
}

// The larger of two; NaN where one is.
GPU_DEVICE double LargerOrNaN(double a, double b) { return b > a || b != b ? b : a; }

// The largest over the block, likewise; NaN where a value is NaN.
GPU_DEVICE double BlockMax(double value, double* scratch) {
  constexpr uint32_t kParts = 8;
  const uint32_t thread = ThreadIndex();
  Barrier();
  scratch[thread] = value;
  Barrier();
  if (thread < kParts) {
    double max = value;
    GPU_ROLLED
    for (uint32_t i = thread + kParts; i < kThreads; i += kParts) {
      max = LargerOrNaN(max, scratch[i]);
    }
    scratch[thread] = max;
  }
  Barrier();
  double max = scratch[0];
  GPU_ROLLED
  for (uint32_t i = 1; i < kParts; ++i) max = LargerOrNaN(max, scratch[i]);
  return max;
}

}  // namespace lockstep::gpu

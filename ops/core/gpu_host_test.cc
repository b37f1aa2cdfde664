// SPDX-License-Identifier: Apache-2.0
// The host build of kernel bodies: that right kernels run, and that what would go wrong on a GPU is
// found here. The faults that only a sanitizer sees are looked for in its build.
#include "ops/core/gpu_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <vector>

#include "ops/core/gpu_kernel.h"
#include "ops/core/gpu_plan.h"

#if defined(__has_feature)
#define LOCKSTEP_HAS(sanitizer) __has_feature(sanitizer)
#else
#define LOCKSTEP_HAS(sanitizer) 0
#endif

namespace lockstep::ops {
namespace {

using ::testing::HasSubstr;

// sums[block] = the sum of the block's 128 numbers; right.
GPU_KERNEL(test_block_sums, (const float* x, double* sums)) {
  GPU_SHARED(double, scratch, gpu::kThreads);
  const uint32_t thread = gpu::ThreadIndex();
  const double value = static_cast<double>(x[gpu::BlockIndex() * gpu::kThreads + thread]);
  const double sum = gpu::BlockSum(value, scratch);
  if (thread == 0) gpu::Store(sums + gpu::BlockIndex(), sum);
}

// The same without the barrier before the neighbour's number is read.
GPU_KERNEL(test_without_barrier, (const float* x, double* sums)) {
  GPU_SHARED(double, scratch, gpu::kThreads);
  const uint32_t thread = gpu::ThreadIndex();
  scratch[thread] = static_cast<double>(x[thread]);
  const double neighbour = scratch[(thread + 1) % gpu::kThreads];
  if (thread == 0) gpu::Store(sums, neighbour);
}

// Reads the number behind the last.
GPU_KERNEL(test_out_of_bounds, (const float* x, float* y, int64_t n)) {
  GPU_FOR(i, n) gpu::Store(y + i, x[i + 1]);
}

// Writes behind an array of shared memory.
GPU_KERNEL(test_out_of_shared, (double* sums)) {
  GPU_SHARED(double, scratch, gpu::kThreads);
  scratch[gpu::ThreadIndex() + 1] = 1.0;
  gpu::Barrier();
  if (gpu::ThreadIndex() == 0) gpu::Store(sums, scratch[1]);
}

// All threads write one number.
GPU_KERNEL(test_race, (float* y)) { gpu::Store(y, static_cast<float>(gpu::ThreadIndex())); }

// Leaves the last number out.
GPU_KERNEL(test_short, (float* y, int64_t n)) { GPU_FOR(i, n - 1) gpu::Store(y + i, 1.0f); }

// Half of the threads end before the others meet.
GPU_KERNEL(test_early_end, (double* sums)) {
  GPU_SHARED(double, scratch, gpu::kThreads);
  if (gpu::ThreadIndex() >= gpu::kThreads / 2) return;
  scratch[gpu::ThreadIndex()] = 1.0;
  gpu::Barrier();
  if (gpu::ThreadIndex() == 0) gpu::Store(sums, scratch[gpu::kThreads / 2 - 1]);
}

template <typename... P>
void Launch(const char* name, uint32_t blocks, const P&... parameters) {
  const void* const pointers[] = {&parameters...};
  gpu::HostLaunch(*gpu::FindHostKernel(name), {blocks, kGpuThreads}, pointers);
}

std::vector<float> Numbers(size_t n) {
  std::vector<float> numbers(n);
  std::iota(numbers.begin(), numbers.end(), 0.0f);
  return numbers;
}

TEST(GpuHost, BlocksAddTheirNumbersInATree) {
  const std::vector<float> x = Numbers(5 * kGpuThreads);
  std::vector<double> sums(5);
  for (int run = 0; run < 5; ++run) {
    Launch("test_block_sums", 5, x.data(), sums.data());
    for (size_t block = 0; block < 5; ++block) {
      const double first = 128.0 * static_cast<double>(block);
      EXPECT_EQ(sums[block], 128.0 * first + 127.0 * 128.0 / 2.0);
    }
  }
}

TEST(GpuHost, AThreadThatHasEndedIsNotWaitedFor) {
  double sum = 0.0;
  Launch("test_early_end", 1, &sum);
  EXPECT_EQ(sum, 1.0);
}

TEST(GpuHost, CountsElementsThatAreWrittenTwiceOrNever) {
  std::vector<float> y(300);
  const size_t bytes = y.size() * sizeof(float);
  {
    const gpu::WriteCount count({{"y", y.data(), bytes, sizeof(float)}});
    Launch("test_short", 3, y.data(), int64_t{300});
    EXPECT_EQ(count.ExpectEachOnce().message(),
              "element 299 of y was written 0 times; expected once");
  }
  {
    const gpu::WriteCount count({{"y", y.data(), sizeof(float), sizeof(float)}});
    Launch("test_short", 1, y.data(), int64_t{2});
    Launch("test_short", 1, y.data(), int64_t{2});
    EXPECT_EQ(count.ExpectEachOnce().message(),
              "element 0 of y was written 2 times; expected once");
  }
  {
    const gpu::WriteCount count({{"y", y.data(), sizeof(float), sizeof(float)}});
    Launch("test_short", 3, y.data(), int64_t{300});
    EXPECT_EQ(count.ExpectEachOnce().message(), "298 writes lie in no output and no workspace");
  }
}

TEST(GpuHost, KernelsTellTheirParameters) {
  const gpu::HostKernel* const kernel = gpu::FindHostKernel("test_short");
  ASSERT_NE(kernel, nullptr);
  const std::vector<GpuParameter> right = {{8, true}, {8, false}}, wrong = {{8, true}, {4, false}};
  EXPECT_EQ(gpu::ExpectParameters("k", right, kernel->parameters).ToString(), "ok");
  EXPECT_EQ(gpu::ExpectParameters("k", wrong, kernel->parameters).message(),
            "GPU kernel k takes (pointer, 8 bytes); the launch gives (pointer, 4 bytes)");
  EXPECT_EQ(gpu::FindHostKernel("test_none"), nullptr);
}

TEST(GpuPlan, ALaunchThatNoGpuTakesIsRefused) {
  const auto message = [](GpuGrid grid, size_t parameters) {
    GpuCall call = {"k", grid, {}};
    call.arguments.resize(parameters);
    return CheckLaunch(call).message();
  };
  EXPECT_EQ(message({1, kGpuThreads}, kGpuParameters), "");
  EXPECT_THAT(message({1, 1024}, 1), HasSubstr("1024 threads a block; expected 128"));
  EXPECT_THAT(message({0, kGpuThreads}, 1), HasSubstr("0 blocks"));
  EXPECT_THAT(message({uint32_t{1} << 31, kGpuThreads}, 1), HasSubstr("2147483648 blocks"));
  EXPECT_THAT(message({1, kGpuThreads}, kGpuParameters + 1), HasSubstr("17 parameters"));
}

TEST(GpuPlan, AGridHasAThreadForEachElementUpToALimit) {
  EXPECT_EQ(GridFor(0).blocks, 0u);
  EXPECT_EQ(GridFor(1).blocks, 1u);
  EXPECT_EQ(GridFor(129).blocks, 2u);
  EXPECT_EQ(GridFor(int64_t{1} << 40).blocks, static_cast<uint32_t>(kGpuBlocks));
}

class GpuHostDeathTest : public ::testing::Test {
 protected:
  GpuHostDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(GpuHostDeathTest, AReadOutOfBoundsIsFound) {
#if LOCKSTEP_HAS(address_sanitizer)
  // Of exactly its size, so that what lies behind is nobody's.
  const auto x = std::make_unique<float[]>(128), y = std::make_unique<float[]>(128);
  EXPECT_DEATH(Launch("test_out_of_bounds", 1, x.get(), y.get(), int64_t{128}),
               "heap-buffer-overflow");
#else
  GTEST_SKIP() << "only the address sanitizer sees this: preset asan";
#endif
}

TEST_F(GpuHostDeathTest, AWriteBehindSharedMemoryIsFound) {
#if LOCKSTEP_HAS(address_sanitizer)
  double sum = 0.0;
  EXPECT_DEATH(Launch("test_out_of_shared", 1, &sum), "heap-buffer-overflow");
#else
  GTEST_SKIP() << "only the address sanitizer sees this: preset asan";
#endif
}

TEST_F(GpuHostDeathTest, ARaceIsFound) {
#if LOCKSTEP_HAS(thread_sanitizer)
  float y = 0.0f;
  EXPECT_DEATH(Launch("test_race", 1, &y), "data race");
#else
  GTEST_SKIP() << "only the thread sanitizer sees this: preset tsan";
#endif
}

TEST_F(GpuHostDeathTest, AMissingBarrierIsFound) {
#if LOCKSTEP_HAS(thread_sanitizer)
  const std::vector<float> x = Numbers(kGpuThreads);
  double sum = 0.0;
  EXPECT_DEATH(Launch("test_without_barrier", 1, x.data(), &sum), "data race");
#else
  GTEST_SKIP() << "only the thread sanitizer sees this: preset tsan";
#endif
}

}  // namespace
}  // namespace lockstep::ops

// SPDX-License-Identifier: Apache-2.0
// The tests that every op with an own GPU kernel gets from its samples, on the fake CUDA
// plugin. What is checked stands in ops/core/testing/gpu_check.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/testing/address_limit.h"
#include "ops/core/cuda_kernel.h"
#include "ops/core/testing/gpu_check.h"

namespace lockstep::ops {
namespace {

// Under a sanitizer the first sample of each op alone: the threads of a kernel are threads of the
// host here, and those are dear there.
std::vector<OpCase> WithGpuKernel() {
  std::vector<OpCase> cases = AllOpCases(OpRegistry::Global());
  std::set<std::string> seen;
  std::erase_if(cases, [&seen](const OpCase& c) {
    return !HasGpuKernel(c) || (kSanitized && !seen.insert(c.op->name).second);
  });
  return cases;
}

// Ops whose GPU kernels promise the CPU's bits: they move or choose elements, draw random numbers,
// or do the same few exactly rounded operations on each element.
bool PromisesReferenceBits(const OpCase& c) {
  static const std::set<std::string> kOps = {"adam",
                                             "adamw",
                                             "add",
                                             "batch_norm_totals",
                                             "bias_add",
                                             "class_counts",
                                             "concat",
                                             "dropout",
                                             "dropout2d",
                                             "dropout2d_grad",
                                             "dropout_grad",
                                             "fill",
                                             "max_pool2d",
                                             "max_pool2d_gather",
                                             "max_pool2d_grad",
                                             "place_channels",
                                             "relu",
                                             "relu_grad",
                                             "reshape",
                                             "resize2d",
                                             "resize2d_grad",
                                             "running_average",
                                             "scale",
                                             "sgd",
                                             "sigmoid_grad",
                                             "slice_channels",
                                             "stop_gradient",
                                             "tanh_grad"};
  return kOps.contains(c.op->name);
}

std::vector<OpCase> WithReferenceBits() {
  std::vector<OpCase> cases = WithGpuKernel();
  std::erase_if(cases, [](const OpCase& c) { return !PromisesReferenceBits(c); });
  return cases;
}

std::string NameOf(const ::testing::TestParamInfo<OpCase>& info) { return info.param.ToString(); }

class GpuSample : public ::testing::TestWithParam<OpCase> {};
INSTANTIATE_TEST_SUITE_P(Ops, GpuSample, ::testing::ValuesIn(WithGpuKernel()), NameOf);

TEST_P(GpuSample, KernelsWriteEachElementOnceAndAreNearTheDoubleReference) {
  EXPECT_EQ(CheckGpuKernels(GetParam()).ToString(), "ok");
}

class GpuSampleBits : public ::testing::TestWithParam<OpCase> {};
INSTANTIATE_TEST_SUITE_P(Ops, GpuSampleBits, ::testing::ValuesIn(WithReferenceBits()), NameOf);

TEST_P(GpuSampleBits, AreTheReferenceKernels) {
  EXPECT_EQ(CheckGpuBitsAreTheReference(GetParam()).ToString(), "ok");
}

TEST(GpuSamples, AKernelThatRunsOneSampleOfAnOpRunsThemAll) {
  std::set<std::string> with;
  for (const OpCase& c : WithGpuKernel()) with.insert(c.op->name);
  for (const OpCase& c : AllOpCases(OpRegistry::Global())) {
    if (c.op->name == "fill") continue;  // its samples of doubles run on a CPU only
    // Weights of labels run on a CPU only.
    if (c.op->name.starts_with("bce_with_logits") &&
        c.sample->name.find("weight") != c.sample->name.npos) {
      EXPECT_FALSE(HasGpuKernel(c)) << c.ToString();
      continue;
    }
    if (with.contains(c.op->name)) {
      EXPECT_TRUE(HasGpuKernel(c)) << c.ToString();
    }
  }
}

}  // namespace
}  // namespace lockstep::ops

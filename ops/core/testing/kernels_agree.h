// SPDX-License-Identifier: Apache-2.0
// For inputs that are too large for samples, so that a kernel cuts them into several parts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/philox.h"
#include "ops/core/registry.h"
#include "ops/core/testing/kernel_run.h"

namespace lockstep::ops {

// Numbers in [-1, 1); of integers, in [0, below).
inline GuardedTensor MakeInput(const TensorType& type, uint32_t number, int32_t below = 0) {
  const PhiloxKey key = StreamKey(1, "kernels_agree");
  GuardedTensor tensor(type);
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    const PhiloxCounter words = Philox4x32({static_cast<uint32_t>(i), number, 0, 0}, key);
    const double part = static_cast<double>(words[0]) * 0x1p-32;
    tensor.Set(i, below > 0 ? std::floor(part * below) : 2.0 * part - 1.0);
  }
  return tensor;
}

// Every own kernel of the node, for each instruction set and number of threads, is within
// `tolerance` of the reference, relative to numbers above 1, and has the bits of all others.
inline void ExpectKernelsAgree(const std::string& op, const Attrs& attrs,
                               const std::vector<GuardedTensor>& in, double tolerance) {
  std::vector<TensorType> types;
  for (const GuardedTensor& tensor : in) types.push_back(tensor.type());
  const NodeSpec node = *MakeNode(*OpRegistry::Global().Find(op), attrs, types, "node");
  const MadeKernel reference = *MakeReferenceKernel(node);
  const std::vector<MadeKernel> kernels = *MakeOwnKernels(node);
  ASSERT_FALSE(kernels.empty()) << op;
  const std::vector<GuardedTensor> expected = *RunKernel(reference, in, {});
  const std::vector<GuardedTensor> first = *RunKernel(kernels[0], in, {});
  for (const MadeKernel& kernel : kernels) {
    const std::vector<GuardedTensor> out = *RunKernel(kernel, in, {});
    for (size_t i = 0; i < out.size(); ++i) {
      EXPECT_TRUE(out[i].SameBits(first[i])) << op << ", " << kernel.name() << ", output " << i;
      double worst = 0.0;
      for (int64_t k = 0; k < out[i].elements(); ++k) {
        const double wanted = expected[i].At(k);
        worst = std::max(worst, std::abs(out[i].At(k) - wanted) / std::max(1.0, std::abs(wanted)));
      }
      EXPECT_LE(worst, tolerance) << op << ", " << kernel.name() << ", output " << i;
    }
  }
}

}  // namespace lockstep::ops

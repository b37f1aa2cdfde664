// SPDX-License-Identifier: Apache-2.0
// What dropout draws and how it scales, for whatever is dropped: elements or channels. Number i is
// kept iff u_i >= p; u_i is uniform in [0, 1): word i mod 4 of Philox with counter (step, lane, low
// word of i/4, high word of i/4) and the key of (seed, "dropout", the node's scope path).
#pragma once

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/device/for_isa.h"
#include "base/philox.h"
#include "base/range.h"
#include "ops/core/op.h"

namespace lockstep::ops {

inline constexpr char kDropoutPurpose[] = "dropout";  // of the streams

// u is a word's top 24 bits times 2^-24: u >= p iff those are at least this, p 2^24 rounded up.
inline uint32_t LeastKept(double p) {
  const double least = p * 0x1p24;
  const uint32_t whole = static_cast<uint32_t>(least);
  return static_cast<double>(whole) < least ? whole + 1 : whole;
}

class KeptMask {
 public:
  KeptMask(const ReferenceArgs& args, double p) {
    CHECK(args.run.step != nullptr) << args.node.op->name << " needs the step header";
    key_ = StreamKey(args.run.step->seed, kDropoutPurpose, args.node.path);
    step_ = args.run.step->step;
    lane_ = args.run.step->lane;
    least_ = LeastKept(p);
  }

  // mask[i] = 1 if number i is kept, else 0, for the numbers of a run that begins at a multiple of
  // 4. It may be compiled for any instruction set (base/device/for_isa.h).
  LOCKSTEP_INLINE void Draw(Range run, uint8_t* mask) const {
    constexpr int64_t kAtOnce = 256;
    uint32_t words[kAtOnce];
    for (int64_t begin = run.begin; begin < run.end; begin += kAtOnce) {
      for (int64_t i = 0; i < kAtOnce; i += 4) {
        const uint64_t group = static_cast<uint64_t>(begin + i) / 4;
        const PhiloxCounter drawn =
            Philox4x32({step_, lane_, LowWord(group), HighWord(group)}, key_);
        words[i] = drawn[0];
        words[i + 1] = drawn[1];
        words[i + 2] = drawn[2];
        words[i + 3] = drawn[3];
      }
      const int64_t n = std::min(kAtOnce, run.end - begin);
      for (int64_t i = 0; i < n; ++i) mask[begin + i] = (words[i] >> 8) >= least_ ? 1 : 0;
    }
  }

 private:
  PhiloxKey key_{};
  uint32_t step_ = 0, lane_ = 0, least_ = 0;
};

// What is kept is multiplied by this, so that the expectation stays.
template <typename T>
T KeptFactor(double p) {
  return static_cast<T>(1.0 / (1.0 - p));
}

// x * factor where the mask is not 0, else +0; done by bits, since a branch could not be foreseen.
LOCKSTEP_INLINE inline float ScaledIfKept(float x, float factor, uint8_t mask) {
  const uint32_t all = mask != 0 ? ~uint32_t{0} : 0;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(x * factor) & all);
}

}  // namespace lockstep::ops

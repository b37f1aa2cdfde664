// SPDX-License-Identifier: Apache-2.0
// The sums of a resampling (resample.h), 16 bytes at a time, by the vectors that the machine has.
// The numbers are whole, so the bits are the same on all. Internal to storage/augment.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/device/cpu_isa.h"

namespace lockstep::storage {

inline constexpr int kWeightBits = 22;  // of the fraction of a weight
inline constexpr int32_t kHalfWeight = 1 << (kWeightBits - 1);

// The input pixels [begin, begin + count) of an output pixel, and where their weights begin.
struct Taps {
  int64_t begin = 0;
  int64_t count = 0;
  int64_t weights = 0;
};

// The byte of a sum that began with kHalfWeight.
inline uint8_t ByteOfSum(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

struct WeightedSums {
  // out[i] = the sum of in[k * stride + i] * weights[k] over the `count` rows, for as many of the n
  // bytes as there are whole groups of 16; returns how many those are.
  int64_t (*rows)(const uint8_t* in, int64_t stride, const int32_t* weights, int64_t count,
                  int64_t n, uint8_t* out);
  // Pixels of three bytes in four rows: for each column x of `columns`, the sums over its taps. One
  // byte behind each pixel that a tap reads is read too.
  void (*four_rows)(const uint8_t* in, int64_t stride, const Taps* taps, const int32_t* weights,
                    int64_t columns, int64_t out_stride, uint8_t* out);
};

// Null on a machine without such vectors.
const WeightedSums* WeightedSumsFor(CpuIsa isa);

}  // namespace lockstep::storage

// SPDX-License-Identifier: Apache-2.0
// Whether no value of an array is a NaN or an infinity.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>

namespace lockstep {

template <typename T>
bool AllFinite(const T* values, int64_t count) {
  using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  constexpr Bits kExponent = sizeof(T) == 8 ? Bits(0x7ffull << 52) : Bits(0xffu << 23);
  constexpr int64_t kChunk = 1024;  // without an exit, so that it becomes vectors
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    const int64_t end = std::min(count, begin + kChunk);
    Bits found = 0;
    for (int64_t i = begin; i < end; ++i) {
      found |= (std::bit_cast<Bits>(values[i]) & kExponent) == kExponent ? Bits(1) : Bits(0);
    }
    if (found != 0) return false;
  }
  return true;
}

}  // namespace lockstep

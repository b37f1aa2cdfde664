// SPDX-License-Identifier: Apache-2.0
// Values for the tests of sums: random, of mixed sign and of magnitudes 2^-8 .. 2^8, so that sums
// in another order nearly always have other bits.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "base/philox.h"

namespace lockstep::comm {

template <typename T>
T TestValue(uint64_t seed, uint64_t index) {
  const auto words = Philox4x32({LowWord(index), HighWord(index), 0, 0}, KeyOf(seed));
  const T fraction = T{0.5} + T{0.5} * static_cast<T>(UniformFloat(words[0]));
  const T magnitude = static_cast<T>(uint32_t{1} << (words[1] % 17)) / T{256};
  // A double's low bits come from a third word.
  const T low = std::is_same_v<T, double> ? static_cast<T>(words[2]) * T{0x1p-60} : T{0};
  return (words[3] % 2 == 0 ? T{1} : T{-1}) * (fraction + low) * magnitude;
}

template <typename T>
std::vector<T> TestValues(uint64_t seed, int64_t count) {
  std::vector<T> values;
  for (int64_t i = 0; i < count; ++i) {
    values.push_back(TestValue<T>(seed, static_cast<uint64_t>(i)));
  }
  return values;
}

template <typename T>
bool SameBits(T a, T b) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b);
}

}  // namespace lockstep::comm

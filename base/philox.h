// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10, the counter-based generator behind every random number of a run (Salmon, Moraes,
// Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011), and the few ways numbers
// are made from its words. Pure functions: no state, so assignment and resume need none.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace lockstep {

using PhiloxKey = std::array<uint32_t, 2>;
using PhiloxCounter = std::array<uint32_t, 4>;

// A 64-bit number as the two words a counter or key takes: low word first.
inline uint32_t LowWord(uint64_t v) { return static_cast<uint32_t>(v); }
inline uint32_t HighWord(uint64_t v) { return static_cast<uint32_t>(v >> 32); }
inline PhiloxKey KeyOf(uint64_t v) { return {LowWord(v), HighWord(v)}; }

// Four random words from a counter and a key. Always inlined: a loop over counters becomes vectors.
[[gnu::always_inline]] inline PhiloxCounter Philox4x32(PhiloxCounter c, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * c[2];
    c = {HighWord(p1) ^ c[1] ^ key[0], LowWord(p1), HighWord(p0) ^ c[3] ^ key[1], LowWord(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return c;
}

// Key of a random stream: XXH3-64 of (seed, 8 bytes little-endian; purpose; name), low word first.
PhiloxKey StreamKey(uint64_t seed, std::string_view purpose, std::string_view name = {});

// Uniform in [0, 1): the word's top 24 bits times 2^-24.
inline float UniformFloat(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

// One standard normal deviate from two words: Box-Muller in double on (u1 + 2^-25, u2).
double NormalFromWords(uint32_t word1, uint32_t word2);

// Uniform in [0, n), n > 0: 64-bit multiply-shift of word(attempt), attempt = 0, 1, ..., rejecting
// while the low half is below 2^32 mod n.
template <typename WordOfAttempt>
uint32_t UniformBelow(uint32_t n, WordOfAttempt&& word) {
  const uint32_t limit = static_cast<uint32_t>((uint64_t{1} << 32) % n);
  for (uint32_t attempt = 0;; ++attempt) {
    const uint64_t product = static_cast<uint64_t>(word(attempt)) * n;
    if (LowWord(product) >= limit) return HighWord(product);
  }
}

// 0 .. n-1 shuffled by Fisher-Yates from the top down: for i = n-1 .. 1 swap with a number below
// i + 1 made from word(i, attempt).
template <typename WordOfIndex>
std::vector<uint32_t> Shuffled(uint32_t n, WordOfIndex&& word) {
  std::vector<uint32_t> a(n);
  for (uint32_t i = 0; i < n; ++i) a[i] = i;
  for (uint32_t i = n; i-- > 1;) {
    const uint32_t j = UniformBelow(i + 1, [&](uint32_t attempt) { return word(i, attempt); });
    std::swap(a[i], a[j]);
  }
  return a;
}

}  // namespace lockstep

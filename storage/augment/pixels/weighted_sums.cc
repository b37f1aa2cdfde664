// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/pixels/weighted_sums.h"

#include <immintrin.h>

#include <cstring>

#include "base/device/for_isa.h"

namespace lockstep::storage {
namespace {

// 16 bytes of row k.
struct OfRows {
  const uint8_t* in;
  int64_t stride;
  LOCKSTEP_INLINE __m128i operator()(int64_t k) const {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + k * stride));
  }
};

// Pixel k of each of four rows, and the byte behind it.
struct OfFourPixels {
  const uint8_t* in;
  int64_t stride;
  LOCKSTEP_INLINE int pixel(int64_t row, int64_t k) const {
    int value;
    std::memcpy(&value, in + row * stride + 3 * k, sizeof value);
    return value;
  }
  LOCKSTEP_INLINE __m128i operator()(int64_t k) const {
    return _mm_setr_epi32(pixel(0, k), pixel(1, k), pixel(2, k), pixel(3, k));
  }
};

// The first three bytes of each group of four, to four rows.
LOCKSTEP_INLINE inline void StoreFourPixels(__m128i bytes, int64_t stride, uint8_t* out) {
  uint8_t values[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(values), bytes);
  for (int64_t r = 0; r < 4; ++r) std::memcpy(out + r * stride, values + 4 * r, 3);
}

template <typename Load>
[[gnu::target("avx2")]] LOCKSTEP_INLINE inline __m128i Sum(const Load& load, const int32_t* weights,
                                                           int64_t count) {
  __m256i low = _mm256_set1_epi32(kHalfWeight), high = low;
  for (int64_t k = 0; k < count; ++k) {
    const __m128i bytes = load(k);
    const __m256i weight = _mm256_set1_epi32(weights[k]);
    low = _mm256_add_epi32(low, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(bytes), weight));
    const __m256i behind = _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8));
    high = _mm256_add_epi32(high, _mm256_mullo_epi32(behind, weight));
  }
  // Both packings hold what is too large at the largest value, and take turns between halves.
  const __m256i words = _mm256_permute4x64_epi64(
      _mm256_packs_epi32(_mm256_srai_epi32(low, kWeightBits), _mm256_srai_epi32(high, kWeightBits)),
      0xd8);
  return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

[[gnu::target("avx2")]] int64_t SumRows(const uint8_t* in, int64_t stride, const int32_t* weights,
                                        int64_t count, int64_t n, uint8_t* out) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m128i bytes = Sum(OfRows{in + i, stride}, weights, count);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), bytes);
  }
  return i;
}

[[gnu::target("avx2")]] void SumFourRows(const uint8_t* in, int64_t stride, const Taps* taps,
                                         const int32_t* weights, int64_t columns,
                                         int64_t out_stride, uint8_t* out) {
  for (const Taps* t = taps; t < taps + columns; ++t, out += 3) {
    const OfFourPixels pixels = {in + 3 * t->begin, stride};
    StoreFourPixels(Sum(pixels, weights + t->weights, t->count), out_stride, out);
  }
}

}  // namespace

const WeightedSums* WeightedSumsFor(CpuIsa isa) {
  static constexpr WeightedSums kAvx2 = {SumRows, SumFourRows};
  return isa == CpuIsa::kBaseline ? nullptr : &kAvx2;
}

}  // namespace lockstep::storage

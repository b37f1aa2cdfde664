// SPDX-License-Identifier: Apache-2.0
// Options that several operations have, and what is made of them. Internal to storage/augment.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "base/options/option.h"
#include "base/status.h"
#include "storage/image/image.h"

namespace lockstep::storage {

inline constexpr OptionRange kSizeRange = {1, 1 << 16};     // pixels of a side
inline constexpr OptionRange kPaddingRange = {0, 1 << 16};  // pixels
inline constexpr OptionRange kByteRange = {0, 255};
inline constexpr OptionRange kShare = {0, 1};
inline constexpr OptionRange kAngle = {-360, 360};  // degrees

// A height and a width, given as one number for both or as two.
inline OptionSpec SaysSize(const char* doc) { return Says(doc).Within(kSizeRange).Length(1, 2); }
struct SizePair {
  explicit SizePair(const std::vector<int64_t>& size) : height(size.front()), width(size.back()) {}
  int64_t height, width;
};

// From a number to another, both given; or what is around `centre` by the one that is given.
struct Span {
  static Span Of(const std::vector<double>& given) { return {given.front(), given.back()}; }
  static Span Around(double centre, const std::vector<double>& given) {
    if (given.size() > 1) return Of(given);
    return {centre - given.front(), centre + given.front()};
  }
  double low = 0, high = 0;
};

inline Status CheckSpan(const char* name, const Span& span) {
  if (span.low <= span.high) return OkStatus();
  return InvalidArgument("'" + std::string(name) + "' goes from " + OptionText(span.low) + " to " +
                         OptionText(span.high) + ", expected the smaller number first");
}

// For operations on colours.
inline Status CheckColours(const ImageSize& size) {
  if (size.channels == 1 || size.channels == 3) return OkStatus();
  return InvalidArgument("images of " + std::to_string(size.channels) +
                         " channels have no colours, expected 1 or 3 channels");
}

// Whether something of this probability depends on chance.
inline bool IsRandom(double probability) { return probability > 0.0 && probability < 1.0; }

// To the nearest whole number, the upper one of two; |x| < 2^53.
inline int64_t Rounded(double x) { return static_cast<int64_t>(std::floor(x + 0.5)); }

}  // namespace lockstep::storage

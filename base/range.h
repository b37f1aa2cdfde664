// SPDX-License-Identifier: Apache-2.0
// A half-open range of integers, and the one rule by which n things are dealt to parts.
#pragma once

#include <cstdint>

namespace lockstep {

struct Range {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};

// Part number `i` where [0, n) is cut into `parts`: [floor(i n / parts), floor((i+1) n / parts)).
inline Range PartOf(int64_t n, int64_t parts, int64_t i) {
  return {i * n / parts, (i + 1) * n / parts};
}

}  // namespace lockstep

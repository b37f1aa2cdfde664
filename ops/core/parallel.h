// SPDX-License-Identifier: Apache-2.0
// Loops over the threads of a lane: work is cut into parts by the shapes alone, parts are dealt to
// threads statically, and results are combined by the number of the part. So the bits do not depend
// on how many threads there are.
//
// In builds without OpenMP (the sanitizer that knows no OpenMP) all parts run on the caller.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include "base/range.h"
#include "base/shape.h"

namespace lockstep::ops {

// work(part) for every part of [0, parts), on at most `threads` threads.
void ForParts(int32_t threads, int64_t parts, const std::function<void(int64_t)>& work);

// Cuts [0, n) into runs of `grain` and calls work(run) for each, on at most `threads` threads.
inline void ForRuns(int32_t threads, int64_t n, int64_t grain,
                    const std::function<void(Range)>& work) {
  const int64_t parts = (n + grain - 1) / grain;
  ForParts(threads, parts, [&](int64_t part) {
    work({part * grain, part + 1 == parts ? n : (part + 1) * grain});
  });
}

// How many elements are dealt at a time where each is work of its own: few enough for even shares.
inline constexpr int64_t kElementGrain = 4096;

// How many rows of pixels of images (N, H, W, C) have about so many elements.
inline int64_t RowGrain(const Shape& images) {
  return std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, images[2] * images[3]));
}

}  // namespace lockstep::ops

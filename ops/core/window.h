// SPDX-License-Identifier: Apache-2.0
// One axis of a sliding window: what convolutions and pools share. Output position p covers the
// input positions p * stride - padding + r * dilation, r = 0 .. kernel - 1.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/range.h"
#include "base/status.h"

namespace lockstep::ops {

struct Window {
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t padding = 0;  // on each side
  int64_t dilation = 1;

  int64_t span() const {
    return dilation * (kernel - 1) + 1;
  }  // input positions from first to last

  // Number of output positions over `in` input positions, at least 1; or what is impossible.
  // `axis` names the axis in the message ("height").
  Result<int64_t> Outputs(int64_t in, std::string_view axis) const;
  // Number of output positions of a pool. It fails also where the padding is above half the kernel,
  // since a window could be empty then.
  Result<int64_t> PoolOutputs(int64_t in, std::string_view axis) const;

  // The r for which output position p reads a position inside [0, in).
  Range Inside(int64_t p, int64_t in) const;
  // The output positions below `outputs` whose window, of dilation 1, covers input position i.
  Range Covering(int64_t i, int64_t outputs) const;
};

// The windows that a pool's attributes state.
template <typename A>
Window HeightOf(const A& a) {
  return {a.kernel_h, a.stride_h, a.padding_h};
}
template <typename A>
Window WidthOf(const A& a) {
  return {a.kernel_w, a.stride_w, a.padding_w};
}

}  // namespace lockstep::ops

// SPDX-License-Identifier: Apache-2.0
// Tensors side by side along their last axis, the channels; their other axes are the same.
//
//   concat            x_0 (..., C_0), x_1 (..., C_1), ...  ->  y (..., C_0 + C_1 + ...)
//   slice_channels    x (..., C)  ->  y (..., count), the channels from `begin` on
//   place_channels    x (..., count)  ->  y (..., channels): x from `begin` on, +0 elsewhere
//
// A slice is the gradient of what it is cut from, and a placed slice that of a slice. Nothing is
// computed, so every bit stays as it is.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct ConcatAttrs {
  std::vector<int64_t> channels;  // of each input

  template <typename V>
  void Visit(V&& v) {
    v("channels", channels);
  }
};

struct SliceChannelsAttrs {
  int64_t begin = 0;
  int64_t count = 0;

  template <typename V>
  void Visit(V&& v) {
    v("begin", begin);
    v("count", count);
  }
};

struct PlaceChannelsAttrs {
  int64_t begin = 0;
  int64_t channels = 0;  // of the result

  template <typename V>
  void Visit(V&& v) {
    v("begin", begin);
    v("channels", channels);
  }
};

// Requires at least one value.
Value Concat(Emitter* e, std::span<const Value> parts);
Value SliceChannels(Emitter* e, Value x, int64_t begin, int64_t count);
// The inverse of Concat: pieces of so many channels each, in order. They may leave channels over.
std::vector<Value> Split(Emitter* e, Value x, std::span<const int64_t> channels);

}  // namespace lockstep::ops

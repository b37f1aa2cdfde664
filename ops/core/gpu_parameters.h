// SPDX-License-Identifier: Apache-2.0
// Plain data that launches hand to kernels, seen by the host and by devices alike.
#pragma once

#include <cstdint>

namespace lockstep::gpu {

inline constexpr int kThreads = 128;  // of a block, of every kernel

// Where the random numbers of a node begin in a step: the key of its Philox stream, and the first
// two words of the counter.
struct PhiloxStart {
  uint32_t key0 = 0, key1 = 0;
  uint32_t step = 0, lane = 0;
};

// Constants of Adam and AdamW: weight = 1 - beta1, rest2 = 1 - beta2.
struct Moments {
  double weight;
  float beta2, rest2, eps;
};

// A sliding window over images (N, H, W, C) with outputs (N, P, Q, C), as pools have it.
struct PoolShape {
  int64_t n, h, w, c, p, q;
  int64_t kernel_h, kernel_w, stride_h, stride_w, padding_h, padding_w;
};

}  // namespace lockstep::gpu

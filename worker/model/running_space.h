// SPDX-License-Identifier: Apache-2.0
// Where the running statistics of batch norms lie: one block per layer, in an arena of fp64 for the
// sums over lanes and in an arena of the run's precision for the running state. Both have the same
// offsets, so one rank owns a layer in both.
//
//   block: [count, 15 zeros | mean, padded to 16 | variance, padded to 16]
//
// In the sums, count is sum n_l, mean is sum n_l mean_l, variance is sum n_l uvar_l over lanes with
// n_l >= 2 elements per channel; in the running state count is 0.
#pragma once

#include <cstdint>
#include <vector>

#include "comm/reduce/block_exchange.h"
#include "graph/nn/net.h"

namespace lockstep::worker {

class RunningSpace {
 public:
  static constexpr int64_t kAlign = 16;  // elements: 64 bytes of fp32

  explicit RunningSpace(const std::vector<graph::RunningStatistics>& layers) {
    for (const graph::RunningStatistics& layer : layers) {
      const int64_t padded = (layer.channels + kAlign - 1) / kAlign * kAlign;
      blocks_.push_back({elements_, kAlign + 2 * padded});
      elements_ += blocks_.back().length;
      padded_.push_back(padded);
    }
  }

  const std::vector<comm::BlockSpan>& blocks() const { return blocks_; }  // by layer
  int64_t elements() const { return elements_; }
  int64_t CountAt(size_t layer) const { return blocks_[layer].offset; }
  int64_t MeanAt(size_t layer) const { return blocks_[layer].offset + kAlign; }
  int64_t VarianceAt(size_t layer) const { return MeanAt(layer) + padded_[layer]; }

 private:
  std::vector<comm::BlockSpan> blocks_;
  std::vector<int64_t> padded_;
  int64_t elements_ = 0;
};

}  // namespace lockstep::worker

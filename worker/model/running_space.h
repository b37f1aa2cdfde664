// SPDX-License-Identifier: Apache-2.0
// Where the running statistics of batch norms lie: one block per layer, in an arena of fp64 for the
// sums over lanes and in an arena of the run's precision for the running state. Both have the same
// offsets, so one rank owns a layer in both.
//
//   block: for each call of the layer in a phase
//          [count, 15 zeros | mean, padded to 16 | variance, padded to 16]
//
// In the sums, count is sum n_l, mean is sum n_l mean_l, variance is sum n_l uvar_l over lanes with
// n_l >= 2 elements per channel, each lane's terms as its plan made them
// (ops/norm/batch_norm_totals). The running state lies where the first call's mean and variance do;
// all else of its arena is 0.
//
// Layers whose statistics do not learn (batch norms that are frozen) lie behind the others, in the
// arena of the state alone: they have no sums and are not exchanged.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "comm/reduce/block_exchange.h"
#include "graph/nn/net.h"

namespace lockstep::worker {

class RunningSpace {
 public:
  static constexpr int64_t kAlign = 16;  // elements: 64 bytes of fp32

  // learns(layer): whether its statistics do.
  RunningSpace(const std::vector<graph::RunningStatistics>& layers,
               const std::function<bool(const graph::RunningStatistics&)>& learns) {
    int64_t at = 0;
    blocks_.resize(layers.size());
    for (const bool learning : {true, false}) {
      for (size_t layer = 0; layer < layers.size(); ++layer) {
        if (learns(layers[layer]) != learning) continue;
        blocks_[layer] = {at, layers[layer].calls * (kAlign + 2 * Padded(layers[layer]))};
        at += blocks_[layer].length;
        if (learning) learning_.push_back(layer);
      }
      if (learning) elements_ = at;
    }
    arena_elements_ = at;
    for (const graph::RunningStatistics& layer : layers) AddPlaces(layer);
  }

  const std::vector<comm::BlockSpan>& blocks() const { return blocks_; }  // by layer
  const std::vector<size_t>& learning() const { return learning_; }       // layers, increasing
  int64_t elements() const { return elements_; }                          // of the sums
  int64_t arena_elements() const { return arena_elements_; }              // of the state
  int32_t calls(size_t layer) const { return calls_[layer]; }
  int64_t CountAt(size_t layer, int32_t call = 0) const {
    return blocks_[layer].offset + call * (kAlign + 2 * padded_[layer]);
  }
  int64_t MeanAt(size_t layer, int32_t call = 0) const { return CountAt(layer, call) + kAlign; }
  int64_t VarianceAt(size_t layer, int32_t call = 0) const {
    return MeanAt(layer, call) + padded_[layer];
  }
  // Where the result of a lane plan of that name ("mean:layer1/0/bn1") belongs in the sums, or
  // where the state of that name ("layer1/0/bn1.running_mean") lies.
  int64_t PlaceOf(std::string_view name) const {
    const auto place = place_.find(name);
    CHECK(place != place_.end()) << "no batch norm has " << name;
    return place->second;
  }

 private:
  static int64_t Padded(const graph::RunningStatistics& layer) {
    return (layer.channels + kAlign - 1) / kAlign * kAlign;
  }
  void AddPlaces(const graph::RunningStatistics& layer) {
    const size_t index = calls_.size();
    padded_.push_back(Padded(layer));
    calls_.push_back(layer.calls);
    for (int32_t call = 0; call < layer.calls; ++call) {
      const std::string path = graph::CallPath(layer.path, call);
      place_["count:" + path] = CountAt(index, call);
      place_["mean:" + path] = MeanAt(index, call);
      place_["var:" + path] = VarianceAt(index, call);
    }
    place_[layer.path + ".running_mean"] = MeanAt(index);
    place_[layer.path + ".running_var"] = VarianceAt(index);
  }

  std::vector<comm::BlockSpan> blocks_;
  std::vector<size_t> learning_;
  std::vector<int64_t> padded_;
  std::vector<int32_t> calls_;
  std::map<std::string, int64_t, std::less<>> place_;
  int64_t elements_ = 0, arena_elements_ = 0;
};

}  // namespace lockstep::worker

// SPDX-License-Identifier: Apache-2.0
// AugmentOp: one operation of an augmentation list, with its options. Each operation is a folder of
// storage/augment, which registers it (registry.h).
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/augment/draws.h"
#include "storage/augment/sample.h"
#include "storage/image/image.h"

namespace lockstep::storage {

// Statistics of x / 255 for each channel, as the dataset stores them.
struct ChannelStatistics {
  std::vector<double> mean;
  std::vector<double> std;
};

// What an operation may know of the dataset when it is made.
struct AugmentContext {
  const ChannelStatistics* statistics = nullptr;
};

class AugmentOp {
 public:
  virtual ~AugmentOp() = default;

  // Whether the result depends on the draws.
  virtual bool random() const = 0;
  // What an image of size `in` becomes: never a matter of the draws. The error says why it cannot
  // be; the caller adds which operation that is.
  virtual Result<ImageSize> OutputSize(ImageSize in) const = 0;
  // OutputSize(sample->size()) is OK; the sample has that size afterwards.
  virtual void Run(AugmentDraws* draws, AugmentedSample* sample) const = 0;
  // Of an operation that makes numbers of bytes and ends the list: with which statistics.
  virtual const ChannelStatistics* normalises() const { return nullptr; }
};

// A new operation of class Op.
template <typename Op, typename... Arguments>
std::unique_ptr<AugmentOp> MakeAugmentOp(Arguments&&... arguments) {
  return std::make_unique<Op>(std::forward<Arguments>(arguments)...);
}

}  // namespace lockstep::storage

// SPDX-License-Identifier: Apache-2.0
// Augmentation: what happens to an image between its record and the batch, said as a list of
// operations in a recipe (augment.train, augment.val) and run in that order:
//
//   random-crop:SIZE[:pad=P]   pads P zero pixels on each side, takes a SIZE x SIZE window whose
//                              top-left corner is uniform: first y, then x (random)
//   hflip                      mirrors left-right with probability one half (random)
//   pad:P                      adds P zero pixels on each side
//   normalise                  (x / 255 - mean) / std, the dataset's statistics of each channel
//   normalise:mean=M:std=S     the same with numbers of the recipe: one, or one per channel
//   (0.5,0.4)
//
// Geometry runs on bytes (H W C); `normalise` makes numbers of them and must come last. Without it
// a value is x / 255. A padded pixel is the byte 0, so it is normalised like any other. Values are
// computed in double and rounded once to the batch's type.
//
// Random numbers are the stream `augment` of the run's seed, counter (epoch, id lo, id hi,
// index of the operation in the list * 2^24 + draw), word 0: a pure function of (seed, epoch, id,
// list), whatever lane, step, thread or rank the sample falls to. `id` is the absolute sample id
// of the dataset (not relative to the split). A rejected draw takes the next.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/philox.h"
#include "base/shape.h"
#include "base/status.h"

namespace lockstep::storage {

class AugmentOp;

// Statistics of x / 255 for each channel, as the dataset stores them.
struct ChannelStatistics {
  std::vector<double> mean;
  std::vector<double> std;
};

// An image in bytes, H W C; the two buffers an image passes through. One for each thread.
struct AugmentScratch {
  std::vector<uint8_t> in, out;
};

// Which random numbers an image gets.
struct AugmentStream {
  PhiloxKey key{};  // StreamKey(seed, "augment")
  Epoch epoch;
  SampleId id;  // absolute
};

class Augmentation {
 public:
  // Errors (invalid-argument) name the operation, its place in the list, what was expected, and the
  // nearest known name.
  static Result<Augmentation> Parse(const std::vector<std::string>& operations,
                                    const ChannelStatistics& statistics);
  Augmentation(Augmentation&&) noexcept;
  Augmentation& operator=(Augmentation&&) noexcept;
  ~Augmentation();

  // [H, W, C] of what an image of height x width x channels becomes, or why it cannot (a crop
  // larger than the padded image, statistics for another number of channels).
  Result<Shape> OutputShape(int64_t height, int64_t width, int64_t channels) const;

  // Fails, naming the operation, where one draws random numbers: evaluation must not.
  Status RequireDeterministic() const;

  // Writes OutputShape(...).elements() values to y. `pixels` holds height x width x channels bytes,
  // and OutputShape of these sizes is OK. T is float or double. Any thread may call it with its own
  // scratch.
  template <typename T>
  void Run(const uint8_t* pixels, int64_t height, int64_t width, int64_t channels,
           const AugmentStream& stream, AugmentScratch* scratch, T* y) const;

 private:
  Augmentation();

  std::vector<std::unique_ptr<AugmentOp>> ops_;  // geometry, in list order
  std::vector<double> mean_, std_;               // of `normalise`; empty: values are x / 255
  // For a byte b of channel c, (b / 255 - mean) / std at [c * 256 + b]; one row for all channels
  // where mean_ has one entry or none. In double, and rounded to float.
  std::vector<double> f64_values_;
  std::vector<float> f32_values_;
};

}  // namespace lockstep::storage

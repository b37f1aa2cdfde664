// SPDX-License-Identifier: Apache-2.0
// Augmentation: what happens to a sample between its record and the batch, said as a list of
// operations in a recipe (augment.train, augment.val) and run in that order:
//
//   augment.train = ["random-resized-crop:224:scale=0.08,1", "hflip", "normalise"]
//
// docs/augmentation.md lists the operations; each is a folder here, whose file says what it does
// and draws. An operation draws its random numbers once a sample and then does the same to the
// image, the masks and the boxes (sample.h).
//
// Geometry and colours run on bytes (H W C); `normalise` makes numbers of them and must come last.
// Without it a value is x / 255. A padded pixel is a byte and normalised like any other. Values are
// computed in double and rounded once to the batch's type.
//
// A sample's result is a pure function of (seed, epoch, id, list): see draws.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/shape.h"
#include "base/status.h"
#include "storage/augment/augment_op.h"
#include "storage/augment/draws.h"
#include "storage/augment/sample.h"
#include "storage/image/image.h"

namespace lockstep::storage {

class Augmentation {
 public:
  // Errors (invalid-argument) name the operation, its place in the list, what was expected, and the
  // nearest known name.
  static Result<Augmentation> Parse(const std::vector<std::string>& operations,
                                    const ChannelStatistics& statistics);
  Augmentation(Augmentation&&) noexcept;
  Augmentation& operator=(Augmentation&&) noexcept;
  ~Augmentation();

  // What an image of size `in` becomes, or why it cannot (a crop larger than the padded image,
  // statistics for another number of channels).
  Result<ImageSize> OutputSize(ImageSize in) const;

  // [H, W, C] of what every image becomes. `sizes`: the different ones that the images have, at
  // least one. A list that does not make one size of them is an error that names two images' sizes
  // and what each becomes.
  Result<Shape> OutputShape(std::span<const ImageSize> sizes) const;
  Result<Shape> OutputShape(int64_t height, int64_t width, int64_t channels) const;

  // Whether no operation changes a sample: the list is empty, or has `normalise` alone.
  bool IsIdentity() const { return steps_.empty(); }

  // Fails, naming the operation, where one draws random numbers: evaluation must not.
  Status RequireDeterministic() const;

  // Runs the list on a sample, whose image is read afterwards. Fails where an image has a size that
  // the list cannot take, or cannot be read. Any thread may call it with its own sample.
  Status Run(const AugmentStream& stream, AugmentedSample* sample) const;

  // Writes the values of an image that Run made, H W C, to y. T is float or double.
  template <typename T>
  void Write(const ImageView& image, T* y) const;

 private:
  struct Step {
    std::string text;  // as the recipe says it
    std::unique_ptr<AugmentOp> op;

    Result<ImageSize> OutputSize(ImageSize in) const;
  };

  Augmentation();
  // Whether there are statistics for images of so many channels.
  Status CheckChannels(int64_t channels) const;

  std::vector<Step> steps_;      // without `normalise`
  ChannelStatistics normalise_;  // empty: values are x / 255
  // For a byte b of channel c, (b / 255 - mean) / std at [c * 256 + b]; one row for all channels
  // where there is one mean or none. In double, and rounded to float.
  std::vector<double> f64_values_;
  std::vector<float> f32_values_;
};

}  // namespace lockstep::storage

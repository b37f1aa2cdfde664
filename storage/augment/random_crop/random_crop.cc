// SPDX-License-Identifier: Apache-2.0
// random-crop:SIZE[:pad=P]: adds P zero pixels on each side, then takes a window of SIZE x SIZE, or
// of height x width where SIZE is two numbers, whose place is uniform.
// Draws: the row of its upper left corner, then the column; each below a number, so one and one
// more for each rejection.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::random_crop {
namespace {

struct Options {
  std::vector<int64_t> size = {1};
  int64_t pad = 0;

  template <typename V>
  void Visit(V&& v) {
    v("size", size,
      SaysSize("of the window, in pixels: one number for both sides, or HEIGHT,WIDTH"));
    v("pad", pad, Says("zero pixels added on each side before").Within(kPaddingRange));
  }
};

class RandomCrop : public AugmentOp {
 public:
  explicit RandomCrop(const Options& options) : size_(options.size), pad_(options.pad) {}

  bool random() const override { return true; }

  Result<ImageSize> OutputSize(ImageSize in) const override {
    const ImageSize padded = {in.height + 2 * pad_, in.width + 2 * pad_, in.channels};
    if (size_.height > padded.height || size_.width > padded.width) {
      return InvalidArgument("the crop of " + std::to_string(size_.height) + "x" +
                             std::to_string(size_.width) + " is larger than the image, " +
                             in.ToString() + " and " + padded.ToString() +
                             " when padded; use a smaller size or a larger pad");
    }
    return ImageSize{size_.height, size_.width, in.channels};
  }

  void Run(AugmentDraws* draws, AugmentedSample* sample) const override {
    const ImageSize size = sample->size();
    const auto rows = static_cast<uint32_t>(size.height + 2 * pad_ - size_.height + 1);
    const auto columns = static_cast<uint32_t>(size.width + 2 * pad_ - size_.width + 1);
    const int64_t top = draws->Below(rows);
    const int64_t left = draws->Below(columns);
    sample->Crop({top - pad_, left - pad_, size_.height, size_.width});
  }

 private:
  SizePair size_;
  int64_t pad_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  return MakeAugmentOp<RandomCrop>(options);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>({.name = "random-crop",
                         .doc = "takes a window whose place is drawn",
                         .values = 1,
                         .make = Make});
}

}  // namespace lockstep::storage::augmentations::random_crop

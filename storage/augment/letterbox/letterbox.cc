// SPDX-License-Identifier: Apache-2.0
// letterbox:SIZE[:fill=F][:filter=F]: makes the image as large as fits into SIZE x SIZE, or height
// x width where SIZE is two numbers, keeping its proportion, and adds pixels around it up to that
// size: as many before as behind, or one more behind.
// Draws: none.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::letterbox {
namespace {

struct Options {
  std::vector<int64_t> size = {1};
  int64_t fill = 0;
  std::string filter = "bilinear";

  template <typename V>
  void Visit(V&& v) {
    v("size", size,
      SaysSize("of the result, in pixels: one number for both sides, or HEIGHT,WIDTH"));
    v("fill", fill, Says("byte of the pixels around, in every channel").Within(kByteRange));
    v("filter", filter, Says("nearest, bilinear or bicubic").OneOf(FilterNames()));
  }
};

// part * of / whole to the nearest whole number, at least 1.
int64_t Proportional(int64_t part, int64_t of, int64_t whole) {
  return std::max<int64_t>(1, (2 * part * of + whole) / (2 * whole));
}

class Letterbox : public AugmentOp {
 public:
  explicit Letterbox(const Options& options)
      : size_(options.size),
        fill_(static_cast<uint8_t>(options.fill)),
        filter_(FilterOf(options.filter)) {}

  bool random() const override { return false; }

  Result<ImageSize> OutputSize(ImageSize in) const override {
    const ImageSize fitting = Fitting(in);
    RETURN_IF_ERROR(CheckResample(in, fitting.height, fitting.width));
    return ImageSize{size_.height, size_.width, in.channels};
  }

  void Run(AugmentDraws*, AugmentedSample* sample) const override {
    const ImageSize fitting = Fitting(sample->size());
    sample->Resize(fitting.height, fitting.width, filter_);
    sample->Crop({-((size_.height - fitting.height) / 2), -((size_.width - fitting.width) / 2),
                  size_.height, size_.width},
                 fill_);
  }

 private:
  ImageSize Fitting(const ImageSize& in) const {
    if (size_.width * in.height <= size_.height * in.width) {
      return {Proportional(in.height, size_.width, in.width), size_.width, in.channels};
    }
    return {size_.height, Proportional(in.width, size_.height, in.height), in.channels};
  }

  SizePair size_;
  uint8_t fill_;
  Filter filter_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  return MakeAugmentOp<Letterbox>(options);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>({.name = "letterbox",
                         .doc = "fits the image into a size, and adds pixels around it",
                         .values = 1,
                         .make = Make});
}

}  // namespace lockstep::storage::augmentations::letterbox

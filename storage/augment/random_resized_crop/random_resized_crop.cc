// SPDX-License-Identifier: Apache-2.0
// random-resized-crop:SIZE[:scale=LOW,HIGH][:ratio=LOW,HIGH][:filter=F]: takes a window of a drawn
// share of the image's area and a drawn proportion (width / height), and resizes it, as
// torchvision's RandomResizedCrop does. The window is cut before it is resized: pixels beside it
// have no part in the result.
//
// Draws: up to ten attempts of
//   area   = height * width * Between(scale)
//   aspect = exp(Between(log of ratio))
//   w = round(sqrt(area * aspect)), h = round(sqrt(area / aspect))
// The first window that fits is taken; its top is Below(height - h + 1), then its left is
// Below(width - w + 1). So 2 draws an attempt, and 2 and one for each rejection for the place.
// Where none fits, the largest window in the middle that has an allowed proportion is taken.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/math.h"
#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::random_resized_crop {
namespace {

constexpr int kAttempts = 10;

struct Options {
  std::vector<int64_t> size = {1};
  std::vector<double> scale = {0.08, 1.0};
  std::vector<double> ratio = {3.0 / 4.0, 4.0 / 3.0};
  std::string filter = "bilinear";

  template <typename V>
  void Visit(V&& v) {
    v("size", size,
      SaysSize("of the result, in pixels: one number for both sides, or HEIGHT,WIDTH"));
    v("scale", scale,
      Says("least and largest share of the image's area")
          .Within({.low = 0, .high = 1, .low_open = true})
          .Length(2, 2));
    v("ratio", ratio,
      Says("least and largest width / height of the window")
          .Within({.low = 0, .high = 1000, .low_open = true})
          .Length(2, 2));
    v("filter", filter, Says("nearest, bilinear or bicubic").OneOf(FilterNames()));
  }
};

class RandomResizedCrop : public AugmentOp {
 public:
  explicit RandomResizedCrop(const Options& options)
      : size_(options.size),
        scale_(Span::Of(options.scale)),
        ratio_(Span::Of(options.ratio)),
        log_ratio_{math::Log(ratio_.low), math::Log(ratio_.high)},
        filter_(FilterOf(options.filter)) {}

  bool random() const override { return true; }

  Result<ImageSize> OutputSize(ImageSize in) const override {
    // The window is no higher and no wider than the image.
    RETURN_IF_ERROR(CheckResample(in, size_.height, size_.width));
    return ImageSize{size_.height, size_.width, in.channels};
  }

  void Run(AugmentDraws* draws, AugmentedSample* sample) const override {
    sample->Crop(DrawWindow(draws, sample->size()));
    sample->Resize(size_.height, size_.width, filter_);
  }

 private:
  Window DrawWindow(AugmentDraws* draws, const ImageSize& in) const {
    const auto pixels = static_cast<double>(in.pixels());
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const double area = pixels * draws->Between(scale_.low, scale_.high);
      const double aspect = math::Exp(draws->Between(log_ratio_.low, log_ratio_.high));
      const int64_t width = Rounded(math::Sqrt(area * aspect));
      const int64_t height = Rounded(math::Sqrt(area / aspect));
      if (width < 1 || width > in.width || height < 1 || height > in.height) continue;
      const int64_t top = draws->Below(static_cast<uint32_t>(in.height - height + 1));
      const int64_t left = draws->Below(static_cast<uint32_t>(in.width - width + 1));
      return {top, left, height, width};
    }
    return LargestInTheMiddle(in);
  }

  Window LargestInTheMiddle(const ImageSize& in) const {
    const auto height = static_cast<double>(in.height), width = static_cast<double>(in.width);
    Window window = {0, 0, in.height, in.width};
    if (width / height < ratio_.low) {
      window.height = std::clamp<int64_t>(Rounded(width / ratio_.low), 1, in.height);
    } else if (width / height > ratio_.high) {
      window.width = std::clamp<int64_t>(Rounded(height * ratio_.high), 1, in.width);
    }
    window.top = (in.height - window.height) / 2;
    window.left = (in.width - window.width) / 2;
    return window;
  }

  SizePair size_;
  Span scale_, ratio_, log_ratio_;
  Filter filter_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  RETURN_IF_ERROR(CheckSpan("scale", Span::Of(options.scale)));
  RETURN_IF_ERROR(CheckSpan("ratio", Span::Of(options.ratio)));
  return MakeAugmentOp<RandomResizedCrop>(options);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>(
      {.name = "random-resized-crop",
       .doc = "takes a window of drawn area, proportion and place, and resizes it",
       .values = 1,
       .make = Make});
}

}  // namespace lockstep::storage::augmentations::random_resized_crop

// SPDX-License-Identifier: Apache-2.0
// erase[:p=P][:scale=LOW,HIGH][:ratio=LOW,HIGH][:value=V]: with probability p fills a rectangle of
// a drawn share of the image's area and a drawn proportion (height / width), as torchvision's
// RandomErasing does, but on bytes. Masks and boxes stay: what is hidden is still there.
//
// Draws: one, u; nothing happens where u >= p. Then up to ten attempts of
//   area   = height * width * Between(scale)
//   aspect = exp(Between(log of ratio))
//   h = round(sqrt(area * aspect)), w = round(sqrt(area / aspect))
// The first rectangle that is smaller than the image both ways is taken: its top is
// Below(height - h + 1), then its left is Below(width - w + 1). Where none is, nothing happens.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/math.h"
#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::erase {
namespace {

constexpr int kAttempts = 10;

struct Options {
  double p = 0.5;
  std::vector<double> scale = {0.02, 0.33};
  std::vector<double> ratio = {0.3, 3.3};
  std::vector<int64_t> value = {0};

  template <typename V>
  void Visit(V&& v) {
    v("p", p, Says("probability").Within(kShare));
    v("scale", scale,
      Says("least and largest share of the image's area").Within(kShare).Length(2, 2));
    v("ratio", ratio,
      Says("least and largest height / width of the rectangle")
          .Within({.low = 0, .high = 1000, .low_open = true})
          .Length(2, 2));
    v("value", value, Says("its byte, or one a channel").Within(kByteRange).Length(1, 4));
  }
};

void Fill(const Window& window, const std::vector<int64_t>& value, const ImageSize& size,
          uint8_t* pixels) {
  for (int64_t y = window.top; y < window.top + window.height; ++y) {
    uint8_t* at = pixels + (y * size.width + window.left) * size.channels;
    for (int64_t i = 0; i < window.width * size.channels; ++i) {
      const auto channel = static_cast<size_t>(i % size.channels);
      *at++ = static_cast<uint8_t>(value.size() == 1 ? value[0] : value[channel]);
    }
  }
}

class Erase : public AugmentOp {
 public:
  explicit Erase(const Options& options) : options_(options) {}

  bool random() const override { return options_.p > 0.0; }

  Result<ImageSize> OutputSize(ImageSize in) const override {
    const size_t given = options_.value.size();
    if (given == 1 || static_cast<int64_t>(given) == in.channels) return in;
    return InvalidArgument("'value' has " + std::to_string(given) + " bytes for images of " +
                           std::to_string(in.channels) + " channels; give one, or one a channel");
  }

  void Run(AugmentDraws* draws, AugmentedSample* sample) const override {
    if (draws->Uniform() >= options_.p) return;
    const Window window = DrawWindow(draws, sample->size());
    if (window.height == 0) return;
    sample->ChangeColours([&](uint8_t* pixels, const ImageSize& size) {
      Fill(window, options_.value, size, pixels);
    });
  }

 private:
  // Empty where none fits.
  Window DrawWindow(AugmentDraws* draws, const ImageSize& in) const {
    const double low = math::Log(options_.ratio[0]), high = math::Log(options_.ratio[1]);
    const auto pixels = static_cast<double>(in.pixels());
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const double area = pixels * draws->Between(options_.scale[0], options_.scale[1]);
      const double aspect = math::Exp(draws->Between(low, high));
      const int64_t height = Rounded(math::Sqrt(area * aspect));
      const int64_t width = Rounded(math::Sqrt(area / aspect));
      if (height >= in.height || width >= in.width || height < 1 || width < 1) continue;
      const int64_t top = draws->Below(static_cast<uint32_t>(in.height - height + 1));
      const int64_t left = draws->Below(static_cast<uint32_t>(in.width - width + 1));
      return {top, left, height, width};
    }
    return {};
  }

  Options options_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  RETURN_IF_ERROR(CheckSpan("scale", Span::Of(options.scale)));
  RETURN_IF_ERROR(CheckSpan("ratio", Span::Of(options.ratio)));
  return MakeAugmentOp<Erase>(options);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>({.name = "erase",
                         .doc = "fills a drawn rectangle of the image with a probability",
                         .values = 0,
                         .make = Make});
}

}  // namespace lockstep::storage::augmentations::erase

// SPDX-License-Identifier: Apache-2.0
// color-jitter[:brightness=B][:contrast=C][:saturation=S][:hue=H]: changes the four in a drawn
// order by drawn amounts, as torchvision's ColorJitter does to a Pillow image (pixels/colour.h). B,
// C and S are a number x, for factors from max(0, 1 - x) to 1 + x, or the least and the largest
// factor; H is a number x up to 0.5, for turns from -x to x of the circle, or the least and the
// largest turn. What is not given stays. Images of 1 channel have neither saturation nor hue.
//
// Draws: the order of (brightness, contrast, saturation, hue) by Fisher-Yates from the top down:
// for i = 3, 2, 1 swap with Below(i + 1), one and one more for each rejection; then one for each of
// the four in this order of the names, given or not.
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/augment/op_options.h"
#include "storage/augment/pixels/colour.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::color_jitter {
namespace {

constexpr OptionRange kFactor = {0, 100};
constexpr OptionRange kTurn = {-0.5, 0.5};

struct Options {
  std::vector<double> brightness = {0.0}, contrast = {0.0}, saturation = {0.0}, hue = {0.0};

  template <typename V>
  void Visit(V&& v) {
    v("brightness", brightness,
      Says("x for factors from 1 - x to 1 + x, or LOW,HIGH").Within(kFactor).Length(1, 2));
    v("contrast", contrast, Says("as brightness").Within(kFactor).Length(1, 2));
    v("saturation", saturation, Says("as brightness").Within(kFactor).Length(1, 2));
    v("hue", hue,
      Says("x for turns from -x to x of the circle, or LOW,HIGH").Within(kTurn).Length(1, 2));
  }
};

Span Factors(const std::vector<double>& given) {
  Span span = Span::Around(1.0, given);
  span.low = std::max(0.0, span.low);
  return span;
}

class ColorJitter : public AugmentOp {
 public:
  explicit ColorJitter(const Options& options)
      : spans_{Factors(options.brightness), Factors(options.contrast), Factors(options.saturation),
               Span::Around(0.0, options.hue)} {}

  bool random() const override { return true; }
  Result<ImageSize> OutputSize(ImageSize in) const override {
    RETURN_IF_ERROR(CheckColours(in));
    return in;
  }

  void Run(AugmentDraws* draws, AugmentedSample* sample) const override {
    std::array<int, 4> order = {0, 1, 2, 3};
    for (uint32_t i = 3; i > 0; --i) std::swap(order[i], order[draws->Below(i + 1)]);
    std::array<double, 4> by;
    for (size_t i = 0; i < 4; ++i) by[i] = draws->Between(spans_[i].low, spans_[i].high);
    sample->ChangeColours([&](uint8_t* pixels, const ImageSize& size) {
      for (const int what : order) Change(what, by[static_cast<size_t>(what)], size, pixels);
    });
  }

  Status Check() const {
    RETURN_IF_ERROR(CheckSpan("brightness", spans_[0]));
    RETURN_IF_ERROR(CheckSpan("contrast", spans_[1]));
    RETURN_IF_ERROR(CheckSpan("saturation", spans_[2]));
    return CheckSpan("hue", spans_[3]);
  }

 private:
  void Change(int what, double by, const ImageSize& size, uint8_t* pixels) const {
    const Span& span = spans_[static_cast<size_t>(what)];
    const double nothing = what == 3 ? 0.0 : 1.0;
    if (span.low == nothing && span.high == nothing) return;
    const auto factor = static_cast<float>(by);
    switch (what) {
      case 0:
        return Brighten(pixels, size, factor);
      case 1:
        return ChangeContrast(pixels, size, factor);
      case 2:
        return Saturate(pixels, size, factor);
      default:
        return TurnHue(pixels, size, by);
    }
  }

  std::array<Span, 4> spans_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  RETURN_IF_ERROR(ColorJitter(options).Check());
  return MakeAugmentOp<ColorJitter>(options);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>({.name = "color-jitter",
                         .doc = "changes brightness, contrast, saturation and hue",
                         .values = 0,
                         .make = Make});
}

}  // namespace lockstep::storage::augmentations::color_jitter

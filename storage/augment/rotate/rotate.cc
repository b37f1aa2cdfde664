// SPDX-License-Identifier: Apache-2.0
// rotate:DEGREES[:filter=F][:fill=B]: turns the image about its middle, counter-clockwise, by an
// angle from -DEGREES to DEGREES, or from the first to the second of two numbers, as torchvision's
// RandomRotation does. The size stays; corners are cut off.
// Draws: one, the angle.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"
#include "storage/augment/turned.h"

namespace lockstep::storage::augmentations::rotate {
namespace {

struct Options {
  std::vector<double> degrees = {0.0};
  std::string filter = "bilinear";
  int64_t fill = 0;

  template <typename V>
  void Visit(V&& v) {
    v("degrees", degrees,
      Says("x for angles from -x to x, or LOW,HIGH").Within(kAngle).Length(1, 2));
    v("filter", filter, Says("nearest or bilinear").OneOf({"nearest", "bilinear"}));
    v("fill", fill, Says("byte of what lies outside the image").Within(kByteRange));
  }
};

class Rotate : public AugmentOp {
 public:
  explicit Rotate(const Options& options)
      : degrees_(Span::Around(0.0, options.degrees)),
        filter_(FilterOf(options.filter)),
        fill_(static_cast<uint8_t>(options.fill)) {}

  bool random() const override { return true; }
  Result<ImageSize> OutputSize(ImageSize in) const override { return in; }
  void Run(AugmentDraws* draws, AugmentedSample* sample) const override {
    Turn turn;
    turn.clockwise = -draws->Between(degrees_.low, degrees_.high);
    sample->Affine(turn.FromOutput(sample->size()), filter_, fill_);
  }

 private:
  Span degrees_;
  Filter filter_;
  uint8_t fill_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  RETURN_IF_ERROR(CheckSpan("degrees", Span::Around(0.0, options.degrees)));
  return MakeAugmentOp<Rotate>(options);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>({.name = "rotate",
                         .doc = "turns the image about its middle by a drawn angle",
                         .values = 1,
                         .make = Make});
}

}  // namespace lockstep::storage::augmentations::rotate

// SPDX-License-Identifier: Apache-2.0
// affine:DEGREES[:translate=X,Y][:scale=LOW,HIGH][:shear=S][:filter=F][:fill=B]: turns the image
// clockwise about its middle, shifts, scales and shears it, as torchvision's RandomAffine does. The
// size stays. DEGREES as in `rotate`; X and Y are the largest shift as a share of width and height;
// S is x, for shears along the rows from -x to x degrees, or LOW,HIGH, or LOW,HIGH,LOW,HIGH with
// those along the columns.
//
// Draws: six, given or not: the angle; the shift to the right, then down, each from -its largest to
// its largest and rounded to whole pixels; the scale; the shear along rows, then columns.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"
#include "storage/augment/turned.h"

namespace lockstep::storage::augmentations::affine {
namespace {

constexpr OptionRange kShear = {.low = -89, .high = 89};

struct Options {
  std::vector<double> degrees = {0.0};
  std::vector<double> translate = {0.0, 0.0};
  std::vector<double> scale = {1.0, 1.0};
  std::vector<double> shear = {0.0};
  std::string filter = "bilinear";
  int64_t fill = 0;

  template <typename V>
  void Visit(V&& v) {
    v("degrees", degrees,
      Says("x for angles from -x to x, or LOW,HIGH").Within(kAngle).Length(1, 2));
    v("translate", translate,
      Says("largest shift as a share of width and of height").Within(kShare).Length(2, 2));
    v("scale", scale,
      Says("least and largest factor").Within({.low = 0.01, .high = 100}).Length(2, 2));
    v("shear", shear,
      Says("degrees: x for -x to x along rows, or LOW,HIGH, or those of rows and columns")
          .Within(kShear)
          .Length(1, 4));
    v("filter", filter, Says("nearest or bilinear").OneOf({"nearest", "bilinear"}));
    v("fill", fill, Says("byte of what lies outside the image").Within(kByteRange));
  }
};

class Affine : public AugmentOp {
 public:
  explicit Affine(const Options& options)
      : degrees_(Span::Around(0.0, options.degrees)),
        across_(options.translate[0]),
        down_(options.translate[1]),
        scale_(Span::Of(options.scale)),
        filter_(FilterOf(options.filter)),
        fill_(static_cast<uint8_t>(options.fill)) {
    const std::vector<double>& shear = options.shear;
    shear_x_ = shear.size() == 1 ? Span{-shear[0], shear[0]} : Span{shear[0], shear[1]};
    if (shear.size() == 4) shear_y_ = {shear[2], shear[3]};
  }

  bool random() const override { return true; }
  Result<ImageSize> OutputSize(ImageSize in) const override { return in; }

  void Run(AugmentDraws* draws, AugmentedSample* sample) const override {
    const ImageSize size = sample->size();
    const auto shift = [draws](double share, int64_t side) {
      const double most = share * static_cast<double>(side);
      return static_cast<double>(Rounded(draws->Between(-most, most)));
    };
    Turn turn;
    turn.clockwise = draws->Between(degrees_.low, degrees_.high);
    turn.right = shift(across_, size.width);
    turn.down = shift(down_, size.height);
    turn.scale = draws->Between(scale_.low, scale_.high);
    turn.shear_x = draws->Between(shear_x_.low, shear_x_.high);
    turn.shear_y = draws->Between(shear_y_.low, shear_y_.high);
    sample->Affine(turn.FromOutput(size), filter_, fill_);
  }

  Status Check() const {
    RETURN_IF_ERROR(CheckSpan("degrees", degrees_));
    RETURN_IF_ERROR(CheckSpan("scale", scale_));
    RETURN_IF_ERROR(CheckSpan("shear", shear_x_));
    return CheckSpan("shear", shear_y_);
  }

 private:
  Span degrees_;
  double across_, down_;
  Span scale_, shear_x_, shear_y_;
  Filter filter_;
  uint8_t fill_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  if (options.shear.size() == 3) {
    return InvalidArgument("'shear' has 3 numbers, expected 1, 2 or 4");
  }
  RETURN_IF_ERROR(Affine(options).Check());
  return MakeAugmentOp<Affine>(options);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>({.name = "affine",
                         .doc = "turns, shifts, scales and shears the image by drawn amounts",
                         .values = 1,
                         .make = Make});
}

}  // namespace lockstep::storage::augmentations::affine

// SPDX-License-Identifier: Apache-2.0
// grayscale[:p=P]: with probability p every channel becomes the brightness (Luma,
// pixels/colour.h). Images of 1 channel stay.
// Draws: one, u; grey where u < p.
#include <cstdint>
#include <memory>

#include "storage/augment/op_options.h"
#include "storage/augment/pixels/colour.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::grayscale {
namespace {

struct Options {
  double p = 0.1;

  template <typename V>
  void Visit(V&& v) {
    v("p", p, Says("probability").Within(kShare));
  }
};

class Grayscale : public AugmentOp {
 public:
  explicit Grayscale(double p) : p_(p) {}

  bool random() const override { return IsRandom(p_); }
  Result<ImageSize> OutputSize(ImageSize in) const override {
    RETURN_IF_ERROR(CheckColours(in));
    return in;
  }
  void Run(AugmentDraws* draws, AugmentedSample* sample) const override {
    if (draws->Uniform() < p_) sample->ChangeColours(MakeGrey);
  }

 private:
  double p_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  return MakeAugmentOp<Grayscale>(options.p);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>({.name = "grayscale",
                         .doc = "makes the image grey with a probability",
                         .values = 0,
                         .make = Make});
}

}  // namespace lockstep::storage::augmentations::grayscale

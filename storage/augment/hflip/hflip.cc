// SPDX-License-Identifier: Apache-2.0
// hflip[:p=P]: exchanges left and right with probability p.
// Draws: one, u; mirrors where u < p.
#include <cstdint>
#include <memory>

#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::hflip {
namespace {

struct Options {
  double p = 0.5;

  template <typename V>
  void Visit(V&& v) {
    v("p", p, Says("probability").Within(kShare));
  }
};

class HorizontalFlip : public AugmentOp {
 public:
  explicit HorizontalFlip(double p) : p_(p) {}

  bool random() const override { return IsRandom(p_); }
  Result<ImageSize> OutputSize(ImageSize in) const override { return in; }
  void Run(AugmentDraws* draws, AugmentedSample* sample) const override {
    if (draws->Uniform() < p_) sample->MirrorX();
  }

 private:
  double p_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  return MakeAugmentOp<HorizontalFlip>(options.p);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>({.name = "hflip",
                         .doc = "mirrors left and right with a probability",
                         .values = 0,
                         .make = Make});
}

}  // namespace lockstep::storage::augmentations::hflip

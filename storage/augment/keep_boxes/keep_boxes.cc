// SPDX-License-Identifier: Apache-2.0
// keep-boxes[:visible=V][:side=S]: drops the boxes of which less than the share V of their area is
// left after the operations before, or that are less than S pixels high or wide.
// Draws: none.
#include <cstdint>
#include <memory>

#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::keep_boxes {
namespace {

struct Options {
  double visible = 0.0;
  double side = 1.0;

  template <typename V>
  void Visit(V&& v) {
    v("visible", visible, Says("least share of a box's area that is left").Within(kShare));
    v("side", side, Says("least height and width, in pixels").Within(kPaddingRange));
  }
};

class KeepBoxes : public AugmentOp {
 public:
  explicit KeepBoxes(const Options& options) : options_(options) {}

  bool random() const override { return false; }
  Result<ImageSize> OutputSize(ImageSize in) const override { return in; }
  void Run(AugmentDraws*, AugmentedSample* sample) const override {
    sample->KeepBoxes(options_.visible, options_.side);
  }

 private:
  Options options_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  return MakeAugmentOp<KeepBoxes>(options);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>({.name = "keep-boxes",
                         .doc = "drops boxes of which too little is left, or that are too small",
                         .values = 0,
                         .make = Make});
}

}  // namespace lockstep::storage::augmentations::keep_boxes

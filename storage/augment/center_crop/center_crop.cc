// SPDX-License-Identifier: Apache-2.0
// center-crop:SIZE: takes the window of SIZE x SIZE, or of height x width where SIZE is two
// numbers, in the middle, as torchvision's CenterCrop does. A smaller image gets zero pixels around
// it.
// Draws: none.
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::center_crop {
namespace {

struct Options {
  std::vector<int64_t> size = {1};

  template <typename V>
  void Visit(V&& v) {
    v("size", size,
      SaysSize("of the window, in pixels: one number for both sides, or HEIGHT,WIDTH"));
  }
};

// Where a window of `size` begins in `in` pixels: half of what is over, and of two equally near
// places the even one; half of what is missing, rounded down, before the image.
int64_t Begin(int64_t in, int64_t size) {
  if (in < size) return -((size - in) / 2);
  const int64_t over = in - size;
  return over % 2 == 0 ? over / 2 : over / 2 + over / 2 % 2;
}

class CenterCrop : public AugmentOp {
 public:
  explicit CenterCrop(const Options& options) : size_(options.size) {}

  bool random() const override { return false; }
  Result<ImageSize> OutputSize(ImageSize in) const override {
    return ImageSize{size_.height, size_.width, in.channels};
  }
  void Run(AugmentDraws*, AugmentedSample* sample) const override {
    const ImageSize size = sample->size();
    sample->Crop({Begin(size.height, size_.height), Begin(size.width, size_.width), size_.height,
                  size_.width});
  }

 private:
  SizePair size_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  return MakeAugmentOp<CenterCrop>(options);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>(
      {.name = "center-crop", .doc = "takes the window in the middle", .values = 1, .make = Make});
}

}  // namespace lockstep::storage::augmentations::center_crop

// SPDX-License-Identifier: Apache-2.0
// pad:PADDING[:fill=F]: adds pixels on each of the four sides.
// Draws: none.
#include <cstdint>
#include <memory>

#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::pad {
namespace {

struct Options {
  int64_t padding = 0;
  int64_t fill = 0;

  template <typename V>
  void Visit(V&& v) {
    v("padding", padding, Says("pixels added on each side").Within(kPaddingRange));
    v("fill", fill, Says("their byte, in every channel").Within(kByteRange));
  }
};

class Pad : public AugmentOp {
 public:
  explicit Pad(const Options& options)
      : padding_(options.padding), fill_(static_cast<uint8_t>(options.fill)) {}

  bool random() const override { return false; }
  Result<ImageSize> OutputSize(ImageSize in) const override {
    return ImageSize{in.height + 2 * padding_, in.width + 2 * padding_, in.channels};
  }
  void Run(AugmentDraws*, AugmentedSample* sample) const override {
    const ImageSize size = sample->size();
    sample->Crop({-padding_, -padding_, size.height + 2 * padding_, size.width + 2 * padding_},
                 fill_);
  }

 private:
  int64_t padding_;
  uint8_t fill_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  return MakeAugmentOp<Pad>(options);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>(
      {.name = "pad", .doc = "adds pixels on each side", .values = 1, .make = Make});
}

}  // namespace lockstep::storage::augmentations::pad

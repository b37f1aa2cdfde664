// SPDX-License-Identifier: Apache-2.0
// resize:SIZE[:filter=F]: SIZE is the length of the shorter side, the longer one keeping the
// proportion (rounded down, as torchvision's Resize has it); or height and width.
// Draws: none.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::resize {
namespace {

struct Options {
  std::vector<int64_t> size = {1};
  std::string filter = "bilinear";

  template <typename V>
  void Visit(V&& v) {
    v("size", size, SaysSize("in pixels: of the shorter side, or HEIGHT,WIDTH"));
    v("filter", filter, Says("nearest, bilinear or bicubic").OneOf(FilterNames()));
  }
};

class Resize : public AugmentOp {
 public:
  explicit Resize(const Options& options)
      : size_(options.size), filter_(FilterOf(options.filter)) {}

  bool random() const override { return false; }

  Result<ImageSize> OutputSize(ImageSize in) const override {
    ImageSize out = {size_.front(), size_.back(), in.channels};
    if (size_.size() == 1) {
      const int64_t shorter = std::min(in.height, in.width);
      out.height = in.height * size_[0] / shorter;
      out.width = in.width * size_[0] / shorter;
    }
    RETURN_IF_ERROR(CheckResample(in, out.height, out.width));
    return out;
  }

  void Run(AugmentDraws*, AugmentedSample* sample) const override {
    const ImageSize out = *OutputSize(sample->size());
    sample->Resize(out.height, out.width, filter_);
  }

 private:
  std::vector<int64_t> size_;
  Filter filter_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext&) {
  return MakeAugmentOp<Resize>(options);
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>({.name = "resize",
                         .doc = "makes the shorter side, or both sides, so long",
                         .values = 1,
                         .make = Make});
}

}  // namespace lockstep::storage::augmentations::resize

// SPDX-License-Identifier: Apache-2.0
// AugmentedSample: a sample on its way through the operations of a list: an image, masks and boxes
// that belong to it. An operation calls these methods; each applies to every field by its kind:
//
//   image   resampled as stated; outside it are pixels of the byte `fill`
//   mask    the nearest pixel, whatever the filter; outside is its ignore value
//   boxes   mapped, clipped and dropped by the rule of boxes.h
//
// Colours are changed in the image alone. The image is read as late as possible: before the first
// operation that needs its pixels, and only the window that is left then. A failure to read it is
// kept (`status`), and what follows goes on with a black image of the same size.
//
// One for each thread, begun anew for every sample: it keeps its memory.
#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/status.h"
#include "storage/augment/boxes.h"
#include "storage/augment/pixels/affine.h"
#include "storage/augment/pixels/resample.h"
#include "storage/augment/view.h"
#include "storage/image/image.h"

namespace lockstep::storage {

struct MaskField {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint16_t> values;  // height x width
  uint16_t ignore = 255;         // what stands outside the image: 65535 where values have 16 bits
};

class AugmentedSample {
 public:
  AugmentedSample() = default;
  AugmentedSample(AugmentedSample&&) = default;
  AugmentedSample& operator=(AugmentedSample&&) = default;

  // A sample with this image alone, which outlives the last operation. It is not empty.
  void Begin(const PixelSource& image);
  // Fails with data-loss where the mask is not as large as the image.
  Status AddMask(MaskField mask);
  // Fails with data-loss where SetUpBoxes does.
  Status AddBoxes(BoxesField boxes);

  ImageSize size() const { return size_; }
  const Status& status() const { return status_; }

  // The window becomes the whole. It is not empty and may reach outside the image.
  void Crop(const Window& window, uint8_t fill = 0);
  void MirrorX();  // left and right
  void MirrorY();  // top and bottom
  // CheckResample(size(), height, width) is OK.
  void Resize(int64_t height, int64_t width, Filter filter);
  // Keeps the size. `filter` is kNearest or kBilinear; the determinant of the map is not 0.
  void Affine(const AffineMap& from_output, Filter filter, uint8_t fill);
  // See boxes.h.
  void KeepBoxes(double visible, double side);

  // change(pixels, size): `pixels` are those of the image, H W C, packed, to be changed in place.
  template <typename Change>
  void ChangeColours(const Change& change) {
    change(OwnPixels(), size_);
  }

  // Reads the image where no operation has, so that `image` may be asked for. The image is a view
  // of this sample's memory or of the source's, until Begin.
  void Finish();
  const ImageView& image() const {
    CHECK(!pending_);
    return image_;
  }
  int64_t masks() const { return static_cast<int64_t>(masks_.size()); }
  // Mask `index` as [H, W], as large as the image.
  void CopyMask(int64_t index, int32_t* out) const;
  const std::vector<BoxesField>& boxes() const { return boxes_; }

 private:
  struct Mask {
    std::vector<uint16_t> values;
    MaskView view;
    uint16_t ignore = 0;
  };

  // Room for the next state of the image, elsewhere than the present one; taken over by Take.
  uint8_t* Room(const ImageSize& size);
  void Take(const ImageSize& size);
  uint8_t* OwnPixels();
  // Reads the part of the source that `part` of the image is, H W C, to `out`.
  void ReadSource(const Window& part, uint8_t* out);
  template <typename Operation>  // operation(view, out) writes the mask's next state, of size_
  void ChangeMasks(const Operation& operation);
  void CropImage(const Window& window, uint8_t fill);

  Status status_;
  ImageSize size_;
  // Not read yet: the image is `window_` of the source, which has no pixels in memory.
  bool pending_ = false;
  const PixelSource* source_ = nullptr;
  Window window_;
  ImageView image_;     // once it is read
  bool owned_ = false;  // the view is all of pixels_
  std::vector<uint8_t> pixels_, spare_;
  std::vector<uint8_t> part_;  // of the source, for a crop that reaches outside
  std::vector<Mask> masks_;
  std::vector<uint16_t> mask_spare_;
  std::vector<BoxesField> boxes_;
  Resampler resampler_;
};

}  // namespace lockstep::storage

// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/sample.h"

#include <algorithm>
#include <string>
#include <utility>

#include "storage/augment/pixels/copy_window.h"
#include "storage/augment/pixels/mirror.h"

namespace lockstep::storage {
namespace {

Window WholeWindow(const ImageSize& size) { return {0, 0, size.height, size.width}; }

// The part of a window that lies inside an image; empty where none does.
Window Inside(const Window& window, const ImageSize& size) {
  Window inside;
  inside.top = std::clamp<int64_t>(window.top, 0, size.height);
  inside.left = std::clamp<int64_t>(window.left, 0, size.width);
  inside.height =
      std::max<int64_t>(0, std::min(window.top + window.height, size.height) - inside.top);
  inside.width =
      std::max<int64_t>(0, std::min(window.left + window.width, size.width) - inside.left);
  return inside;
}

}  // namespace

void AugmentedSample::Begin(const PixelSource& image) {
  status_ = OkStatus();
  size_ = image.size();
  CHECK(size_.height > 0 && size_.width > 0 && size_.channels > 0) << size_.ToString();
  source_ = &image;
  window_ = WholeWindow(size_);
  pending_ = image.data() == nullptr;
  owned_ = false;
  image_ = pending_ ? ImageView{} : WholeOf(image.data(), size_);
  masks_.clear();
  boxes_.clear();
}

Status AugmentedSample::AddMask(MaskField mask) {
  if (mask.height != size_.height || mask.width != size_.width ||
      static_cast<int64_t>(mask.values.size()) != size_.pixels()) {
    return DataLoss("a mask is " + std::to_string(mask.height) + "x" + std::to_string(mask.width) +
                    " with " + std::to_string(mask.values.size()) + " values, expected " +
                    std::to_string(size_.height) + "x" + std::to_string(size_.width) +
                    " as the image has");
  }
  Mask added;
  added.values = std::move(mask.values);
  added.view = WholeOf<uint16_t>(added.values.data(), {size_.height, size_.width, 1});
  added.ignore = mask.ignore;
  masks_.push_back(std::move(added));
  return OkStatus();
}

Status AugmentedSample::AddBoxes(BoxesField boxes) {
  RETURN_IF_ERROR(SetUpBoxes(&boxes));
  boxes_.push_back(std::move(boxes));
  return OkStatus();
}

uint8_t* AugmentedSample::Room(const ImageSize& size) {
  spare_.resize(static_cast<size_t>(size.bytes()));
  return spare_.data();
}

void AugmentedSample::Take(const ImageSize& size) {
  std::swap(pixels_, spare_);
  image_ = WholeOf<uint8_t>(pixels_.data(), size);
  size_ = size;
  owned_ = true;
  pending_ = false;
}

uint8_t* AugmentedSample::OwnPixels() {
  Finish();
  if (!owned_) {
    CopyWindow<uint8_t>(image_, WholeWindow(size_), 0, Room(size_));
    Take(size_);
  }
  return pixels_.data();
}

void AugmentedSample::ReadSource(const Window& part, uint8_t* out) {
  const Window from = {window_.top + part.top, window_.left + part.left, part.height, part.width};
  Status read = source_->Read(from, out);
  if (read.ok()) return;
  std::fill_n(out, part.height * part.width * size_.channels, uint8_t{0});
  if (status_.ok()) status_ = std::move(read);
}

void AugmentedSample::Finish() {
  if (!pending_) return;
  ReadSource(WholeWindow(size_), Room(size_));
  Take(size_);
}

template <typename Operation>
void AugmentedSample::ChangeMasks(const Operation& operation) {
  const ImageSize size = {size_.height, size_.width, 1};
  for (Mask& mask : masks_) {
    mask_spare_.resize(static_cast<size_t>(size.pixels()));
    operation(mask, mask_spare_.data());
    std::swap(mask.values, mask_spare_);
    mask.view = WholeOf<uint16_t>(mask.values.data(), size);
  }
}

void AugmentedSample::CropImage(const Window& window, uint8_t fill) {
  const ImageSize size = {window.height, window.width, size_.channels};
  if (LiesInside(window, size_)) {
    if (pending_) {
      window_ = {window_.top + window.top, window_.left + window.left, window.height, window.width};
    } else {
      image_ = image_.Part(window);
      owned_ = owned_ && size == size_;
    }
    size_ = size;
    return;
  }
  ImageView from = image_;
  Window moved = window;
  if (pending_) {
    const Window inside = Inside(window, size_);
    from = WholeOf<uint8_t>(part_.data(), {inside.height, inside.width, size_.channels});
    if (inside.height > 0 && inside.width > 0) {
      part_.resize(static_cast<size_t>(from.size.bytes()));
      from.data = part_.data();
      ReadSource(inside, part_.data());
    }
    moved.top -= inside.top;
    moved.left -= inside.left;
  }
  CopyWindow(from, moved, fill, Room(size));
  Take(size);
}

void AugmentedSample::Crop(const Window& window, uint8_t fill) {
  CHECK(window.height > 0 && window.width > 0);
  const bool inside = LiesInside(window, size_);
  CropImage(window, fill);
  if (inside) {
    for (Mask& mask : masks_) mask.view = mask.view.Part(window);
  } else {
    ChangeMasks(
        [&](const Mask& mask, uint16_t* out) { CopyWindow(mask.view, window, mask.ignore, out); });
  }
  for (BoxesField& boxes : boxes_) {
    MoveBoxes(static_cast<double>(-window.left), static_cast<double>(-window.top), &boxes);
    ClipBoxes(size_.height, size_.width, &boxes);
  }
}

void AugmentedSample::MirrorX() {
  Finish();
  storage::MirrorX(image_, Room(size_));
  Take(size_);
  ChangeMasks([](const Mask& mask, uint16_t* out) { storage::MirrorX(mask.view, out); });
  for (BoxesField& boxes : boxes_) MirrorBoxesX(size_.width, &boxes);
}

void AugmentedSample::MirrorY() {
  Finish();
  storage::MirrorY(image_, Room(size_));
  Take(size_);
  ChangeMasks([](const Mask& mask, uint16_t* out) { storage::MirrorY(mask.view, out); });
  for (BoxesField& boxes : boxes_) MirrorBoxesY(size_.height, &boxes);
}

void AugmentedSample::Resize(int64_t height, int64_t width, Filter filter) {
  if (height == size_.height && width == size_.width) return;
  CHECK(CheckResample(size_, height, width).ok()) << size_.ToString();
  const ImageSize before = size_, size = {height, width, size_.channels};
  Finish();
  if (filter == Filter::kNearest) {
    ResizeNearest(image_, height, width, Room(size));
  } else {
    resampler_.Run(image_, height, width, filter, Room(size));
  }
  Take(size);
  ChangeMasks(
      [&](const Mask& mask, uint16_t* out) { ResizeNearest(mask.view, height, width, out); });
  for (BoxesField& boxes : boxes_) {
    ScaleBoxes(static_cast<double>(width) / static_cast<double>(before.width),
               static_cast<double>(height) / static_cast<double>(before.height), &boxes);
  }
}

void AugmentedSample::Affine(const AffineMap& from_output, Filter filter, uint8_t fill) {
  CHECK(filter != Filter::kBicubic);
  Finish();
  if (filter == Filter::kNearest) {
    AffineNearest(image_, from_output, fill, Room(size_));
  } else {
    AffineBilinear(image_, from_output, fill, Room(size_));
  }
  Take(size_);
  ChangeMasks([&](const Mask& mask, uint16_t* out) {
    AffineNearest(mask.view, from_output, mask.ignore, out);
  });
  for (BoxesField& boxes : boxes_) {
    MapBoxes(from_output.Inverse(), &boxes);
    ClipBoxes(size_.height, size_.width, &boxes);
  }
}

void AugmentedSample::KeepBoxes(double visible, double side) {
  for (BoxesField& boxes : boxes_) storage::KeepBoxes(visible, side, &boxes);
}

void AugmentedSample::CopyMask(int64_t index, int32_t* out) const {
  const MaskView& view = masks_[static_cast<size_t>(index)].view;
  for (int64_t y = 0; y < view.size.height; ++y) {
    out = std::copy_n(view.row(y), view.size.width, out);
  }
}

}  // namespace lockstep::storage

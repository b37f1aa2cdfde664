// SPDX-License-Identifier: Apache-2.0
// Whatever a list of operations does to an image, it does to its masks and boxes: rectangles of
// one colour each are painted into an image and a mask and boxed; after random lists they still lie
// in the same places.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "storage/augment/augment.h"
#include "storage/augment/testing/made_image.h"
#include "storage/image/encoded_image.h"

namespace lockstep::storage {
namespace {

constexpr int kRectangles = 6;
constexpr uint8_t kStep = 40;  // between the colours of rectangles
constexpr uint16_t kIgnore = 255;

struct Painting {
  ImageSize size;
  std::vector<uint8_t> image;
  MaskField mask;
  BoxesField boxes;
};

// Two rows of three rectangles, each somewhere in a cell of its own.
Painting Paint(std::mt19937* draw) {
  const auto below = [draw](int64_t n) { return static_cast<int64_t>((*draw)() % n); };
  Painting p;
  p.size = {40 + below(60), 60 + below(60), 3};
  p.mask = {p.size.height, p.size.width, {}, kIgnore};
  p.mask.values.resize(static_cast<size_t>(p.size.pixels()));
  const int64_t cell_h = p.size.height / 2, cell_w = p.size.width / 3;
  for (int k = 0; k < kRectangles; ++k) {
    const int64_t h = 4 + below(cell_h - 4), w = 4 + below(cell_w - 4);
    const int64_t top = k / 3 * cell_h + below(cell_h - h + 1);
    const int64_t left = k % 3 * cell_w + below(cell_w - w + 1);
    for (int64_t y = top; y < top + h; ++y) {
      for (int64_t x = left; x < left + w; ++x) {
        p.mask.values[static_cast<size_t>(y * p.size.width + x)] = static_cast<uint16_t>(k + 1);
      }
    }
    for (const int64_t edge : {left, top, left + w, top + h}) {
      p.boxes.xyxy.push_back(static_cast<float>(edge));
    }
    p.boxes.labels.push_back(k + 1);
  }
  for (const uint16_t value : p.mask.values) {
    for (int c = 0; c < 3; ++c) p.image.push_back(static_cast<uint8_t>(value * kStep));
  }
  return p;
}

// The smallest box around the pixels of a value; empty (right < left) where there are none.
struct Extent {
  int64_t left = 1 << 20, top = 1 << 20, right = -1, bottom = -1;
};

Extent ExtentOf(const std::vector<int32_t>& mask, const ImageSize& size, int32_t value) {
  Extent e;
  for (int64_t i = 0; i < size.pixels(); ++i) {
    if (mask[static_cast<size_t>(i)] != value) continue;
    const int64_t x = i % size.width, y = i / size.width;
    e.left = std::min(e.left, x);
    e.right = std::max(e.right, x + 1);
    e.top = std::min(e.top, y);
    e.bottom = std::max(e.bottom, y + 1);
  }
  return e;
}

const std::vector<std::string> kExact = {"hflip", "vflip", "pad:5", "random-crop:30,40",
                                         "center-crop:50"};
const std::vector<std::string> kResizing = {
    "resize:64:filter=nearest",
    "resize:45,70:filter=nearest",
    "letterbox:64,50:filter=nearest",
    "random-resized-crop:48:filter=nearest:scale=0.3,1",
};
const std::vector<std::string> kTurning = {
    "rotate:40:filter=nearest",
    "affine:15:translate=0.1,0.1:scale=0.8,1.2:shear=-5,5,-5,5:filter=nearest",
};

// A list, and how many of its operations resample.
struct List {
  std::vector<std::string> operations;
  int resizing = 0;
  int turning = 0;
  std::string text;

  // Pixels by which a mask may lie beside its box. Nearest pixels are wrong by half a pixel, which
  // a later operation may enlarge.
  double tolerance() const {
    const int resampling = resizing + turning;
    return resampling == 0 ? 0.0 : (resampling == 1 ? 0.51 : 2.0);
  }
};

List DrawList(std::mt19937* draw) {
  List list;
  const size_t length = 1 + (*draw)() % 4;
  for (size_t i = 0; i < length; ++i) {
    const auto kind = (*draw)() % 6;
    list.resizing += kind == 3 || kind == 4;
    list.turning += kind == 5;
    const auto& pool = kind < 3 ? kExact : (kind < 5 ? kResizing : kTurning);
    list.operations.push_back(pool[(*draw)() % pool.size()]);
    list.text += list.operations.back() + " ";
  }
  return list;
}

// Checks one sample; returns how many boxes were compared.
int CheckSample(const Painting& p, const List& list, uint64_t id) {
  const auto augmentation = Augmentation::Parse(list.operations, {});
  EXPECT_TRUE(augmentation.ok()) << augmentation.status();
  if (!augmentation->OutputSize(p.size).ok()) return 0;  // a crop that does not fit
  const RawImage pixels(p.image.data(), p.size);
  AugmentedSample sample;
  sample.Begin(pixels);
  EXPECT_TRUE(sample.AddMask(p.mask).ok());
  EXPECT_TRUE(sample.AddBoxes(p.boxes).ok());
  EXPECT_TRUE(augmentation->Run({StreamKey(1, "augment"), Epoch(0), SampleId(id)}, &sample).ok());

  std::vector<int32_t> mask(static_cast<size_t>(sample.size().pixels()));
  sample.CopyMask(0, mask.data());
  const std::vector<uint8_t> image = PackedPixels(sample.image());
  int64_t elsewhere = 0;
  for (size_t i = 0; i < mask.size(); ++i) {
    const int expected = mask[i] == kIgnore ? 0 : mask[i] * kStep;
    for (size_t c = 0; c < 3; ++c) elsewhere += image[3 * i + c] != expected;
  }
  EXPECT_EQ(elsewhere, 0);

  const BoxesField& boxes = sample.boxes()[0];
  int compared = 0;
  for (size_t i = 0; i < boxes.labels.size(); ++i) {
    const Extent extent = ExtentOf(mask, sample.size(), boxes.labels[i]);
    if (extent.right < 0) continue;  // less than a pixel of a turned rectangle, or of a small one
    const float* const box = boxes.xyxy.data() + 4 * i;
    const double left = static_cast<double>(extent.left) - box[0];
    const double top = static_cast<double>(extent.top) - box[1];
    const double right = box[2] - static_cast<double>(extent.right);
    const double bottom = box[3] - static_cast<double>(extent.bottom);
    for (const double inside : {left, top, right, bottom}) {
      EXPECT_GE(inside, -list.tolerance()) << "box " << i;
      if (list.turning == 0) {
        EXPECT_LE(inside, list.tolerance()) << "box " << i;
      }
    }
    ++compared;
  }
  return compared;
}

TEST(Alignment, ImageMaskAndBoxesStayTogetherWhateverTheList) {
  std::mt19937 draw(11);
  int compared = 0, exact = 0, turned = 0;
  for (uint64_t id = 0; id < 600; ++id) {
    const Painting painting = Paint(&draw);
    const List list = DrawList(&draw);
    SCOPED_TRACE(list.text + "of sample " + std::to_string(id));
    const int boxes = CheckSample(painting, list, id);
    compared += boxes;
    exact += list.tolerance() == 0 ? boxes : 0;
    turned += list.turning > 0 ? boxes : 0;
  }
  EXPECT_GT(compared, 1000);
  EXPECT_GT(exact, 200);
  EXPECT_GT(turned, 200);
}

}  // namespace
}  // namespace lockstep::storage

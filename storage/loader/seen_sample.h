// SPDX-License-Identifier: Apache-2.0
// SeenSample: one sample for people to look at: as the dataset has it, or as training sees it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/sample/schema.h"
#include "base/status.h"
#include "storage/augment/augment.h"
#include "storage/dataset/record.h"
#include "storage/image/image.h"
#include "storage/image/image_decoder.h"

namespace lockstep::storage {

struct SeenMask {
  std::string field;
  std::vector<int32_t> values;  // [H, W]
  int32_t ignore = 255;         // the value that says nothing
};

struct SeenBoxes {
  std::string field;
  BoxesField boxes;
};

struct SeenInstances {
  std::string field;
  std::vector<int32_t>
      mask_of;  // [H, W]: the instance of each pixel, the last of several; -1: none
};

struct SeenKeypoints {
  std::string field;
  int64_t count = 0, points_each = 0;
  std::vector<float> points;  // [count, points_each, 3]: x, y in pixels, 0 where it is not there
};

struct SeenDense {
  std::string field;
  ImageSize size;             // one channel: the first of the field
  std::vector<uint8_t> grey;  // [H, W]: the least value is 0, the largest 255; what is no number, 0
};

struct SeenSample {
  ImageSize size;
  std::vector<uint8_t> pixels;  // H W C
  std::vector<SeenMask> masks;  // each as large as the image
  std::vector<SeenBoxes> boxes;
  // No operation of an augmentation knows these kinds yet: they are there where there is none.
  std::vector<SeenInstances> instances;  // each as large as the image
  std::vector<SeenKeypoints> keypoints;
  std::vector<SeenDense> dense;
};

// The first image of a record, all its masks, boxes and so on, after an augmentation list: the
// bytes that training makes its numbers of, where `stream` is that of the run's seed and epoch and
// of the sample. With an empty list, they are those of the dataset. Fails where the record has no
// image, something in it cannot be decoded, or the list cannot take it.
Result<SeenSample> SeeSample(const Schema& schema, const Record& record,
                             const Augmentation& augmentation, const AugmentStream& stream,
                             ImageDecoder* decoder);

}  // namespace lockstep::storage

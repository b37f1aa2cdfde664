// SPDX-License-Identifier: Apache-2.0
// PhotoDataset: PNG files of different sizes with what belongs to them, made through the real
// writer in a directory of its own, for tests. Sample i of a split is a function of i and the
// split.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/dataset/dataset.h"
#include "storage/dataset/writer.h"
#include "storage/image/image_encoder.h"

namespace lockstep::storage {

class PhotoDataset {
 public:
  struct Parts {
    bool image = true, label = true, mask = true, boxes = true;
  };
  static constexpr int64_t kTest = 6, kTrain = 20;

  explicit PhotoDataset(const std::string& name) : PhotoDataset(name, Parts()) {}
  PhotoDataset(const std::string& name, Parts parts)
      : parts_(parts),
        directory_((std::filesystem::temp_directory_path() /
                    ("lockstep-" + name + "-" + std::to_string(::getpid())))
                       .string()) {
    std::filesystem::remove_all(directory_);
    WriterOptions options;
    options.directory = directory_;
    options.source = "made for a test";
    options.schema = SchemaOf(parts);
    options.splits = {ListingOf("test", kTest), ListingOf("train", kTrain)};
    if (parts.image) {
      options.channel_mean = {0.5, 0.4, 0.3};
      options.channel_std = {0.25, 0.2, 0.3};
    }
    options.shard_size = 4;
    auto writer = DatasetWriter::Create(std::move(options));
    CHECK(writer.ok()) << writer.status();
    const auto sample = [&](size_t split, size_t index) -> Result<std::vector<FieldValue>> {
      return ValuesOf(split, index);
    };
    for (int64_t r = 0; r < (*writer)->ranges(); ++r) {
      const Status status = (*writer)->WriteRange(r, sample);
      CHECK(status.ok()) << status;
    }
    const auto info = (*writer)->Finish();
    CHECK(info.ok()) << info.status();
  }
  ~PhotoDataset() { std::filesystem::remove_all(directory_); }

  const std::string& directory() const { return directory_; }
  std::unique_ptr<Dataset> Open() const {
    auto dataset = Dataset::Open(directory_);
    CHECK(dataset.ok()) << dataset.status();
    return *std::move(dataset);
  }

  static ImageSize SizeOf(size_t index) {
    return {12 + 3 * static_cast<int64_t>(index % 5), 10 + static_cast<int64_t>(index % 7), 3};
  }
  static std::vector<uint8_t> PixelsOf(size_t split, size_t index) {
    const ImageSize size = SizeOf(index);
    std::vector<uint8_t> pixels;
    for (int64_t y = 0; y < size.height; ++y) {
      for (int64_t x = 0; x < size.width; ++x) {
        for (int64_t c = 0; c < 3; ++c) {
          pixels.push_back(static_cast<uint8_t>(x * 20 + y * (c + 5) + c * 70 +
                                                static_cast<int64_t>(index * 3 + split)));
        }
      }
    }
    return pixels;
  }
  static int32_t LabelAt(size_t index) { return static_cast<int32_t>(index % 3); }
  static size_t BoxesAt(size_t index) { return index % 3; }

 private:
  static Schema SchemaOf(Parts parts) {
    Schema schema;
    if (parts.image) schema.fields.push_back({.name = "image", .kind = FieldKind::kImage});
    if (parts.mask) {
      schema.fields.push_back(
          {.name = "mask", .kind = FieldKind::kMask, .classes = {"background", "left", "right"}});
    }
    if (parts.label) {
      schema.fields.push_back(
          {.name = "label", .kind = FieldKind::kLabel, .classes = {"cat", "dog", "bird", "fish"}});
    }
    if (parts.boxes) {
      schema.fields.push_back({.name = "boxes", .kind = FieldKind::kBoxes, .most = 2});
      schema.fields.push_back({.name = "box_labels",
                               .kind = FieldKind::kBoxLabels,
                               .of = "boxes",
                               .classes = {"person", "car"}});
    }
    return schema;
  }

  static SplitListing ListingOf(const std::string& name, int64_t samples) {
    SplitListing listing = {name, {}};
    for (int64_t i = 0; i < samples; ++i) {
      const std::string digits = std::to_string(i);
      listing.paths.push_back(name + "/" + std::string(4 - digits.size(), '0') + digits + ".png");
    }
    return listing;
  }

  std::vector<FieldValue> ValuesOf(size_t split, size_t index) const {
    const ImageSize size = SizeOf(index);
    const auto height = static_cast<uint32_t>(size.height);
    const auto width = static_cast<uint32_t>(size.width);
    std::vector<FieldValue> values;
    if (parts_.image) {
      const auto png = EncodePng(PixelsOf(split, index).data(), size);
      CHECK(png.ok()) << png.status();
      values.push_back({Encoding::kPng, {height, width, 3}, *png});
    }
    if (parts_.mask) {
      std::string mask;
      for (uint32_t y = 0; y < height; ++y) {
        for (uint32_t x = 0; x < width; ++x) {
          mask += y == 0 ? '\xff' : static_cast<char>(x < width / 3 ? 0 : x < width / 2 ? 1 : 2);
        }
      }
      values.push_back(ByteValue({height, width}, std::move(mask)));
    }
    if (parts_.label) values.push_back(LabelValue(LabelAt(index)));
    if (parts_.boxes) {
      std::vector<float> xyxy;
      std::vector<int32_t> labels;
      for (size_t b = 0; b < BoxesAt(index); ++b) {
        const auto at = static_cast<float>(1 + 2 * b);
        for (const float side : {at, at, at + 5, at + 6}) xyxy.push_back(side);
        labels.push_back(static_cast<int32_t>(b));
      }
      const auto n = static_cast<uint32_t>(labels.size());
      values.push_back(FloatValue({n, 4}, xyxy));
      values.push_back(IntValue({n}, labels));
    }
    return values;
  }

  Parts parts_;
  std::string directory_;
};

}  // namespace lockstep::storage

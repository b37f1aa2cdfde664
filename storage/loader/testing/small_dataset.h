// SPDX-License-Identifier: Apache-2.0
// SmallDataset: a class-sorted dataset made through the real writer in a directory of its own, for
// tests that read real records.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "storage/dataset/channel_statistics.h"
#include "storage/dataset/dataset.h"
#include "storage/dataset/testing/image_sample.h"
#include "storage/dataset/writer.h"

namespace lockstep::storage {

class SmallDataset {
 public:
  static constexpr int32_t kClasses = 10;

  // Splits test and train of 4x4x1 images. The source is sorted by class: sample i of n has label
  // floor(10 i / n) and path SPLIT/i with eight digits.
  SmallDataset(std::string name, int64_t test_samples, int64_t train_samples, int64_t shard_size)
      : directory_((std::filesystem::temp_directory_path() /
                    ("lockstep-" + name + "-" + std::to_string(::getpid())))
                       .string()) {
    std::filesystem::remove_all(directory_);
    WriterOptions options;
    options.directory = directory_;
    options.source = "made for a test";
    std::vector<std::string> classes;
    for (int c = 0; c < kClasses; ++c) classes.push_back("class-" + std::to_string(c));
    options.schema = ImageAndLabel(std::move(classes));
    options.splits = {ListingOf("test", test_samples), ListingOf("train", train_samples)};
    ChannelSums sums;
    for (size_t i = 0; i < options.splits[1].paths.size(); ++i) {
      sums.Add(SampleAt(options.splits[1], i).pixels, 1);
    }
    options.channel_mean = sums.Mean();
    options.channel_std = sums.Deviation();
    options.shard_size = shard_size;
    const auto splits = options.splits;
    auto writer = DatasetWriter::Create(std::move(options));
    CHECK(writer.ok()) << writer.status();
    const auto sample = [&](size_t split, size_t index) -> Result<std::vector<FieldValue>> {
      return SampleAt(splits[split], index).Values();
    };
    for (int64_t r = 0; r < (*writer)->ranges(); ++r) {
      const Status status = (*writer)->WriteRange(r, sample);
      CHECK(status.ok()) << status;
    }
    const auto info = (*writer)->Finish();
    CHECK(info.ok()) << info.status();
  }
  ~SmallDataset() { std::filesystem::remove_all(directory_); }

  const std::string& directory() const { return directory_; }

  std::unique_ptr<Dataset> Open() const {
    auto dataset = Dataset::Open(directory_);
    CHECK(dataset.ok()) << dataset.status();
    return *std::move(dataset);
  }

  static int32_t LabelOf(int64_t index, int64_t samples) {
    return static_cast<int32_t>(index * kClasses / samples);
  }

 private:
  static SplitListing ListingOf(const std::string& name, int64_t samples) {
    SplitListing listing = {name, {}};
    for (int64_t i = 0; i < samples; ++i) {
      const std::string digits = std::to_string(i);
      listing.paths.push_back(name + "/" + std::string(8 - digits.size(), '0') + digits);
    }
    return listing;
  }

  static ImageSample SampleAt(const SplitListing& split, size_t index) {
    ImageSample sample;
    sample.label = LabelOf(static_cast<int64_t>(index), static_cast<int64_t>(split.paths.size()));
    sample.height = sample.width = 4;
    sample.channels = 1;
    for (size_t k = 0; k < 16; ++k) {
      sample.pixels.push_back(static_cast<char>(index * 37 + k * 11 + split.name.size()));
    }
    return sample;
  }

  std::string directory_;
};

}  // namespace lockstep::storage

// SPDX-License-Identifier: Apache-2.0
// Small datasets made in place, for tests only. Sample i of a split of n samples has label
// i * classes / n (sorted by class, as folders are) and pixels that are a function of i.
#pragma once

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "storage/dataset/channel_statistics.h"
#include "storage/dataset/dataset.h"
#include "storage/dataset/testing/image_sample.h"
#include "storage/dataset/writer.h"

namespace lockstep::storage {

struct MadeDataset {
  int64_t train = 1000, test = 100;
  int32_t classes = 10;
  int32_t height = 5, width = 4, channels = 3;
  int64_t shard_size = 16;
  int64_t ids_per_file = 256;

  static std::string PathOf(const std::string& split, int64_t i) {
    std::string number = std::to_string(i);
    return split + "/" + std::string(8 - number.size(), '0') + number;
  }

  WriterOptions Options(const std::string& directory) const {
    WriterOptions o;
    o.directory = directory;
    o.source = "made for a test";
    std::vector<std::string> names;
    for (int32_t c = 0; c < classes; ++c) names.push_back("class " + std::to_string(c));
    o.schema = ImageAndLabel(std::move(names));
    ChannelSums sums;
    for (int64_t i = 0; i < train; ++i) {
      sums.Add(Sample(1, static_cast<size_t>(i)).pixels, channels);
    }
    o.channel_mean = sums.Mean();
    o.channel_std = sums.Deviation();
    for (const auto& [name, count] : {std::pair("test", test), std::pair("train", train)}) {
      SplitListing listing{name, {}};
      for (int64_t i = 0; i < count; ++i) listing.paths.push_back(PathOf(name, i));
      o.splits.push_back(listing);
    }
    o.shard_size = shard_size;
    o.ids_per_file = ids_per_file;
    return o;
  }

  ImageSample Sample(size_t split, size_t index) const {
    const int64_t count = split == 0 ? test : train;
    ImageSample s;
    s.label = static_cast<int32_t>(static_cast<int64_t>(index) * classes / count);
    s.height = height;
    s.width = width;
    s.channels = channels;
    s.pixels.resize(static_cast<size_t>(height * width * channels));
    for (size_t p = 0; p < s.pixels.size(); ++p) {
      s.pixels[p] = static_cast<char>(index * 31 + split * 7 + p * (index % 13 + 1));
    }
    return s;
  }

  // Writes every range: thread t of `threads` takes the t-th, t + threads-th ... in `backwards`
  // order if asked.
  Status WriteRanges(DatasetWriter* writer, int threads = 1, bool backwards = false) const {
    const auto sample = [this](size_t split, size_t index) -> Result<std::vector<FieldValue>> {
      return Sample(split, index).Values();
    };
    std::vector<Status> statuses(static_cast<size_t>(threads));
    const auto work = [&](int t) {
      for (int64_t r = t; r < writer->ranges(); r += threads) {
        const int64_t range = backwards ? writer->ranges() - 1 - r : r;
        Status status = writer->WriteRange(range, sample);
        if (!status.ok()) statuses[static_cast<size_t>(t)] = status;
      }
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(work, t);
    work(0);
    for (std::thread& thread : others) thread.join();
    for (const Status& status : statuses) RETURN_IF_ERROR(status);
    return {};
  }

  Result<DatasetInfo> Make(const std::string& directory, int threads = 1, bool backwards = false,
                           bool replace = false) const {
    WriterOptions options = Options(directory);
    options.replace = replace;
    ASSIGN_OR_RETURN(const auto writer, DatasetWriter::Create(std::move(options)));
    RETURN_IF_ERROR(WriteRanges(writer.get(), threads, backwards));
    return writer->Finish();
  }
};

}  // namespace lockstep::storage

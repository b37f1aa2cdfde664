// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/made_up_dataset.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/philox.h"
#include "storage/dataset/writer.h"

namespace lockstep::cluster {
namespace {

using storage::FieldValue;

// Of uniform pixels from 0 to 1.
constexpr double kMean = 0.5, kDeviation = 0.2887;

PhiloxCounter Words(const PhiloxKey& key, size_t sample, uint32_t index) {
  return Philox4x32({static_cast<uint32_t>(sample), static_cast<uint32_t>(sample >> 32), index, 0},
                    key);
}

std::string Pixels(const PhiloxKey& key, size_t sample, int64_t bytes) {
  std::string pixels(static_cast<size_t>(bytes), '\0');
  for (size_t at = 0; at < pixels.size(); at += 16) {
    const PhiloxCounter words = Words(key, sample, static_cast<uint32_t>(at / 16) + 1);
    for (size_t i = at; i < std::min(pixels.size(), at + 16); ++i) {
      pixels[i] = static_cast<char>(words[(i - at) / 4] >> (8 * (i % 4)));
    }
  }
  return pixels;
}

storage::WriterOptions OptionsOf(const MadeUpDataset& wanted) {
  storage::WriterOptions options;
  options.directory = wanted.directory;
  options.source = "made up for a measurement";
  std::vector<std::string> classes;
  for (int64_t c = 0; c < wanted.classes; ++c) classes.push_back("class-" + std::to_string(c));
  options.schema = ImageAndLabel(std::move(classes));
  storage::SplitListing listing = {"train", {}};
  for (int64_t i = 0; i < wanted.samples; ++i) {
    listing.paths.push_back(Format("%08lld", static_cast<long long>(i)));
  }
  options.splits = {std::move(listing)};
  options.channel_mean.assign(static_cast<size_t>(wanted.image[2]), kMean);
  options.channel_std.assign(static_cast<size_t>(wanted.image[2]), kDeviation);
  return options;
}

}  // namespace

Status MakeDataset(const MadeUpDataset& wanted) {
  ASSIGN_OR_RETURN(const auto writer, storage::DatasetWriter::Create(OptionsOf(wanted)));
  const PhiloxKey key = StreamKey(wanted.seed, "synthetic");
  const Shape& image = wanted.image;
  const auto sample = [&](size_t, size_t index) -> Result<std::vector<FieldValue>> {
    const auto label =
        static_cast<int32_t>(Words(key, index, 0)[0] % static_cast<uint32_t>(wanted.classes));
    return std::vector<FieldValue>{
        storage::ImageValue(image[0], image[1], image[2], Pixels(key, index, image.elements())),
        storage::LabelValue(label)};
  };
  for (int64_t r = 0; r < writer->ranges(); ++r) RETURN_IF_ERROR(writer->WriteRange(r, sample));
  return writer->Finish().status();
}

}  // namespace lockstep::cluster

// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/run_lengths.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/sample/schema.h"
#include "storage/dataset/little_endian.h"

namespace lockstep::storage {
namespace {

constexpr size_t kWord = sizeof(uint32_t);

// The words of a value, from front to back.
class Words {
 public:
  explicit Words(std::string_view bytes) : bytes_(bytes) {}
  size_t left() const { return bytes_.size() / kWord; }
  uint32_t Next() {
    const auto word = LoadLittleEndian<uint32_t>(bytes_.data());
    bytes_.remove_prefix(kWord);
    return word;
  }
  bool ended() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace

Status CheckRunLengths(const FieldView& value) {
  const auto pixels = static_cast<uint64_t>(value.dims[1]) * value.dims[2];
  if (pixels < 1 || pixels > static_cast<uint64_t>(kMaxPixels)) {
    return DataLoss("its masks have " + std::to_string(pixels) + " pixels, expected 1 to 2^28");
  }
  Words words(value.bytes);
  for (uint32_t mask = 0; mask < value.dims[0]; ++mask) {
    const std::string where = "mask " + std::to_string(mask);
    if (words.left() == 0) return DataLoss(where + " is missing");
    const uint32_t runs = words.Next();
    if (runs > words.left()) {
      return DataLoss(where + " has " + std::to_string(runs) + " runs, and there are bytes for " +
                      std::to_string(words.left()));
    }
    uint64_t sum = 0;
    for (uint32_t r = 0; r < runs; ++r) sum += words.Next();
    if (sum != pixels) {
      return DataLoss("the runs of " + where + " have " + std::to_string(sum) +
                      " pixels, expected " + std::to_string(pixels));
    }
  }
  return words.ended() ? OkStatus() : DataLoss("there are bytes behind the last mask");
}

FieldValue RunLengthsValue(int64_t height, int64_t width,
                           std::span<const std::vector<uint8_t>> masks) {
  FieldValue value = {Encoding::kRunLengths,
                      {static_cast<uint32_t>(masks.size()), static_cast<uint32_t>(height),
                       static_cast<uint32_t>(width)},
                      {}};
  for (const std::vector<uint8_t>& mask : masks) {
    CHECK_EQ(static_cast<int64_t>(mask.size()), height * width);
    std::vector<uint32_t> runs = {0};
    bool inside = false;
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t y = 0; y < height; ++y) {
        if ((mask[static_cast<size_t>(y * width + x)] != 0) != inside) {
          inside = !inside;
          runs.push_back(0);
        }
        ++runs.back();
      }
    }
    AppendLittleEndian(static_cast<uint32_t>(runs.size()), &value.bytes);
    for (const uint32_t run : runs) AppendLittleEndian(run, &value.bytes);
  }
  return value;
}

std::vector<int32_t> MaskOfEachPixel(const FieldView& value) {
  const size_t height = value.dims[1], width = value.dims[2];
  std::vector<int32_t> mask_of(height * width, -1);
  Words words(value.bytes);
  for (uint32_t mask = 0; mask < value.dims[0]; ++mask) {
    const uint32_t runs = words.Next();
    size_t at = 0;  // down the columns
    for (uint32_t r = 0; r < runs; ++r) {
      const size_t end = at + words.Next();
      for (; r % 2 == 1 && at < end; ++at) {
        mask_of[at % height * width + at / height] = static_cast<int32_t>(mask);
      }
      at = end;
    }
  }
  return mask_of;
}

}  // namespace lockstep::storage

// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/seen_sample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

#include "storage/augment/pixels/copy_window.h"
#include "storage/dataset/run_lengths.h"
#include "storage/image/encoded_image.h"
#include "storage/image/image_header.h"
#include "storage/loader/field_values.h"

namespace lockstep::storage {
namespace {

// Begins the sample with all that geometry applies to; masks and boxes in the schema's order.
Status Begin(const Schema& schema, const Record& record, const PixelSource& image,
             ImageDecoder* decoder, AugmentedSample* sample, SeenSample* seen) {
  sample->Begin(image);
  for (size_t f = 0; f < record.fields(); ++f) {
    const FieldSpec& field = schema.fields[f];
    const FieldView value = record.field(f);
    if (value.absent()) continue;
    if (field.kind == FieldKind::kMask) {
      Result<MaskField> mask = ReadMask(value, decoder);
      if (!mask.ok()) return mask.status().WithContext("field '" + field.name + "'");
      seen->masks.push_back({field.name, {}, mask->ignore});
      RETURN_IF_ERROR(sample->AddMask(*std::move(mask)));
    }
    if (field.kind == FieldKind::kBoxes) {
      seen->boxes.push_back({field.name, {}});
      RETURN_IF_ERROR(sample->AddBoxes(ReadBoxes(schema, record, f)));
    }
  }
  return OkStatus();
}

void Copy(const AugmentedSample& sample, SeenSample* seen) {
  seen->size = sample.size();
  seen->pixels.resize(static_cast<size_t>(seen->size.bytes()));
  CopyWindow<uint8_t>(sample.image(), {0, 0, seen->size.height, seen->size.width}, 0,
                      seen->pixels.data());
  for (size_t m = 0; m < seen->masks.size(); ++m) {
    seen->masks[m].values.resize(static_cast<size_t>(seen->size.pixels()));
    sample.CopyMask(static_cast<int64_t>(m), seen->masks[m].values.data());
  }
  for (size_t b = 0; b < seen->boxes.size(); ++b) seen->boxes[b].boxes = sample.boxes()[b];
}

std::vector<float> NumbersOf(const FieldView& value) {
  std::vector<float> numbers(value.bytes.size() / sizeof(float));
  if (!numbers.empty()) std::memcpy(numbers.data(), value.bytes.data(), value.bytes.size());
  return numbers;
}

SeenDense GreyOf(const std::string& field, const FieldView& value) {
  SeenDense seen = {field, {value.dims[0], value.dims[1], 1}, {}};
  const std::vector<float> all = NumbersOf(value);
  const size_t channels = value.dims[2];
  float least = std::numeric_limits<float>::infinity(), largest = -least;
  for (size_t i = 0; i < all.size(); i += channels) {
    if (!std::isfinite(all[i])) continue;
    least = std::min(least, all[i]);
    largest = std::max(largest, all[i]);
  }
  const double range = static_cast<double>(largest) - static_cast<double>(least);
  for (size_t i = 0; i < all.size(); i += channels) {
    const double above = static_cast<double>(all[i]) - static_cast<double>(least);
    const bool has_level = std::isfinite(all[i]) && range > 0;
    seen.grey.push_back(has_level ? static_cast<uint8_t>(255 * above / range + 0.5) : uint8_t{0});
  }
  return seen;
}

// What is shown as the dataset has it.
Status TakeTheRest(const Schema& schema, const Record& record, SeenSample* seen) {
  for (size_t f = 0; f < record.fields(); ++f) {
    const FieldSpec& field = schema.fields[f];
    const FieldView value = record.field(f);
    if (value.absent()) continue;
    if (field.kind == FieldKind::kInstances) {
      if (value.dims[1] != seen->size.height || value.dims[2] != seen->size.width) {
        return DataLoss("the masks of field '" + field.name + "' are " +
                        std::to_string(value.dims[1]) + "x" + std::to_string(value.dims[2]) +
                        " and the image " + std::to_string(seen->size.height) + "x" +
                        std::to_string(seen->size.width));
      }
      seen->instances.push_back({field.name, MaskOfEachPixel(value)});
    }
    if (field.kind == FieldKind::kKeypoints) {
      seen->keypoints.push_back({field.name, value.dims[0], value.dims[1], NumbersOf(value)});
    }
    if (field.kind == FieldKind::kDense) seen->dense.push_back(GreyOf(field.name, value));
  }
  return OkStatus();
}

}  // namespace

Result<SeenSample> SeeSample(const Schema& schema, const Record& record,
                             const Augmentation& augmentation, const AugmentStream& stream,
                             ImageDecoder* decoder) {
  const int field = schema.FirstOf(FieldKind::kImage);
  if (field < 0) {
    return InvalidArgument("the samples of this dataset have no image; they have " +
                           schema.ToString());
  }
  const FieldView value = record.field(static_cast<size_t>(field));
  if (value.absent()) return InvalidArgument("this sample has no image");
  SeenSample seen;
  AugmentedSample sample;
  const auto see = [&](const PixelSource& image) -> Status {
    RETURN_IF_ERROR(Begin(schema, record, image, decoder, &sample, &seen));
    RETURN_IF_ERROR(augmentation.Run(stream, &sample));
    Copy(sample, &seen);
    return augmentation.IsIdentity() ? TakeTheRest(schema, record, &seen) : OkStatus();
  };
  if (value.encoding == Encoding::kRaw) {
    RETURN_IF_ERROR(see(RawImage(reinterpret_cast<const uint8_t*>(value.bytes.data()),
                                 {value.dims[0], value.dims[1], value.dims[2]})));
    return seen;
  }
  ASSIGN_OR_RETURN(const ImageHeader header, ReadImageHeader(value.bytes));
  RETURN_IF_ERROR(see(EncodedImage(value.bytes, header, value.dims[2], decoder)));
  return seen;
}

}  // namespace lockstep::storage

// SPDX-License-Identifier: Apache-2.0
#include "storage/import/sample_check.h"

#include <cmath>
#include <cstring>
#include <string>

#include "base/check.h"
#include "storage/image/image_header.h"

namespace lockstep::storage {
namespace {

bool IsEncoded(const FieldValue& value) {
  return value.encoding == Encoding::kJpeg || value.encoding == Encoding::kPng;
}

std::string_view FormatName(ImageFormat format) {
  return format == ImageFormat::kJpeg ? "JPEG" : "PNG";
}

template <typename T>
T NumberAt(const FieldValue& value, size_t i) {
  T number;
  std::memcpy(&number, value.bytes.data() + i * sizeof number, sizeof number);
  return number;
}

// Coordinates and areas are numbers, and neither infinite nor none.
Status CheckFinite(const FieldSpec& spec, const FieldValue& value) {
  const bool coordinates = spec.kind == FieldKind::kBoxes || spec.kind == FieldKind::kBoxArea ||
                           spec.kind == FieldKind::kKeypoints;
  if (!coordinates) return OkStatus();
  for (size_t i = 0; i < value.bytes.size() / sizeof(float); ++i) {
    const auto number = NumberAt<float>(value, i);
    if (std::isfinite(number)) continue;
    return DataLoss("number " + std::to_string(i) + " of field '" + spec.name + "' is " +
                    std::to_string(number) + "; expected a finite number");
  }
  return OkStatus();
}

// What belongs to boxes has a value for each box, and a label is a class.
Status CheckCompanion(const FieldSpec& spec, const FieldValue& value, const FieldValue& boxes) {
  const int64_t there = boxes.View().absent() ? 0 : boxes.dims[0];
  if (value.dims[0] != there) {
    return DataLoss("field '" + spec.name + "' has " + std::to_string(value.dims[0]) +
                    " values and there are " + std::to_string(there) + " boxes in '" + spec.of +
                    "'; expected one for each");
  }
  if (spec.kind != FieldKind::kBoxLabels || spec.classes.empty()) return OkStatus();
  for (size_t i = 0; i < value.dims[0]; ++i) {
    const auto label = NumberAt<int32_t>(value, i);
    if (label >= 0 && static_cast<size_t>(label) < spec.classes.size()) continue;
    return DataLoss("box " + std::to_string(i) + " of '" + spec.of + "' has label " +
                    std::to_string(label) + ", but there are " +
                    std::to_string(spec.classes.size()) + " classes");
  }
  return OkStatus();
}

}  // namespace

Status CompleteValues(const Schema& schema, int64_t channels, std::vector<FieldValue>* values) {
  CHECK_EQ(values->size(), schema.fields.size());
  for (size_t f = 0; f < values->size(); ++f) {
    const FieldSpec& spec = schema.fields[f];
    FieldValue& value = (*values)[f];
    if (IsEncoded(value)) {
      ASSIGN_OR_RETURN(const ImageHeader header, ReadImageHeader(value.bytes));
      if (header.animated) {
        return DataLoss(
            "it is an animated PNG, and one picture was expected. Save one of its "
            "pictures as a PNG of its own, or leave it out");
      }
      // Whatever the name of the file says, the bytes decide.
      value.encoding = header.format == ImageFormat::kJpeg ? Encoding::kJpeg : Encoding::kPng;
      value.dims = {static_cast<uint32_t>(header.height), static_cast<uint32_t>(header.width)};
      if (spec.kind == FieldKind::kImage) value.dims.push_back(static_cast<uint32_t>(channels));
      if (spec.kind == FieldKind::kMask) RETURN_IF_ERROR(MaskStatus(header));
    }
    RETURN_IF_ERROR(CheckValue(spec, value.View()));
  }
  return OkStatus();
}

SampleCheck::SampleCheck(const Schema* schema, int64_t channels)
    : schema_(schema), channels_(channels) {}

Status SampleCheck::CheckImage(const FieldValue& value, ChannelSums* sums) {
  const auto channels = static_cast<int64_t>(value.dims[2]);
  std::string_view pixels = value.bytes;
  if (IsEncoded(value)) {
    ASSIGN_OR_RETURN(const ImageHeader header, ReadImageHeader(value.bytes));
    pixels_.resize(static_cast<size_t>(header.height * header.width * channels));
    const Status status = decoder_.Decode(value.bytes, header, channels, pixels_.data());
    if (!status.ok()) {
      return status.WithContext("the " + std::string(FormatName(header.format)) +
                                " file cannot be decoded");
    }
    pixels = {reinterpret_cast<const char*>(pixels_.data()), pixels_.size()};
  }
  if (sums != nullptr) sums->Add(pixels, static_cast<int32_t>(channels));
  return OkStatus();
}

// A mask belongs to the image, and every value has a class or is the value that is ignored.
Status SampleCheck::CheckMask(const FieldSpec& spec, const FieldValue& value,
                              const FieldValue& image) {
  if (image.View().absent()) return DataLoss("it has a mask and no image");
  const int64_t height = value.dims[0], width = value.dims[1];
  if (height != image.dims[0] || width != image.dims[1]) {
    return DataLoss("the mask is " + std::to_string(height) + "x" + std::to_string(width) +
                    " and its image " + std::to_string(image.dims[0]) + "x" +
                    std::to_string(image.dims[1]));
  }
  const auto count = static_cast<size_t>(height * width);
  bool wide = value.bytes.size() == 2 * count;
  const auto* bytes = reinterpret_cast<const uint8_t*>(value.bytes.data());
  if (value.encoding == Encoding::kPng) {
    ASSIGN_OR_RETURN(const ImageHeader header, ReadImageHeader(value.bytes));
    wide = header.sixteen_bit;
    pixels_.resize(count * (wide ? 2 : 1));
    RETURN_IF_ERROR(
        decoder_.DecodeMask(value.bytes, header, {0, 0, height, width}, pixels_.data()));
    bytes = pixels_.data();
  }
  const size_t ignored = wide ? 65535 : 255;
  for (size_t i = 0; i < count; ++i) {
    const size_t one = wide ? static_cast<size_t>(bytes[2 * i] | bytes[2 * i + 1] << 8) : bytes[i];
    if (one < spec.classes.size() || one == ignored || spec.classes.empty()) continue;
    return DataLoss("the mask has the value " + std::to_string(one) + " and there are " +
                    std::to_string(spec.classes.size()) + " classes (" + std::to_string(ignored) +
                    " is ignored)");
  }
  return OkStatus();
}

Status SampleCheck::Check(std::vector<FieldValue>* values, ChannelSums* sums) {
  RETURN_IF_ERROR(CompleteValues(*schema_, channels_, values));
  const Status status = CheckAll(*values, sums);
  if (pixels_.capacity() > kMostKept) pixels_ = std::vector<uint8_t>();
  return status;
}

Status SampleCheck::CheckAll(const std::vector<FieldValue>& values, ChannelSums* sums) {
  const int image = schema_->FirstOf(FieldKind::kImage);
  ChannelSums of_sample;
  for (size_t f = 0; f < values.size(); ++f) {
    const FieldSpec& spec = schema_->fields[f];
    const FieldValue& value = values[f];
    if (value.View().absent()) continue;
    RETURN_IF_ERROR(CheckFinite(spec, value));
    if (!spec.of.empty()) {
      RETURN_IF_ERROR(
          CheckCompanion(spec, value, values[static_cast<size_t>(schema_->IndexOf(spec.of))]));
    }
    if (spec.kind == FieldKind::kImage) {
      const bool sum = sums != nullptr && static_cast<int>(f) == image;
      RETURN_IF_ERROR(CheckImage(value, sum ? &of_sample : nullptr));
    }
    if (spec.kind == FieldKind::kMask && image >= 0) {
      RETURN_IF_ERROR(CheckMask(spec, value, values[static_cast<size_t>(image)]));
    }
  }
  if (sums != nullptr) sums->Merge(of_sample);  // once the whole sample is accepted
  return OkStatus();
}

}  // namespace lockstep::storage

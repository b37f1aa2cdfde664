// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/field_value.h"

#include <bit>
#include <cstring>

#include "base/check.h"
#include "storage/dataset/little_endian.h"
#include "storage/dataset/run_lengths.h"

namespace lockstep::storage {
namespace {

static_assert(std::endian::native == std::endian::little);  // arrays are copied as they are

const char* EncodingName(Encoding encoding) {
  switch (encoding) {
    case Encoding::kRaw:
      return "raw";
    case Encoding::kJpeg:
      return "jpeg";
    case Encoding::kPng:
      return "png";
    case Encoding::kRunLengths:
      return "run lengths";
    case Encoding::kNone:
      return "no value";
  }
  return "an unknown encoding";
}

Status Refuse(const FieldSpec& spec, const FieldView& value, const std::string& expected) {
  return DataLoss("field '" + spec.name + "' is " + value.ToString() + ", expected " + expected);
}

// A product of dimensions that is never more than kMaxPixels + 1, whatever they are.
int64_t Bounded(const FieldView& value, size_t first, size_t end) {
  int64_t product = 1;
  for (size_t i = first; i < end; ++i) {
    product *= value.dims[i];
    if (product > kMaxPixels) return kMaxPixels + 1;
  }
  return product;
}

bool IsRaw(const FieldView& value, size_t rank, int64_t bytes_per_element) {
  if (value.encoding != Encoding::kRaw || value.rank != rank) return false;
  return static_cast<int64_t>(value.bytes.size()) == Bounded(value, 0, rank) * bytes_per_element;
}

Status CheckImage(const FieldSpec& spec, const FieldView& value) {
  const std::string expected = "jpeg, png or raw bytes of at most 2^28 pixels [H, W, C], C 1 or 3";
  const int64_t channels = value.dims[2];
  const int64_t pixels = Bounded(value, 0, 2);
  if (value.rank != 3 || pixels < 1 || pixels > kMaxPixels || channels < 1 || channels > 4) {
    return Refuse(spec, value, expected);
  }
  if (value.encoding == Encoding::kRaw) {
    if (static_cast<int64_t>(value.bytes.size()) == pixels * channels) return OkStatus();
    return Refuse(spec, value, std::to_string(pixels * channels) + " bytes");
  }
  const bool encoded = value.encoding == Encoding::kJpeg || value.encoding == Encoding::kPng;
  if (encoded && channels != 2 && channels != 4 && !value.bytes.empty()) return OkStatus();
  return Refuse(spec, value, expected);
}

Status CheckMask(const FieldSpec& spec, const FieldView& value) {
  const int64_t pixels = Bounded(value, 0, 2);
  const auto bytes = static_cast<int64_t>(value.bytes.size());
  if (value.rank == 2 && pixels >= 1 && pixels <= kMaxPixels) {
    if (value.encoding == Encoding::kPng && bytes > 0) return OkStatus();
    if (value.encoding == Encoding::kRaw && (bytes == pixels || bytes == 2 * pixels)) {
      return OkStatus();
    }
  }
  return Refuse(spec, value, "a png or raw mask [H, W] of one or two bytes a pixel");
}

}  // namespace

int64_t FieldView::elements() const { return Bounded(*this, 0, rank); }

std::string FieldView::ToString() const {
  std::string text = EncodingName(encoding);
  if (absent()) return text;
  text += " [";
  for (size_t i = 0; i < rank && i < kMostDims; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(dims[i]);
  }
  return text + "] of " + std::to_string(bytes.size()) + " bytes";
}

FieldView FieldValue::View() const {
  CHECK_LE(dims.size(), kMostDims);
  FieldView view;
  view.encoding = encoding;
  view.rank = static_cast<uint16_t>(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) view.dims[i] = dims[i];
  view.bytes = bytes;
  return view;
}

Status CheckValue(const FieldSpec& spec, const FieldView& value) {
  if (value.absent()) {
    if (spec.optional && value.rank == 0 && value.bytes.empty()) return OkStatus();
    return Refuse(spec, value, "a value: the field is not optional");
  }
  const auto expect = [&](bool fits, const char* expected) -> Status {
    if (fits) return OkStatus();
    return Refuse(spec, value, expected);
  };
  switch (spec.kind) {
    case FieldKind::kImage:
      return CheckImage(spec, value);
    case FieldKind::kMask:
      return CheckMask(spec, value);
    case FieldKind::kLabel: {
      RETURN_IF_ERROR(expect(IsRaw(value, 0, 4), "one i32"));
      const int32_t label = LabelOf(value);
      if (spec.classes.empty()) return OkStatus();
      if (label >= 0 && label < static_cast<int64_t>(spec.classes.size())) return OkStatus();
      return DataLoss("field '" + spec.name + "' has label " + std::to_string(label) +
                      ", but there are " + std::to_string(spec.classes.size()) + " classes");
    }
    case FieldKind::kLabels:
      return expect(IsRaw(value, 1, 1) && value.dims[0] == spec.classes.size(),
                    "one byte for each class");
    case FieldKind::kNumbers:
      return expect(IsRaw(value, 1, 4), "f32 [n]");
    case FieldKind::kTokens:
      return expect(IsRaw(value, 1, 4), "i32 [n]");
    case FieldKind::kDense:
      return expect(IsRaw(value, 3, 4) && value.elements() > 0, "f32 [H, W, c]");
    case FieldKind::kBoxes:
      return expect(IsRaw(value, 2, 4) && value.dims[1] == 4, "f32 [n, 4]");
    case FieldKind::kBoxLabels:
    case FieldKind::kBoxArea:
      return expect(IsRaw(value, 1, 4), "four bytes for each box");
    case FieldKind::kBoxFlags:
      return expect(IsRaw(value, 1, 1), "one byte for each box");
    case FieldKind::kInstances: {
      RETURN_IF_ERROR(expect(value.encoding == Encoding::kRunLengths && value.rank == 3,
                             "run lengths [n, H, W]"));
      const Status status = CheckRunLengths(value);
      return status.ok() ? status : status.WithContext("field '" + spec.name + "'");
    }
    case FieldKind::kKeypoints:
      return expect(IsRaw(value, 3, 4) && value.dims[2] == 3, "f32 [n, k, 3]");
    case FieldKind::kText:
      return expect(IsRaw(value, 1, 1), "UTF-8");
    case FieldKind::kSourceId:
      return expect(IsRaw(value, 0, 8), "one i64");
  }
  return Refuse(spec, value, "a kind of field that this program knows");
}

FieldValue LabelValue(int32_t label) {
  FieldValue value;
  AppendLittleEndian<uint32_t>(static_cast<uint32_t>(label), &value.bytes);
  return value;
}

FieldValue ImageValue(int64_t height, int64_t width, int64_t channels, std::string pixels) {
  return {Encoding::kRaw,
          {static_cast<uint32_t>(height), static_cast<uint32_t>(width),
           static_cast<uint32_t>(channels)},
          std::move(pixels)};
}

FieldValue FloatValue(std::vector<uint32_t> dims, std::span<const float> values) {
  FieldValue value = {Encoding::kRaw, std::move(dims), std::string(values.size_bytes(), '\0')};
  if (!values.empty()) std::memcpy(value.bytes.data(), values.data(), values.size_bytes());
  return value;
}

FieldValue IntValue(std::vector<uint32_t> dims, std::span<const int32_t> values) {
  FieldValue value = {Encoding::kRaw, std::move(dims), std::string(values.size_bytes(), '\0')};
  if (!values.empty()) std::memcpy(value.bytes.data(), values.data(), values.size_bytes());
  return value;
}

FieldValue ByteValue(std::vector<uint32_t> dims, std::string values) {
  return {Encoding::kRaw, std::move(dims), std::move(values)};
}

FieldValue SourceIdValue(int64_t id) {
  FieldValue value;
  AppendLittleEndian<uint64_t>(static_cast<uint64_t>(id), &value.bytes);
  return value;
}

FieldValue TextValue(std::string text) {
  return {Encoding::kRaw, {static_cast<uint32_t>(text.size())}, std::move(text)};
}

FieldValue NoValue() { return {Encoding::kNone, {}, {}}; }

int32_t LabelOf(const FieldView& value) {
  CHECK_EQ(value.bytes.size(), size_t{4});
  return static_cast<int32_t>(LoadLittleEndian<uint32_t>(value.bytes.data()));
}

}  // namespace lockstep::storage

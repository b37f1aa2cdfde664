// SPDX-License-Identifier: Apache-2.0
// The value of one field of one sample: how its bytes are to be read, its dimensions, its bytes.
// Numbers are little-endian. base/sample/schema.h says what each kind of field holds.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sample/schema.h"
#include "base/status.h"

namespace lockstep::storage {

enum class Encoding : uint16_t {
  kRaw = 0,         // the elements, row-major
  kJpeg = 1,        // a JPEG file
  kPng = 2,         // a PNG file
  kRunLengths = 3,  // n masks, each a list of run lengths
  kNone = 0xffff,   // no value: an optional field that this sample does not have
};

inline constexpr size_t kMostDims = 4;

// A value whose bytes lie somewhere else.
struct FieldView {
  Encoding encoding = Encoding::kRaw;
  uint16_t rank = 0;
  std::array<uint32_t, kMostDims> dims{};  // those from `rank` on are 0
  std::string_view bytes;

  bool absent() const { return encoding == Encoding::kNone; }
  int64_t elements() const;  // product of the dimensions, at most 2^128 in theory: see CheckValue
  std::string ToString() const;  // "jpeg [480, 640, 3] of 10,123 bytes"
};

// A value that owns its bytes.
struct FieldValue {
  Encoding encoding = Encoding::kRaw;
  std::vector<uint32_t> dims;
  std::string bytes;

  FieldView View() const;
  bool operator==(const FieldValue&) const = default;
};

// What a sample may have as the value of a field; a failure (data-loss) says what was found and
// what was expected. Encoded images are not decoded.
Status CheckValue(const FieldSpec& spec, const FieldView& value);

// Raw values.
FieldValue LabelValue(int32_t label);
FieldValue ImageValue(int64_t height, int64_t width, int64_t channels, std::string pixels);
FieldValue FloatValue(std::vector<uint32_t> dims, std::span<const float> values);
FieldValue IntValue(std::vector<uint32_t> dims, std::span<const int32_t> values);
FieldValue ByteValue(std::vector<uint32_t> dims, std::string values);
FieldValue SourceIdValue(int64_t id);
FieldValue TextValue(std::string text);
FieldValue NoValue();

// The number that a raw i32 [] holds; the value has been checked.
int32_t LabelOf(const FieldView& value);

}  // namespace lockstep::storage

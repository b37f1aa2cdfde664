// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as a record of a schema with fields of every kind. The
// checksum is put right first, so that what lies behind it is reached; a record that decodes must
// encode to the same bytes.
#include <string>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "storage/dataset/record.h"

namespace {

using namespace lockstep;           // NOLINT
using namespace lockstep::storage;  // NOLINT

// The first byte chooses: an image with a label, or one field of every kind.
Schema SchemaOf(uint8_t choice) {
  if (choice % 2 == 0) return ImageAndLabel({"a", "b"});
  Schema schema;
  for (int kind = 0; kind <= static_cast<int>(FieldKind::kSourceId); ++kind) {
    const auto k = static_cast<FieldKind>(kind);
    const bool companion =
        k == FieldKind::kBoxLabels || k == FieldKind::kBoxFlags || k == FieldKind::kBoxArea;
    schema.fields.push_back({.name = std::string(FieldKindName(k)),
                             .kind = k,
                             .of = companion ? "boxes" : "",
                             .classes = {"a", "b"},
                             .optional = kind % 3 == 0});
  }
  return schema;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 9) return 0;
  const Schema schema = SchemaOf(data[0]);
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const SampleId id(5);
  (void)Record::Decode(id, bytes, schema).status();
  Hasher hasher;
  hasher.UpdateU64(id.value);
  hasher.Update(std::string_view(bytes).substr(8));
  const uint64_t checksum = hasher.Digest64();
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(checksum >> (8 * i));
  const auto record = Record::Decode(id, bytes, schema);
  if (!record.ok()) return 0;
  std::vector<FieldValue> values;
  for (size_t f = 0; f < record->fields(); ++f) {
    const FieldView view = record->field(f);
    values.push_back({view.encoding,
                      {view.dims.begin(), view.dims.begin() + view.rank},
                      std::string(view.bytes)});
  }
  CHECK(EncodeRecord(id, record->source_path(), values) == bytes);
  (void)FactsOf(schema, *record);
  return 0;
}

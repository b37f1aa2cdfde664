// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/record.h"

#include <functional>

#include "base/check.h"
#include "base/hash.h"
#include "storage/dataset/little_endian.h"

namespace lockstep::storage {
namespace {

constexpr uint16_t kRecordVersion = 2;
constexpr size_t kChecksumBytes = 8;
constexpr size_t kHeaderBytes = 16;
constexpr size_t kEntryBytes = 36;
constexpr size_t kAlignment = 8;

uint64_t ChecksumOf(SampleId id, std::string_view after_checksum) {
  Hasher hasher;
  hasher.UpdateU64(id.value);
  hasher.Update(after_checksum);
  return hasher.Digest64();
}

size_t Aligned(size_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

void AppendEntry(const FieldView& value, size_t offset, std::string* bytes) {
  AppendLittleEndian<uint16_t>(static_cast<uint16_t>(value.encoding), bytes);
  AppendLittleEndian<uint16_t>(value.rank, bytes);
  for (const uint32_t dim : value.dims) AppendLittleEndian<uint32_t>(dim, bytes);
  AppendLittleEndian<uint64_t>(offset, bytes);
  AppendLittleEndian<uint64_t>(value.bytes.size(), bytes);
}

struct Entry {
  FieldView value;  // without its bytes
  uint64_t offset = 0;
  uint64_t length = 0;
};

Entry LoadEntry(const char* at) {
  Entry entry;
  entry.value.encoding = static_cast<Encoding>(LoadLittleEndian<uint16_t>(at));
  entry.value.rank = LoadLittleEndian<uint16_t>(at + 2);
  for (size_t i = 0; i < kMostDims; ++i) {
    entry.value.dims[i] = LoadLittleEndian<uint32_t>(at + 4 + 4 * i);
  }
  entry.offset = LoadLittleEndian<uint64_t>(at + 20);
  entry.length = LoadLittleEndian<uint64_t>(at + 28);
  return entry;
}

// Whether the value lies where it must and says of itself what its field may be. `next`: the end of
// what came before; moved on.
Status CheckEntry(std::string_view bytes, const FieldSpec& spec, Entry entry, size_t* next) {
  const size_t begin = Aligned(*next);
  if (entry.offset != begin || begin > bytes.size() || entry.length > bytes.size() - begin) {
    return DataLoss("the value of field '" + spec.name + "' is said to be " +
                    std::to_string(entry.length) + " bytes at " + std::to_string(entry.offset) +
                    " of a record of " + std::to_string(bytes.size()) + " bytes");
  }
  if (bytes.substr(*next, begin - *next).find_first_not_of('\0') != std::string_view::npos) {
    return DataLoss("there are bytes before the value of field '" + spec.name + "'");
  }
  if (entry.value.rank > kMostDims) {
    return DataLoss("field '" + spec.name + "' has " + std::to_string(entry.value.rank) +
                    " dimensions, expected at most 4");
  }
  for (size_t i = entry.value.rank; i < kMostDims; ++i) {
    if (entry.value.dims[i] != 0) {
      return DataLoss("field '" + spec.name + "' has a size in a dimension that it does not have");
    }
  }
  entry.value.bytes = bytes.substr(begin, entry.length);
  *next = begin + entry.length;
  return CheckValue(spec, entry.value);
}

SampleFacts FactsFrom(const Schema& schema, const std::function<FieldView(size_t)>& field) {
  SampleFacts facts;
  const auto find = [&](FieldKind kind, const auto& take) {
    const int index = schema.FirstOf(kind);
    if (index < 0) return;
    const FieldView value = field(static_cast<size_t>(index));
    if (!value.absent()) take(value);
  };
  find(FieldKind::kImage, [&](const FieldView& value) {
    facts.height = static_cast<int32_t>(value.dims[0]);
    facts.width = static_cast<int32_t>(value.dims[1]);
  });
  find(FieldKind::kLabel, [&](const FieldView& value) { facts.label = LabelOf(value); });
  find(FieldKind::kBoxes,
       [&](const FieldView& value) { facts.boxes = static_cast<int32_t>(value.dims[0]); });
  return facts;
}

}  // namespace

std::string EncodeRecord(SampleId id, std::string_view source_path,
                         std::span<const FieldValue> values) {
  std::string bytes(kChecksumBytes, '\0');
  AppendLittleEndian<uint16_t>(kRecordVersion, &bytes);
  AppendLittleEndian<uint16_t>(static_cast<uint16_t>(values.size()), &bytes);
  AppendLittleEndian<uint32_t>(static_cast<uint32_t>(source_path.size()), &bytes);
  bytes += source_path;
  size_t end = bytes.size() + values.size() * kEntryBytes;
  for (const FieldValue& value : values) {
    end = Aligned(end);
    AppendEntry(value.View(), end, &bytes);
    end += value.bytes.size();
  }
  bytes.reserve(end);
  for (const FieldValue& value : values) {
    bytes.append(Aligned(bytes.size()) - bytes.size(), '\0');
    bytes += value.bytes;
  }
  std::string checksum;
  AppendLittleEndian<uint64_t>(ChecksumOf(id, std::string_view(bytes).substr(kChecksumBytes)),
                               &checksum);
  bytes.replace(0, kChecksumBytes, checksum);
  return bytes;
}

Result<Record> Record::Decode(SampleId id, std::string taken, const Schema& schema) {
  const std::string_view bytes = taken;
  if (bytes.size() < kHeaderBytes) {
    return DataLoss("a record of " + std::to_string(bytes.size()) + " bytes, at least " +
                    std::to_string(kHeaderBytes) + " expected");
  }
  const uint64_t stored = RecordChecksum(bytes);
  const uint64_t computed = ChecksumOf(id, bytes.substr(kChecksumBytes));
  if (stored != computed) {
    return DataLoss("record checksum " + Hex64(computed) + ", stored is " + Hex64(stored));
  }
  const auto version = LoadLittleEndian<uint16_t>(bytes.data() + 8);
  const auto fields = LoadLittleEndian<uint16_t>(bytes.data() + 10);
  const size_t path = LoadLittleEndian<uint32_t>(bytes.data() + 12);
  if (version != kRecordVersion || fields != schema.fields.size()) {
    return DataLoss("record version " + std::to_string(version) + " with " +
                    std::to_string(fields) + " fields; this dataset has version " +
                    std::to_string(kRecordVersion) + " with " +
                    std::to_string(schema.fields.size()));
  }
  if (kHeaderBytes + path + fields * kEntryBytes > bytes.size()) {
    return DataLoss("a record of " + std::to_string(bytes.size()) + " bytes says a path of " +
                    std::to_string(path) + " and " + std::to_string(fields) + " fields");
  }
  size_t next = kHeaderBytes + path + fields * kEntryBytes;
  const char* entry = bytes.data() + kHeaderBytes + path;
  for (const FieldSpec& spec : schema.fields) {
    RETURN_IF_ERROR(CheckEntry(bytes, spec, LoadEntry(entry), &next));
    entry += kEntryBytes;
  }
  if (next != bytes.size()) {
    return DataLoss("a record of " + std::to_string(bytes.size()) + " bytes, expected " +
                    std::to_string(next));
  }
  Record record;
  record.id_ = id;
  record.fields_ = fields;
  record.path_length_ = path;
  record.bytes_ = std::move(taken);
  return record;
}

std::string_view Record::source_path() const {
  return std::string_view(bytes_).substr(kHeaderBytes, path_length_);
}

FieldView Record::field(size_t index) const {
  CHECK_LT(index, fields_);
  const Entry entry = LoadEntry(bytes_.data() + kHeaderBytes + path_length_ + index * kEntryBytes);
  FieldView value = entry.value;
  value.bytes = std::string_view(bytes_).substr(entry.offset, entry.length);
  return value;
}

uint64_t Record::checksum() const { return RecordChecksum(bytes_); }

uint64_t RecordChecksum(std::string_view encoded) {
  CHECK_GE(encoded.size(), kChecksumBytes);
  return LoadLittleEndian<uint64_t>(encoded.data());
}

SampleFacts FactsOf(const Schema& schema, std::span<const FieldValue> values) {
  return FactsFrom(schema, [&](size_t i) { return values[i].View(); });
}

SampleFacts FactsOf(const Schema& schema, const Record& record) {
  return FactsFrom(schema, [&](size_t i) { return record.field(i); });
}

std::string KeyOfSample(SampleId id) {
  std::string key(8, '\0');
  for (size_t i = 0; i < 8; ++i) key[i] = static_cast<char>(id.value >> (56 - 8 * i));
  return key;
}

bool SampleOfKey(std::string_view key, SampleId* id) {
  if (key.size() != 8) return false;
  uint64_t value = 0;
  for (const char c : key) value = value << 8 | static_cast<unsigned char>(c);
  *id = SampleId(value);
  return true;
}

std::string DescribeSample(SampleId id) {
  return "sample " + std::to_string(id.value) + " (key " + Hex64(id.value) + ")";
}

}  // namespace lockstep::storage

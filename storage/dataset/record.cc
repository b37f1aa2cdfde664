// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/record.h"

#include "base/check.h"
#include "base/hash.h"
#include "storage/dataset/little_endian.h"

namespace lockstep::storage {
namespace {

constexpr uint16_t kRecordVersion = 1;
constexpr uint16_t kRawPixels = 0;
constexpr size_t kChecksumBytes = 8;
constexpr size_t kHeaderBytes = 32;

uint64_t ChecksumOf(SampleId id, std::string_view after_checksum) {
  Hasher hasher;
  hasher.UpdateU64(id.value);
  hasher.Update(after_checksum);
  return hasher.Digest64();
}

}  // namespace

std::string EncodeRecord(const Record& r) {
  CHECK(r.height > 0 && r.width > 0 && r.channels > 0) << DescribeSample(r.id);
  CHECK_EQ(r.pixels.size(), static_cast<size_t>(int64_t{r.height} * r.width * r.channels));
  std::string bytes(kChecksumBytes, '\0');
  bytes.reserve(kHeaderBytes + r.source_path.size() + r.pixels.size());
  AppendLittleEndian<uint16_t>(kRecordVersion, &bytes);
  AppendLittleEndian<uint16_t>(kRawPixels, &bytes);
  AppendLittleEndian<uint32_t>(static_cast<uint32_t>(r.label), &bytes);
  AppendLittleEndian<uint32_t>(static_cast<uint32_t>(r.height), &bytes);
  AppendLittleEndian<uint32_t>(static_cast<uint32_t>(r.width), &bytes);
  AppendLittleEndian<uint32_t>(static_cast<uint32_t>(r.channels), &bytes);
  AppendLittleEndian<uint32_t>(static_cast<uint32_t>(r.source_path.size()), &bytes);
  bytes += r.source_path;
  bytes += r.pixels;
  std::string checksum;
  AppendLittleEndian<uint64_t>(ChecksumOf(r.id, std::string_view(bytes).substr(kChecksumBytes)),
                               &checksum);
  bytes.replace(0, kChecksumBytes, checksum);
  return bytes;
}

Result<Record> DecodeRecord(SampleId id, std::string_view bytes) {
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
  const auto encoding = LoadLittleEndian<uint16_t>(bytes.data() + 10);
  if (version != kRecordVersion || encoding != kRawPixels) {
    return DataLoss("record version " + std::to_string(version) + ", pixel encoding " +
                    std::to_string(encoding) + "; this program reads version 1, encoding 0");
  }
  const uint64_t height = LoadLittleEndian<uint32_t>(bytes.data() + 16);
  const uint64_t width = LoadLittleEndian<uint32_t>(bytes.data() + 20);
  const uint64_t channels = LoadLittleEndian<uint32_t>(bytes.data() + 24);
  const uint64_t path = LoadLittleEndian<uint32_t>(bytes.data() + 28);
  constexpr uint64_t kMost = uint64_t{1} << 20;  // so that no product overflows
  if (height == 0 || width == 0 || channels == 0 || height > kMost || width > kMost ||
      channels > kMost || kHeaderBytes + path + height * width * channels != bytes.size()) {
    return DataLoss("a record of " + std::to_string(bytes.size()) + " bytes says " +
                    std::to_string(height) + "x" + std::to_string(width) + "x" +
                    std::to_string(channels) + " pixels and a path of " + std::to_string(path));
  }
  Record record;
  record.id = id;
  record.label = static_cast<int32_t>(LoadLittleEndian<uint32_t>(bytes.data() + 12));
  record.height = static_cast<int32_t>(height);
  record.width = static_cast<int32_t>(width);
  record.channels = static_cast<int32_t>(channels);
  record.source_path = bytes.substr(kHeaderBytes, path);
  record.pixels = bytes.substr(kHeaderBytes + path);
  return record;
}

uint64_t RecordChecksum(std::string_view encoded) {
  CHECK_GE(encoded.size(), kChecksumBytes);
  return LoadLittleEndian<uint64_t>(encoded.data());
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

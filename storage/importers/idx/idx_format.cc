// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/idx/idx_format.h"

#include <algorithm>

#include "base/watch.h"
#include "storage/env/files.h"
#include "storage/env/foreign_file.h"
#include "storage/importers/idx/byte_source.h"

namespace lockstep::storage {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 33;  // 8 GiB; what a header may ask for
constexpr size_t kPiece = size_t{1} << 24;           // bytes between looks for a wish to stop
constexpr size_t kTellingBytes = 512;  // by which files of other programs are told apart

uint32_t LoadBigEndian(const char* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string Hex32(uint32_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "0x00000000";
  for (size_t i = 9; value != 0; --i, value >>= 4) text[i] = kDigits[value & 15];
  return text;
}

std::string DimsText(const std::vector<int64_t>& dims) {
  std::string text;
  for (const int64_t d : dims) text += (text.empty() ? "" : "x") + std::to_string(d);
  return text;
}

struct Header {
  std::vector<int64_t> dims;
  int64_t elements = 1;
};

Result<Header> ReadHeader(ByteSource* source, const std::string& file, int rank) {
  const uint32_t expected = 0x00000800u | static_cast<uint32_t>(rank);
  std::string bytes;
  RETURN_IF_ERROR(source->Read(4, &bytes));
  if (bytes.size() < 4) {
    return DataLoss(file + " has " + std::to_string(bytes.size()) +
                    " bytes; an idx file begins with the magic number " + Hex32(expected));
  }
  if (const uint32_t magic = LoadBigEndian(bytes.data()); magic != expected) {
    const bool idx_of_bytes = magic > 0x00000800u && magic <= 0x000008ffu;
    (void)source->Read(kTellingBytes, &bytes);  // appended
    if (const std::string what = ForeignFileText(bytes); !what.empty()) {
      return DataLoss(file + " is not an idx file but " + what);
    }
    return DataLoss(file + " begins with " + Hex32(magic) + "; expected " + Hex32(expected) +
                    " (idx of unsigned bytes with " + std::to_string(rank) +
                    (rank == 1 ? " dimension: labels)" : " dimensions: images)") +
                    (idx_of_bytes ? ". Are the files of images and labels exchanged?" : ""));
  }
  Header header;
  bytes.clear();
  const auto size = static_cast<size_t>(4 * rank);
  RETURN_IF_ERROR(source->Read(size, &bytes));
  if (bytes.size() < size) return DataLoss(file + " ends within its header");
  for (int i = 0; i < rank; ++i) {
    header.dims.push_back(LoadBigEndian(bytes.data() + 4 * i));
    const int64_t d = header.dims.back();
    if (d == 0 || d > kMostElements / header.elements) {
      return DataLoss(file + " says dimension " + std::to_string(i) + " is " + std::to_string(d) +
                      "; expected at least 1, and at most 2^33 elements together");
    }
    header.elements *= d;
  }
  return header;
}

}  // namespace

Result<IdxArray> ParseIdx(std::string_view file_bytes, std::string_view name, int rank,
                          const std::atomic<bool>* stop) {
  CHECK(rank >= 1 && rank <= 3) << rank;
  const std::string file = "'" + std::string(name) + "'";
  const std::unique_ptr<ByteSource> source = ByteSource::Make(file_bytes, name);
  ASSIGN_OR_RETURN(const Header header, ReadHeader(source.get(), file, rank));
  IdxArray array{header.dims, ""};
  const auto elements = static_cast<size_t>(header.elements);
  for (size_t before = 0; array.values.size() < elements; before = array.values.size()) {
    RETURN_IF_ERROR(CheckStop(stop));
    RETURN_IF_ERROR(source->Read(std::min(kPiece, elements - before), &array.values));
    if (array.values.size() == before) break;
  }
  if (array.values.size() < elements) {
    return DataLoss(file + " is cut short: its header says " + DimsText(header.dims) + " = " +
                    std::to_string(elements) + " bytes, there are " +
                    std::to_string(array.values.size()));
  }
  std::string rest;
  RETURN_IF_ERROR(source->Read(1, &rest));
  if (!rest.empty()) {
    return DataLoss(file + " has bytes left over after the " + std::to_string(elements) +
                    " that its header says (" + DimsText(header.dims) + ")");
  }
  return array;
}

Result<IdxArray> ReadIdx(const std::string& path, int rank, const std::atomic<bool>* stop) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadRegularFile(path));
  return ParseIdx(bytes, path, rank, stop);
}

}  // namespace lockstep::storage

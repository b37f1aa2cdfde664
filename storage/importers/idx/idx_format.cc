// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/idx/idx_format.h"

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "base/watch.h"
#include "storage/env/disk_faults.h"
#include "storage/env/files.h"
#include "storage/env/foreign_file.h"
#include "storage/importers/idx/byte_source.h"
#include "storage/source/source_files.h"
#include "storage/source/spool.h"

namespace lockstep::storage {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 33;  // 8 GiB; what a header may ask for
constexpr int64_t kPiece = int64_t{1} << 20;         // bytes between looks for a wish to stop
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

Result<IdxHeader> ReadHeader(ByteSource* source, const std::string& file, int rank) {
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
  IdxHeader header;
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

// Lays the elements down in the spool.
class SpoolSink : public IdxSink {
 public:
  SpoolSink(const OpenFile* spool, std::string name) : spool_(spool), name_(std::move(name)) {}
  Status Take(std::string_view piece) override {
    const Status status = WriteAll(spool_->fd(), piece, spool_->name());
    if (status.code() != StatusCode::kResourceExhausted) return status;
    return ResourceExhausted("no room in '" + ParentOf(spool_->name()) + "' to unpack '" + name_ +
                             "' (" + status.message() +
                             "). Free some space there, or unpack it elsewhere with gunzip and "
                             "import that");
  }

 private:
  const OpenFile* spool_;
  std::string name_;
};

class MemorySink : public IdxSink {
 public:
  explicit MemorySink(std::string* out) : out_(out) {}
  Status Take(std::string_view piece) override {
    out_->append(piece);
    return {};
  }

 private:
  std::string* out_;
};

Status CutShort(const std::string& file, const IdxHeader& header, int64_t there) {
  return DataLoss(file + " is cut short: its header says " + DimsText(header.dims) + " = " +
                  std::to_string(header.elements) + " bytes, there are " + std::to_string(there));
}

Status LeftOver(const std::string& file, const IdxHeader& header) {
  return DataLoss(file + " has bytes left over after the " + std::to_string(header.elements) +
                  " that its header says (" + DimsText(header.dims) + ")");
}

}  // namespace

Result<IdxHeader> ScanIdx(ByteInput* input, std::string_view name, int rank, IdxSink* sink,
                          const std::atomic<bool>* stop) {
  CHECK(rank >= 1 && rank <= 4) << rank;
  const std::string file = "'" + std::string(name) + "'";
  ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, ByteSource::Make(input, name));
  ASSIGN_OR_RETURN(IdxHeader header, ReadHeader(source.get(), file, rank));
  std::string piece;
  for (int64_t done = 0; done < header.elements;) {
    RETURN_IF_ERROR(CheckStop(stop));
    piece.clear();
    const int64_t most = std::min<int64_t>(kPiece, header.elements - done);
    RETURN_IF_ERROR(source->Read(static_cast<size_t>(most), &piece));
    if (piece.empty()) return CutShort(file, header, done);
    RETURN_IF_ERROR(sink->Take(piece));
    done += static_cast<int64_t>(piece.size());
  }
  piece.clear();
  RETURN_IF_ERROR(source->Read(1, &piece));
  if (!piece.empty()) return LeftOver(file, header);
  return header;
}

Result<IdxArray> ParseIdx(std::string_view file_bytes, std::string_view name, int rank,
                          const std::atomic<bool>* stop) {
  IdxArray array;
  MemoryInput input(file_bytes);
  MemorySink sink(&array.values);
  ASSIGN_OR_RETURN(const IdxHeader header, ScanIdx(&input, name, rank, &sink, stop));
  array.dims = header.dims;
  return array;
}

Result<IdxFile> IdxFile::Open(const std::string& path, int rank, const std::string& spool,
                              const std::atomic<bool>* stop) {
  ASSIGN_OR_RETURN(OpenFile file, OpenFile::ForReading(path));
  const std::string quoted = "'" + path + "'";
  char magic[2] = {};
  ASSIGN_OR_RETURN(const size_t n, RetryDiskFaults([&] { return file.ReadSome(0, magic, 2); }));
  const SourceOptions reading;  // a wish to stop is looked for by ScanIdx
  FileInput input(&file, &reading);
  if (std::string_view(magic, n) == "\x1f\x8b") {
    ASSIGN_OR_RETURN(OpenFile unpacked, MakeSpool(spool));
    SpoolSink sink(&unpacked, path);
    ASSIGN_OR_RETURN(IdxHeader header, ScanIdx(&input, path, rank, &sink, stop));
    return IdxFile(std::move(header), std::move(unpacked), 0);
  }
  RETURN_IF_ERROR(CheckStop(stop));
  ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, ByteSource::Make(&input, path));
  ASSIGN_OR_RETURN(IdxHeader header, ReadHeader(source.get(), quoted, rank));
  const int64_t offset = 4 + 4 * rank;
  const int64_t there = file.size() - offset;
  if (there < header.elements) return CutShort(quoted, header, there);
  if (there > header.elements) return LeftOver(quoted, header);
  return IdxFile(std::move(header), std::move(file), offset);
}

Result<std::string> IdxFile::Read(int64_t first, int64_t count) const {
  CHECK(first >= 0 && count >= 0 && first + count <= header_.elements) << first << " " << count;
  std::string values(static_cast<size_t>(count), '\0');
  RETURN_IF_ERROR(RetryDiskFaults(
      [&] { return file_.ReadAll(offset_ + first, values.data(), values.size()); }));
  return values;
}

}  // namespace lockstep::storage

// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as a tar archive, packed or not, and as a zip archive.
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "storage/source/archive_listing.h"
#include "storage/source/byte_input.h"
#include "storage/source/source_path.h"
#include "storage/source/tar_reader.h"
#include "storage/source/zip_directory.h"

namespace lockstep::storage {
namespace {

constexpr int64_t kMostBytes = 16 << 20;  // unpacked from one input

class Counter : public TarVisitor {
 public:
  ArchiveListing listing;

  Status Begin(const TarEntry& entry, bool* wanted) override {
    if (entry.kind == TarEntry::Kind::kFolder) {
      listing.CountFolder();
    } else if (entry.kind == TarEntry::Kind::kOther) {
      CHECK(!entry.what.empty());
      listing.Reject(entry.path, entry.what);
    } else {
      *wanted = listing.Take(entry.path, entry.bytes, &current_.path);
      current_.bytes = entry.bytes;
      seen_ = 0;
    }
    return {};
  }
  Status Contents(std::string_view piece) override {
    seen_ += static_cast<int64_t>(piece.size());
    return {};
  }
  Status End() override {
    CHECK_EQ(seen_, current_.bytes);
    listing.Add(current_);
    return {};
  }
  Status Continue() override {
    return ++calls_ > kMostBytes / (256 << 10) ? Cancelled("enough") : OkStatus();
  }

 private:
  ArchiveFile current_;
  int64_t seen_ = 0;
  int64_t calls_ = 0;
};

// What every listing holds to.
void CheckListing(ArchiveListing* listing) {
  const std::string* last = nullptr;
  for (const ArchiveFile& file : listing->files()) {
    CHECK(last == nullptr || *last < file.path);
    last = &file.path;
    CHECK(file.bytes >= 0 && file.bytes <= SourceFiles::kMostBytes);
    const JudgedPath judged = JudgePath(file.path);
    CHECK(judged.use == JudgedPath::Use::kTaken && judged.path == file.path);
  }
  for (const RejectedFile& file : listing->rejected()) {
    CHECK(PrintableName(file.path) == file.path && !file.reason.empty());
  }
}

void TryTar(std::string_view bytes) {
  MemoryInput input(bytes);
  Counter counter;
  if (!ReadTar(&input, "input", &counter).ok()) return;
  if (counter.listing.Finish("input").ok()) CheckListing(&counter.listing);
}

// The contents piece by piece.
Result<std::string> StreamedZipFile(const ZipBytes& zip, int64_t offset) {
  ASSIGN_OR_RETURN(const auto input, StreamZipFile(zip, offset));
  std::string bytes;
  for (;;) {
    ASSIGN_OR_RETURN(const std::string_view piece, input->Next());
    if (piece.empty()) return bytes;
    bytes += piece;
  }
}

void TryZip(std::string_view bytes) {
  const ZipBytes zip = {"input", static_cast<int64_t>(bytes.size()),
                        [&](int64_t offset, char* out, size_t size) -> Status {
                          CHECK(offset >= 0 && offset <= static_cast<int64_t>(bytes.size()));
                          if (size > bytes.size() - static_cast<size_t>(offset)) {
                            return DataLoss("read behind the end");
                          }
                          std::memcpy(out, bytes.data() + offset, size);
                          return {};
                        }};
  ArchiveListing listing;
  if (!ListZip(zip, {}, &listing).ok()) return;
  CheckListing(&listing);
  for (const ArchiveFile& file : listing.files()) {
    if (file.bytes > kMostBytes) continue;
    const Result<std::string> contents = ReadZipFile(zip, file.offset);
    CHECK(!contents.ok() || static_cast<int64_t>(contents->size()) == file.bytes);
    const Result<std::string> streamed = StreamedZipFile(zip, file.offset);
    CHECK_EQ(streamed.ok(), contents.ok()) << streamed.status() << contents.status();
    CHECK(!contents.ok() || *streamed == *contents);
  }
}

}  // namespace
}  // namespace lockstep::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  lockstep::storage::TryTar(bytes);
  lockstep::storage::TryZip(bytes);
  return 0;
}

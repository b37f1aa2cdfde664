// SPDX-License-Identifier: Apache-2.0
#include "storage/source/zip_directory.h"

#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "base/format.h"
#include "storage/env/foreign_file.h"
#include "storage/source/inflate.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {
namespace {

constexpr size_t kEntryBytes = 46;  // of a directory entry, without its name and extras
constexpr size_t kLocalBytes = 30;  // of the header in front of a file
constexpr size_t kEndBytes = 22;    // of the record that ends an archive, without its comment
constexpr size_t kLocatorBytes = 20;
constexpr size_t kEnd64Bytes = 56;
constexpr uint64_t kIn64 = 0xFFFFFFFF;  // a 32-bit field: the value stands in the 64-bit extension
constexpr int kStored = 0;
constexpr int kDeflated = 8;

// A little-endian number of `size` bytes at `at`.
uint64_t NumberAt(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i > 0; --i) {
    value = value << 8 | static_cast<uint8_t>(bytes[at + i - 1]);
  }
  return value;
}

Status Damaged(const ZipBytes& zip, const std::string& what) {
  return DataLoss(Quoted(zip.name) + " is damaged or cut short: " + what +
                  "; fetch or make it again");
}

struct Directory {
  int64_t offset = 0;
  int64_t bytes = 0;
  uint64_t entries = 0;
};

Result<std::string> Bytes(const ZipBytes& zip, int64_t offset, size_t size) {
  std::string bytes(size, '\0');
  RETURN_IF_ERROR(zip.read(offset, bytes.data(), size));
  return bytes;
}

// Where the end record begins in the last bytes of an archive: its comment fills the rest.
size_t FindEnd(std::string_view tail) {
  for (size_t at = tail.size() - kEndBytes + 1; at-- > 0;) {
    if (tail.substr(at, 4) == "PK\x05\x06" &&
        at + kEndBytes + NumberAt(tail, at + 20, 2) == tail.size()) {
      return at;
    }
  }
  return std::string_view::npos;
}

Status ReadEnd64(const ZipBytes& zip, int64_t locator_at, uint64_t* entries, uint64_t* bytes,
                 uint64_t* offset) {
  if (locator_at < static_cast<int64_t>(kEnd64Bytes)) return {};
  ASSIGN_OR_RETURN(const std::string locator, Bytes(zip, locator_at, kLocatorBytes));
  if (!locator.starts_with("PK\x06\x07")) return {};
  const uint64_t at = NumberAt(locator, 8, 8);
  if (at > static_cast<uint64_t>(locator_at) - kEnd64Bytes) {
    return Damaged(zip, "its 64-bit end record does not lie in it");
  }
  ASSIGN_OR_RETURN(const std::string end, Bytes(zip, static_cast<int64_t>(at), kEnd64Bytes));
  if (!end.starts_with("PK\x06\x06")) return Damaged(zip, "its 64-bit end record is not there");
  *entries = NumberAt(end, 32, 8);
  *bytes = NumberAt(end, 40, 8);
  *offset = NumberAt(end, 48, 8);
  return {};
}

// There is no end record: it was cut off, or this is something else.
Status NoEnd(const ZipBytes& zip) {
  ASSIGN_OR_RETURN(const std::string beginning,
                   Bytes(zip, 0, static_cast<size_t>(std::min<int64_t>(zip.size, 512))));
  const std::string what = beginning.starts_with("PK") ? "" : ForeignFileText(beginning);
  return Damaged(zip, what.empty() ? "the directory that ends a zip archive is missing"
                                   : "it is no zip archive but " + what);
}

Result<Directory> FindDirectory(const ZipBytes& zip) {
  if (zip.size < static_cast<int64_t>(kEndBytes)) return NoEnd(zip);
  const int64_t tail_bytes = std::min<int64_t>(zip.size, kEndBytes + 65535);
  ASSIGN_OR_RETURN(const std::string tail,
                   Bytes(zip, zip.size - tail_bytes, static_cast<size_t>(tail_bytes)));
  const size_t at = FindEnd(tail);
  if (at == std::string_view::npos) return NoEnd(zip);
  const uint64_t disk = NumberAt(tail, at + 4, 2);
  if (disk != 0 && disk != 0xFFFF) {
    return InvalidArgument(Quoted(zip.name) + " is the last of " + std::to_string(disk + 1) +
                           " parts of an archive; unpack them and import the folder");
  }
  uint64_t entries = NumberAt(tail, at + 10, 2);
  uint64_t bytes = NumberAt(tail, at + 12, 4);
  uint64_t offset = NumberAt(tail, at + 16, 4);
  const int64_t end = zip.size - tail_bytes + static_cast<int64_t>(at);
  RETURN_IF_ERROR(
      ReadEnd64(zip, end - static_cast<int64_t>(kLocatorBytes), &entries, &bytes, &offset));
  const auto limit = static_cast<uint64_t>(end);
  if (offset > limit || bytes > limit - offset || entries > bytes / kEntryBytes) {
    return Damaged(zip, "its directory of " + std::to_string(entries) + " entries, " +
                            std::to_string(bytes) + " bytes at " + std::to_string(offset) +
                            ", does not fit into it");
  }
  return Directory{static_cast<int64_t>(offset), static_cast<int64_t>(bytes), entries};
}

struct Entry {
  std::string stored_name;  // as it stands in both headers
  std::string path;         // what it means
  int host = 0;             // the system that made it
  uint32_t attributes = 0;
  int flags = 0;
  int method = 0;
  uint32_t crc = 0;
  uint64_t packed = 0;
  uint64_t bytes = 0;
  uint64_t local = 0;  // where its header lies
};

// Takes the fields of one extra field; false where it does not have what it must.
bool TakeExtra(uint64_t id, std::string_view field, Entry* entry) {
  if (id == 0x0001) {
    for (uint64_t* value : {&entry->bytes, &entry->packed, &entry->local}) {
      if (*value != kIn64) continue;
      if (field.size() < 8) return false;
      *value = NumberAt(field, 0, 8);
      field.remove_prefix(8);
    }
  } else if (id == 0x7075 && field.size() > 5 && field[0] == 1 &&
             NumberAt(field, 1, 4) == Crc32(entry->stored_name)) {
    entry->path = field.substr(5);  // the name in UTF-8, where the other is in something else
  }
  return true;
}

// An entry from its 46 bytes and what follows them: name and extra fields.
Result<Entry> ParseEntry(const ZipBytes& zip, std::string_view head, std::string_view rest) {
  Entry entry;
  entry.host = static_cast<int>(NumberAt(head, 5, 1));
  entry.flags = static_cast<int>(NumberAt(head, 8, 2));
  entry.method = static_cast<int>(NumberAt(head, 10, 2));
  entry.crc = static_cast<uint32_t>(NumberAt(head, 16, 4));
  entry.packed = NumberAt(head, 20, 4);
  entry.bytes = NumberAt(head, 24, 4);
  entry.attributes = static_cast<uint32_t>(NumberAt(head, 38, 4));
  entry.local = NumberAt(head, 42, 4);
  entry.stored_name = rest.substr(0, NumberAt(head, 28, 2));
  entry.path = entry.stored_name;
  std::string_view extra = rest.substr(entry.stored_name.size(), NumberAt(head, 30, 2));
  bool fits = true;
  while (fits && extra.size() >= 4) {
    const uint64_t id = NumberAt(extra, 0, 2);
    const uint64_t size = NumberAt(extra, 2, 2);
    extra.remove_prefix(4);
    fits = size <= extra.size() && TakeExtra(id, extra.substr(0, size), &entry);
    extra.remove_prefix(std::min<size_t>(size, extra.size()));
  }
  // Some programs of MS-DOS and Windows write '\' between the parts of a path.
  if (entry.host == 0) std::replace(entry.path.begin(), entry.path.end(), '\\', '/');
  const auto limit = static_cast<uint64_t>(zip.size);
  if (!fits || entry.packed > limit || entry.local > limit - entry.packed) {
    return Damaged(zip, "the directory entry of " + Quoted(PrintableName(entry.path)) +
                            " does not fit into it");
  }
  return entry;
}

// Reads the entries of a directory one after the other.
class EntryReader {
 public:
  EntryReader(const ZipBytes& zip, int64_t offset, int64_t end)
      : zip_(zip), offset_(offset), end_(end) {}

  int64_t offset() const { return offset_; }  // of the next entry
  bool AtEnd() const { return offset_ == end_; }

  Result<Entry> Next() {
    RETURN_IF_ERROR(Have(kEntryBytes));
    const std::string_view head = View().substr(0, kEntryBytes);
    if (!head.starts_with("PK\x01\x02")) {
      return Damaged(zip_, "there is no directory entry at byte " + std::to_string(offset_));
    }
    const size_t rest = NumberAt(head, 28, 2) + NumberAt(head, 30, 2) + NumberAt(head, 32, 2);
    RETURN_IF_ERROR(Have(kEntryBytes + rest));
    const std::string_view all = View();
    Result<Entry> entry =
        ParseEntry(zip_, all.substr(0, kEntryBytes), all.substr(kEntryBytes, rest));
    offset_ += static_cast<int64_t>(kEntryBytes + rest);
    return entry;
  }

 private:
  std::string_view View() const {
    return std::string_view(buffer_).substr(static_cast<size_t>(offset_ - buffer_at_));
  }

  // Makes the buffer hold `size` bytes from the offset on.
  Status Have(size_t size) {
    if (end_ - offset_ < static_cast<int64_t>(size)) {
      return Damaged(zip_, "its directory ends within an entry");
    }
    if (offset_ - buffer_at_ + static_cast<int64_t>(size) <= static_cast<int64_t>(buffer_.size())) {
      return {};
    }
    const int64_t piece = std::min<int64_t>(end_ - offset_, piece_);
    piece_ = 512 << 10;  // more than the largest entry; the first piece alone may do
    const auto wanted = static_cast<size_t>(std::max(piece, static_cast<int64_t>(size)));
    ASSIGN_OR_RETURN(buffer_, Bytes(zip_, offset_, wanted));
    buffer_at_ = offset_;
    return {};
  }

  const ZipBytes& zip_;
  int64_t offset_;
  int64_t end_;
  std::string buffer_;
  int64_t buffer_at_ = 0;
  int64_t piece_ = 512;
};

// What an entry is that is no file; empty for files. "folder" gives nothing.
std::string KindOf(const Entry& entry) {
  if (entry.path.ends_with('/')) return "folder";
  if (entry.host == 0 && (entry.attributes & 0x10) != 0) return "folder";
  if (entry.host != 3 && entry.host != 19) return "";  // neither Unix nor macOS
  const mode_t mode = entry.attributes >> 16;
  if ((mode & S_IFMT) == 0 || S_ISREG(mode)) return "";
  if (S_ISDIR(mode)) return "folder";
  return S_ISLNK(mode) ? "a symbolic link" : "a device or pipe";
}

// Why the file of an entry cannot be read; empty where it can.
std::string RefusalOf(const Entry& entry) {
  if ((entry.flags & (1 << 0 | 1 << 13)) != 0) {
    return "it is encrypted; unpack the archive with its password and import the folder";
  }
  if (entry.method != kStored && entry.method != kDeflated) {
    return "it is compressed with method " + std::to_string(entry.method) +
           ", and only stored and deflated files are read; unpack the archive and import the "
           "folder";
  }
  return "";
}

bool SizesFit(const Entry& entry) {
  // What cannot be made smaller grows by five bytes in 16 KiB at most.
  constexpr int64_t kMostPacked = SourceFiles::kMostBytes + (int64_t{1} << 20);
  if (entry.packed > static_cast<uint64_t>(kMostPacked)) return false;
  if (entry.method == kStored) return entry.packed == entry.bytes;
  return entry.bytes <= static_cast<uint64_t>(MostUnpacked(static_cast<int64_t>(entry.packed)));
}

Status Enter(const ZipBytes& zip, const Entry& entry, int64_t offset, ArchiveListing* listing) {
  const std::string kind = KindOf(entry);
  const std::string refusal = RefusalOf(entry);
  if (kind == "folder") {
    listing->CountFolder();
  } else if (!kind.empty()) {
    listing->Reject(entry.path, "it is " + kind + ", which is not taken from archives");
  } else if (!refusal.empty()) {
    listing->Reject(entry.path, refusal);
  } else {
    const auto most = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    const auto bytes = static_cast<int64_t>(std::min(entry.bytes, most));
    std::string path;
    if (!listing->Take(entry.path, bytes, &path)) return {};
    if (!SizesFit(entry)) {
      return Damaged(zip, "the sizes of " + Quoted(path) + " cannot be");
    }
    listing->Add({std::move(path), bytes, offset, 0});
  }
  return {};
}

}  // namespace

Status ListZip(const ZipBytes& zip, const ZipAdvance& advance, ArchiveListing* listing) {
  ASSIGN_OR_RETURN(const Directory directory, FindDirectory(zip));
  EntryReader reader(zip, directory.offset, directory.offset + directory.bytes);
  for (uint64_t i = 0; i < directory.entries; ++i) {
    if (i % 1024 == 0 && advance) RETURN_IF_ERROR(advance(listing->count()));
    const int64_t offset = reader.offset();
    ASSIGN_OR_RETURN(const Entry entry, reader.Next());
    RETURN_IF_ERROR(Enter(zip, entry, offset, listing));
  }
  if (!reader.AtEnd()) {
    return Damaged(zip, "its directory has more than the " + std::to_string(directory.entries) +
                            " entries that it states");
  }
  return listing->Finish(zip.name);
}

namespace {

Status Unlike(const std::string& what) {
  return DataLoss(what + ": the archive has been changed or is damaged");
}

// Where the contents of a file lie, packed.
struct Contents {
  Entry entry;
  int64_t at = 0;
};

Result<Contents> FindContents(const ZipBytes& zip, int64_t offset) {
  ASSIGN_OR_RETURN(Entry entry, EntryReader(zip, offset, zip.size).Next());
  // It was listed, so these hold, unless the archive was changed since.
  if (!RefusalOf(entry).empty() || !SizesFit(entry) ||
      entry.bytes > static_cast<uint64_t>(SourceFiles::kMostBytes)) {
    return Unlike("its entry in the directory is not as it was listed");
  }
  const auto local_at = static_cast<int64_t>(entry.local);
  const size_t name_bytes = entry.stored_name.size();
  if (zip.size - local_at < static_cast<int64_t>(kLocalBytes + name_bytes)) {
    return Unlike("its header does not lie in the archive");
  }
  ASSIGN_OR_RETURN(const std::string local, Bytes(zip, local_at, kLocalBytes + name_bytes));
  if (!local.starts_with("PK\x03\x04") || NumberAt(local, 26, 2) != name_bytes ||
      local.substr(kLocalBytes) != entry.stored_name) {
    return Unlike("its header is not where the directory says");
  }
  const int64_t data_at =
      local_at + static_cast<int64_t>(kLocalBytes + name_bytes + NumberAt(local, 28, 2));
  if (data_at > zip.size || entry.packed > static_cast<uint64_t>(zip.size - data_at)) {
    return Unlike("its bytes do not lie in the archive");
  }
  return Contents{std::move(entry), data_at};
}

class ZipInput : public ByteInput {
 public:
  ZipInput(const ZipBytes* zip, Contents contents)
      : crc_(contents.entry.crc),
        stored_(static_cast<int64_t>(contents.entry.packed),
                [zip, at = contents.at](int64_t offset, char* out, size_t size) {
                  return zip->read(at + offset, out, size);
                }) {
    if (contents.entry.method == kDeflated) {
      unpacked_ = UnpackDeflate(&stored_, static_cast<int64_t>(contents.entry.bytes));
    }
  }

  Result<std::string_view> Next() override {
    ASSIGN_OR_RETURN(const std::string_view piece, unpacked_ ? unpacked_->Next() : stored_.Next());
    seen_ = Crc32(piece, seen_);
    if (piece.empty() && seen_ != crc_) return Unlike("its check sum is wrong");
    return piece;
  }

 private:
  uint32_t crc_, seen_ = 0;
  RangeInput stored_;
  std::unique_ptr<ByteInput> unpacked_;
};

}  // namespace

Result<std::string> ReadZipFile(const ZipBytes& zip, int64_t offset) {
  ASSIGN_OR_RETURN(const Contents contents, FindContents(zip, offset));
  const Entry& entry = contents.entry;
  ASSIGN_OR_RETURN(std::string bytes, Bytes(zip, contents.at, static_cast<size_t>(entry.packed)));
  if (entry.method == kDeflated) {
    ASSIGN_OR_RETURN(bytes, Inflate(bytes, static_cast<int64_t>(entry.bytes)));
  }
  if (Crc32(bytes) != entry.crc) return Unlike("its check sum is wrong");
  return bytes;
}

Result<std::unique_ptr<ByteInput>> StreamZipFile(const ZipBytes& zip, int64_t offset) {
  ASSIGN_OR_RETURN(Contents contents, FindContents(zip, offset));
  return std::unique_ptr<ByteInput>(std::make_unique<ZipInput>(&zip, std::move(contents)));
}

}  // namespace lockstep::storage

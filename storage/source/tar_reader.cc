// SPDX-License-Identifier: Apache-2.0
#include "storage/source/tar_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <cerrno>
#include <utility>

#include "base/exceptions.h"
#include "base/format.h"
#include "storage/env/foreign_file.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {
namespace {

constexpr size_t kPiece = size_t{256} << 10;

// In a locale with UTF-8, libarchive composes the letters of a name with their accents (NFC); then
// a name would not be the same as in a folder. In the C locale it gives the bytes that are there.
class PlainLocale {
 public:
  PlainLocale() : locale_(::newlocale(LC_ALL_MASK, "C", nullptr)) {
    if (locale_ != nullptr) former_ = ::uselocale(locale_);
  }
  PlainLocale(const PlainLocale&) = delete;
  PlainLocale& operator=(const PlainLocale&) = delete;
  ~PlainLocale() {
    if (locale_ == nullptr) return;
    ::uselocale(former_);
    ::freelocale(locale_);
  }

 private:
  locale_t locale_;
  locale_t former_ = nullptr;
};

struct FreeArchive {
  void operator()(archive* a) const { ::archive_read_free(a); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;

// What libarchive reads from, and the failure that it met there.
struct Feed {
  ByteInput* input;
  std::string_view first;  // is read before the input goes on
  TarVisitor* visitor;     // is asked before each piece; may be null
  Status status;
};

la_ssize_t ReadFeed(archive* a, void* data, const void** bytes) {
  Feed* const feed = static_cast<Feed*>(data);
  if (!feed->first.empty()) {
    const std::string_view piece = std::exchange(feed->first, {});
    *bytes = piece.data();
    return static_cast<la_ssize_t>(piece.size());
  }
  // libarchive is C: nothing may be thrown through it.
  const auto next = [&]() -> Result<std::string_view> {
    if (feed->visitor != nullptr) RETURN_IF_ERROR(feed->visitor->Continue());
    return feed->input->Next();
  };
  const Result<std::string_view> piece = CatchAll("cannot read the archive", next);
  if (!piece.ok()) {
    feed->status = piece.status();
    ::archive_set_error(a, EIO, "the input failed");
    return -1;
  }
  *bytes = piece->data();
  return static_cast<la_ssize_t>(piece->size());
}

std::string TextOf(archive* a) {
  const char* const text = ::archive_error_string(a);
  return text == nullptr ? "it gives no reason" : text;
}

// The failure of a call to libarchive: what the input failed with goes first.
Status FailureOf(archive* a, const Feed& feed, const std::string& name, const std::string& where) {
  if (!feed.status.ok()) return feed.status;
  if (::archive_errno(a) == ENOMEM)
    return ResourceExhausted("out of memory to read " + Quoted(name));
  return DataLoss(Quoted(name) + " is damaged or cut short" + where + " (" + TextOf(a) +
                  "); fetch or make it again");
}

enum class Packing { kNone, kGzip, kBzip2, kXz, kZstd };

Packing PackingOf(std::string_view beginning) {
  if (beginning.starts_with("\x1f\x8b")) return Packing::kGzip;
  if (beginning.starts_with("BZh")) return Packing::kBzip2;
  if (beginning.starts_with(std::string_view("\xfd"
                                             "7zXZ\0",
                                             6)))
    return Packing::kXz;
  if (beginning.starts_with("\x28\xb5\x2f\xfd")) return Packing::kZstd;
  return Packing::kNone;
}

// Gives `first`, then what `input` gives.
class PrefixedInput : public ByteInput {
 public:
  PrefixedInput(std::string_view first, ByteInput* input) : first_(first), input_(input) {}
  Result<std::string_view> Next() override {
    if (!first_.empty()) return std::exchange(first_, {});
    return input_->Next();
  }

 private:
  std::string_view first_;
  ByteInput* input_;
};

// What bzip2, xz or zstd unpacks to.
class UnpackedInput : public ByteInput {
 public:
  UnpackedInput(ByteInput* packed, std::string name, Packing packing)
      : feed_{packed, {}, nullptr, {}},
        name_(std::move(name)),
        packing_(packing),
        buffer_(kPiece, '\0') {}

  Result<std::string_view> Next() override {
    if (archive_ == nullptr) RETURN_IF_ERROR(Open());
    const la_ssize_t n = ::archive_read_data(archive_.get(), buffer_.data(), buffer_.size());
    if (n < 0) return FailureOf(archive_.get(), feed_, name_, "");
    return std::string_view(buffer_).substr(0, static_cast<size_t>(n));
  }

 private:
  Status Open() {
    archive_.reset(::archive_read_new());
    archive* const a = archive_.get();
    if (a == nullptr) return ResourceExhausted("out of memory to read " + Quoted(name_));
    // A library that was built without one of these would start a program in its place.
    const char* const built = packing_ == Packing::kBzip2 ? ::archive_bzlib_version()
                              : packing_ == Packing::kXz  ? ::archive_liblzma_version()
                                                          : ::archive_libzstd_version();
    if (built == nullptr) {
      return FailedPrecondition(Quoted(name_) +
                                " is compressed in a way that this system's "
                                "libarchive cannot unpack; unpack it and import the folder");
    }
    ::archive_read_support_format_raw(a);
    if (packing_ == Packing::kBzip2) {
      ::archive_read_support_filter_bzip2(a);
    } else if (packing_ == Packing::kXz) {
      ::archive_read_support_filter_xz(a);
    } else {
      ::archive_read_support_filter_zstd(a);
    }
    archive_entry* entry = nullptr;
    if (::archive_read_open(a, &feed_, nullptr, &ReadFeed, nullptr) != ARCHIVE_OK ||
        ::archive_read_next_header(a, &entry) != ARCHIVE_OK) {
      return FailureOf(a, feed_, name_, "");
    }
    return {};
  }

  Feed feed_;
  std::string name_;
  Packing packing_;
  std::string buffer_;
  Archive archive_;
};

std::string WhatIs(archive_entry* entry) {
  if (::archive_entry_hardlink(entry) != nullptr) return "a hard link";
  switch (::archive_entry_filetype(entry)) {
    case AE_IFLNK:
      return "a symbolic link";
    case AE_IFIFO:
      return "a named pipe";
    case AE_IFSOCK:
      return "a socket";
    case AE_IFCHR:
    case AE_IFBLK:
      return "a device";
    default:
      return "of an unknown type";
  }
}

TarEntry EntryOf(archive_entry* entry) {
  TarEntry result;
  const char* const path = ::archive_entry_pathname(entry);
  if (path != nullptr) result.path = path;
  result.bytes = ::archive_entry_size(entry);
  const auto type = ::archive_entry_filetype(entry);
  if (type == AE_IFDIR) {
    result.kind = TarEntry::Kind::kFolder;
  } else if (type != AE_IFREG || ::archive_entry_hardlink(entry) != nullptr) {
    result.kind = TarEntry::Kind::kOther;
    result.what = WhatIs(entry);
  }
  return result;
}

class TarReader {
 public:
  TarReader(ByteInput* input, std::string_view first, const std::string& name, TarVisitor* visitor)
      : feed_{input, first, visitor, {}}, name_(name), visitor_(visitor), buffer_(kPiece, '\0') {}

  Status Read() {
    archive_.reset(::archive_read_new());
    archive* const a = archive_.get();
    if (a == nullptr) return ResourceExhausted("out of memory to read " + Quoted(name_));
    ::archive_read_support_format_tar(a);
    const std::string beginning(feed_.first.substr(0, 512));
    if (::archive_read_open(a, &feed_, nullptr, &ReadFeed, nullptr) != ARCHIVE_OK) {
      return feed_.status.ok() ? NoTar(beginning) : feed_.status;
    }
    for (;;) {
      archive_entry* entry = nullptr;
      const int code = ::archive_read_next_header(a, &entry);
      if (code == ARCHIVE_EOF) return AtEnd();
      // A warning is given for a name that is not in the locale's letters.
      if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
        return Failure();
      }
      RETURN_IF_ERROR(ReadEntry(EntryOf(entry)));
    }
  }

 private:
  Status NoTar(const std::string& beginning) const {
    const std::string what = ForeignFileText(beginning);
    return InvalidArgument(Quoted(name_) + " is no tar or zip archive" +
                           (what.empty() ? "" : "; it looks like " + what) +
                           "; if it is an archive, unpack it and import the folder");
  }

  Status Failure() const { return FailureOf(archive_.get(), feed_, name_, Where()); }

  std::string Where() const {
    return last_.empty() ? "" : ", at or behind the entry " + Quoted(PrintableName(last_));
  }

  // Two blocks of zeros end an archive. Without them it was cut between two entries.
  Status AtEnd() {
    archive* const a = archive_.get();
    if (::archive_filter_bytes(a, 0) <= ::archive_read_header_position(a)) {
      return DataLoss(Quoted(name_) + " is cut short" + Where() +
                      ": the zeros that end a tar archive are missing; fetch or make it again");
    }
    for (;;) {
      RETURN_IF_ERROR(visitor_->Continue());
      ASSIGN_OR_RETURN(const std::string_view rest, feed_.input->Next());
      if (rest.empty()) return {};
    }
  }

  Status ReadEntry(const TarEntry& entry) {
    last_ = entry.path;
    bool wanted = false;
    RETURN_IF_ERROR(visitor_->Begin(entry, &wanted));
    int64_t bytes = 0;
    for (;;) {
      const la_ssize_t n = ::archive_read_data(archive_.get(), buffer_.data(), buffer_.size());
      if (n < 0) return Failure();
      if (n == 0) break;
      bytes += n;
      RETURN_IF_ERROR(visitor_->Continue());
      if (wanted) {
        RETURN_IF_ERROR(
            visitor_->Contents(std::string_view(buffer_).substr(0, static_cast<size_t>(n))));
      }
    }
    if (!wanted) return {};
    if (bytes != entry.bytes) {
      return DataLoss(Quoted(name_) + " is damaged: the entry " + Quoted(PrintableName(last_)) +
                      " has " + std::to_string(bytes) + " bytes, not the " +
                      std::to_string(entry.bytes) + " that it states; fetch or make it again");
    }
    return visitor_->End();
  }

  Feed feed_;
  const std::string& name_;
  TarVisitor* visitor_;
  std::string buffer_;
  std::string last_;
  Archive archive_;
};

}  // namespace

Status ReadTar(ByteInput* input, const std::string& name, TarVisitor* visitor) {
  const PlainLocale locale;
  ASSIGN_OR_RETURN(std::string_view first, input->Next());
  const Packing packing = PackingOf(first);
  if (packing == Packing::kNone) return TarReader(input, first, name, visitor).Read();
  PrefixedInput packed(first, input);
  const std::unique_ptr<ByteInput> unpacked =
      packing == Packing::kGzip ? UnpackGzip(&packed, name)
                                : std::make_unique<UnpackedInput>(&packed, name, packing);
  ASSIGN_OR_RETURN(first, unpacked->Next());
  return TarReader(unpacked.get(), first, name, visitor).Read();
}

}  // namespace lockstep::storage

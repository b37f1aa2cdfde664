// SPDX-License-Identifier: Apache-2.0
#include "storage/source/tar_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/format.h"
#include "storage/env/disk_faults.h"
#include "storage/env/files.h"
#include "storage/source/archive_listing.h"
#include "storage/source/byte_input.h"
#include "storage/source/spool.h"
#include "storage/source/tar_reader.h"

namespace lockstep::storage {
namespace {

class TarSource : public SourceFiles {
 public:
  TarSource(std::string name, std::shared_ptr<OpenFile> spool)
      : name_(std::move(name)), spool_(std::move(spool)) {}

  void Take(ArchiveListing* listing) {
    files_.reserve(listing->files().size());
    offsets_.reserve(listing->files().size());
    for (ArchiveFile& file : listing->files()) {
      files_.push_back({std::move(file.path), file.bytes});
      offsets_.push_back(file.offset);
    }
    rejected_ = std::move(listing->rejected());
    hidden_ = listing->hidden();
  }

  Result<std::string> Read(size_t index) const override {
    std::string bytes(static_cast<size_t>(files_[index].bytes), '\0');
    RETURN_IF_ERROR(ReadPart(index, 0, bytes.data(), bytes.size()));
    return bytes;
  }

  Result<std::unique_ptr<ByteInput>> Stream(size_t index) const override {
    return std::unique_ptr<ByteInput>(std::make_unique<RangeInput>(
        files_[index].bytes, [this, index](int64_t offset, char* out, size_t size) {
          return ReadPart(index, offset, out, size);
        }));
  }

 private:
  Status ReadPart(size_t index, int64_t offset, char* out, size_t size) const {
    const Status status =
        RetryDiskFaults([&] { return spool_->ReadAll(offsets_[index] + offset, out, size); });
    return status.ok() ? status
                       : status.WithContext(Quoted(files_[index].path) + " of " + Quoted(name_));
  }

  std::string name_;
  std::shared_ptr<OpenFile> spool_;
  std::vector<int64_t> offsets_;
};

constexpr size_t kBuffer = size_t{1} << 20;

// Writes what is taken to the spool.
class Spooler : public TarVisitor {
 public:
  // Files go to the spool from its end, `begin`, on.
  Spooler(const OpenFile* spool, int64_t begin, const OpenFile* archive, const FileInput* input,
          const SourceOptions* options)
      : spool_(spool), begin_(begin), archive_(archive), input_(input), options_(options) {
    buffer_.reserve(2 * kBuffer);
  }

  ArchiveListing* listing() { return &listing_; }

  Status Begin(const TarEntry& entry, bool* wanted) override {
    if (entry.kind == TarEntry::Kind::kFolder) {
      listing_.CountFolder();
    } else if (entry.kind == TarEntry::Kind::kOther) {
      listing_.Reject(
          entry.path,
          "it is " + entry.what +
              ", which is not taken from archives; pack with tar --dereference --hard-dereference");
    } else {
      *wanted = listing_.Take(entry.path, entry.bytes, &current_.path);
      current_.bytes = entry.bytes;
      current_.offset = begin_ + written_ + static_cast<int64_t>(buffer_.size());
    }
    return {};
  }

  Status Contents(std::string_view piece) override {
    buffer_.append(piece);
    return buffer_.size() < kBuffer ? OkStatus() : Flush();
  }

  Status End() override {
    listing_.Add(std::move(current_));
    return {};
  }

  // Writes what is still held back: small files go to the disk together.
  Status Flush() {
    const Status status = WriteAll(spool_->fd(), buffer_, spool_->name());
    if (!status.ok()) return WriteFailure(status);
    written_ += static_cast<int64_t>(buffer_.size());
    buffer_.clear();
    return {};
  }

  Status Continue() override {
    if (options_->stop != nullptr && options_->stop->load()) {
      return Cancelled("stopped while " + Quoted(archive_->name()) + " was read");
    }
    if (options_->progress && input_->done() != told_) {
      told_ = input_->done();
      options_->progress({listing_.count(), told_, archive_->size()});
    }
    return {};
  }

 private:
  // What is still to come is told from the part of the archive that is read.
  Status WriteFailure(const Status& status) const {
    if (status.code() != StatusCode::kResourceExhausted) return status;
    const double part = static_cast<double>(archive_->size()) /
                        static_cast<double>(std::max<int64_t>(input_->done(), 1));
    const auto needed = static_cast<int64_t>(static_cast<double>(written_) * std::max(part, 1.0));
    const int64_t least = std::max(needed, current_.offset - begin_ + current_.bytes);
    return ResourceExhausted(
        "no room in " + Quoted(ParentOf(spool_->name())) + " for the files of " +
        Quoted(archive_->name()) + ": " + std::to_string(written_) + " bytes were written, about " +
        std::to_string(least) +
        " are needed; free that much, or unpack the archive elsewhere and import the folder (" +
        status.message() + ")");
  }

  const OpenFile* spool_;
  const int64_t begin_;
  const OpenFile* archive_;
  const FileInput* input_;
  const SourceOptions* options_;
  ArchiveListing listing_;
  ArchiveFile current_;
  std::string buffer_;
  int64_t written_ = 0;
  int64_t told_ = -1;
};

}  // namespace

Result<std::unique_ptr<SourceFiles>> OpenTar(OpenFile archive, const SourceOptions& options) {
  std::shared_ptr<OpenFile> spool = options.common_spool;
  if (spool == nullptr) {
    ASSIGN_OR_RETURN(OpenFile made, MakeSpool(options.spool));
    spool = std::make_shared<OpenFile>(std::move(made));
  }
  const off_t begin = ::lseek(spool->fd(), 0, SEEK_END);
  if (begin < 0)
    return ErrnoStatus("cannot find the end of the spool " + Quoted(spool->name()), errno);
  FileInput input(&archive, &options);
  Spooler spooler(spool.get(), begin, &archive, &input, &options);
  RETURN_IF_ERROR(ReadTar(&input, archive.name(), &spooler));
  RETURN_IF_ERROR(spooler.Flush());
  RETURN_IF_ERROR(spooler.listing()->Finish(archive.name()));
  auto source = std::make_unique<TarSource>(archive.name(), std::move(spool));
  source->Take(spooler.listing());
  return std::unique_ptr<SourceFiles>(std::move(source));
}

}  // namespace lockstep::storage

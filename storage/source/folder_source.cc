// SPDX-License-Identifier: Apache-2.0
#include "storage/source/folder_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/format.h"
#include "storage/env/disk_faults.h"
#include "storage/env/files.h"
#include "storage/source/byte_input.h"
#include "storage/source/folder_walk.h"
#include "storage/source/open_file.h"

namespace lockstep::storage {
namespace {

class FolderSource : public SourceFiles {
 public:
  FolderSource(int root, const std::string& name)
      : root_(root), name_(WithoutTrailingSlash(name)) {}
  ~FolderSource() override { ::close(root_); }

  Status List(const SourceOptions& options) {
    ASSIGN_OR_RETURN(FolderListing listing, ListFolder(root_, name_, options));
    files_ = std::move(listing.files);
    rejected_ = std::move(listing.rejected);
    hidden_ = listing.hidden;
    return OkStatus();
  }

  Result<std::string> Read(size_t index) const override {
    return RetryDiskFaults([&] { return ReadOnce(files_[index]); });
  }

  Result<std::unique_ptr<ByteInput>> Stream(size_t index) const override {
    const SourceFile& file = files_[index];
    ASSIGN_OR_RETURN(const auto open,
                     RetryDiskFaults([&]() -> Result<std::shared_ptr<const OpenFile>> {
                       ASSIGN_OR_RETURN(OpenFile opened, OpenListed(file));
                       return std::make_shared<const OpenFile>(std::move(opened));
                     }));
    return std::unique_ptr<ByteInput>(
        std::make_unique<RangeInput>(file.bytes, [open](int64_t offset, char* out, size_t size) {
          return RetryDiskFaults([&] { return open->ReadAll(offset, out, size); });
        }));
  }

 private:
  // The file as it was listed.
  Result<OpenFile> OpenListed(const SourceFile& file) const {
    Result<OpenFile> open = OpenFile::ForReading(root_, file.path, UnderFolder(name_, file.path));
    if (!open.ok()) {
      if (open.status().code() == StatusCode::kNotFound) {
        return DataLoss(Changed(file) +
                        "it is not there any more; leave the source alone while it is imported");
      }
      if (open.status().code() == StatusCode::kInvalidArgument) {
        return DataLoss(open.status().message());
      }
      return open.status();
    }
    if (open->size() != file.bytes) return AnotherSize(file, std::to_string(open->size()));
    return open;
  }

  Result<std::string> ReadOnce(const SourceFile& file) const {
    ASSIGN_OR_RETURN(const OpenFile open, OpenListed(file));
    // One byte more is asked for, to see a file that grows.
    const auto expected = static_cast<size_t>(file.bytes);
    std::string bytes(expected + 1, '\0');
    size_t filled = 0;
    while (filled < expected) {
      ASSIGN_OR_RETURN(const size_t n, open.ReadSome(static_cast<int64_t>(filled),
                                                     bytes.data() + filled, bytes.size() - filled));
      if (n == 0) break;
      filled += n;
    }
    if (filled > expected) return AnotherSize(file, "more than " + std::to_string(expected));
    if (filled < expected) return AnotherSize(file, std::to_string(filled));
    bytes.resize(filled);
    return bytes;
  }

  std::string Changed(const SourceFile& file) const {
    return Quoted(UnderFolder(name_, file.path)) + " has changed since it was listed: ";
  }
  Status AnotherSize(const SourceFile& file, const std::string& found) const {
    return DataLoss(Changed(file) + "it has " + found + " bytes, it had " +
                    std::to_string(file.bytes) + "; leave the source alone while it is imported");
  }

  int root_;
  std::string name_;
};

}  // namespace

Result<std::unique_ptr<SourceFiles>> OpenFolder(const SourceOptions& options) {
  const int root = ::open(options.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) {
    const Status status = ErrnoStatus("cannot list the folder " + Quoted(options.path), errno);
    if (status.code() != StatusCode::kPermissionDenied) return status;
    return PermissionDenied(status.message() + "; make it readable (chmod u+rx)");
  }
  auto source = std::make_unique<FolderSource>(root, options.path);
  RETURN_IF_ERROR(source->List(options));
  return std::unique_ptr<SourceFiles>(std::move(source));
}

}  // namespace lockstep::storage

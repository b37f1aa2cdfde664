// SPDX-License-Identifier: Apache-2.0
#include "storage/source/zip_source.h"

#include <utility>

#include "base/format.h"
#include "storage/env/disk_faults.h"
#include "storage/source/archive_listing.h"
#include "storage/source/byte_input.h"
#include "storage/source/zip_directory.h"

namespace lockstep::storage {
namespace {

// An input whose failures do not name the file.
class NamedInput : public ByteInput {
 public:
  NamedInput(std::unique_ptr<ByteInput> input, std::string name)
      : input_(std::move(input)), name_(std::move(name)) {}
  Result<std::string_view> Next() override {
    Result<std::string_view> piece = input_->Next();
    if (!piece.ok()) return piece.status().WithContext(name_);
    return piece;
  }

 private:
  std::unique_ptr<ByteInput> input_;
  std::string name_;
};

class ZipSource : public SourceFiles {
 public:
  explicit ZipSource(OpenFile archive) : archive_(std::move(archive)) {
    zip_ = {archive_.name(), archive_.size(), [this](int64_t offset, char* out, size_t size) {
              return RetryDiskFaults([&] { return archive_.ReadAll(offset, out, size); });
            }};
  }

  Status List(const SourceOptions& options) {
    ArchiveListing listing;
    RETURN_IF_ERROR(ListZip(
        zip_,
        [&](int64_t files) -> Status {
          if (options.stop != nullptr && options.stop->load()) {
            return Cancelled("stopped while " + Quoted(zip_.name) + " was listed");
          }
          if (options.progress) options.progress({files, 0, zip_.size});
          return {};
        },
        &listing));
    files_.reserve(listing.files().size());
    offsets_.reserve(listing.files().size());
    for (ArchiveFile& file : listing.files()) {
      files_.push_back({std::move(file.path), file.bytes});
      offsets_.push_back(file.offset);
    }
    rejected_ = std::move(listing.rejected());
    hidden_ = listing.hidden();
    return {};
  }

  Result<std::string> Read(size_t index) const override {
    const SourceFile& file = files_[index];
    const std::string where = WhereIs(index);
    Result<std::string> bytes = ReadZipFile(zip_, offsets_[index]);
    if (!bytes.ok()) return bytes.status().WithContext(where);
    if (static_cast<int64_t>(bytes->size()) != file.bytes) {
      return DataLoss(where + ": it has another size than it was listed with");
    }
    return bytes;
  }

  Result<std::unique_ptr<ByteInput>> Stream(size_t index) const override {
    Result<std::unique_ptr<ByteInput>> input = StreamZipFile(zip_, offsets_[index]);
    if (!input.ok()) return input.status().WithContext(WhereIs(index));
    return std::unique_ptr<ByteInput>(
        std::make_unique<NamedInput>(*std::move(input), WhereIs(index)));
  }

 private:
  std::string WhereIs(size_t index) const {
    return Quoted(files_[index].path) + " of " + Quoted(zip_.name);
  }

  OpenFile archive_;
  ZipBytes zip_;
  std::vector<int64_t> offsets_;
};

}  // namespace

Result<std::unique_ptr<SourceFiles>> OpenZip(OpenFile archive, const SourceOptions& options) {
  auto source = std::make_unique<ZipSource>(std::move(archive));
  RETURN_IF_ERROR(source->List(options));
  return std::unique_ptr<SourceFiles>(std::move(source));
}

}  // namespace lockstep::storage

// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/cifar/cifar_importer.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/lower_case.h"
#include "base/watch.h"
#include "storage/env/disk_faults.h"
#include "storage/env/files.h"
#include "storage/env/foreign_file.h"
#include "storage/importers/class_names.h"
#include "storage/importers/listed_importer.h"
#include "storage/importers/photo_files.h"
#include "storage/source/open_file.h"
#include "storage/source/spool.h"

namespace lockstep::storage {
namespace {

constexpr size_t kSide = 32;
constexpr size_t kPlane = kSide * kSide;

class CifarImporter : public ListedImporter {
 public:
  explicit CifarImporter(const CifarFiles& files) : files_(files) {}

  Status Open(const ImportSource& source) {
    ASSIGN_OR_RETURN(OpenFile spool, MakeSpool(source.spool));
    spool_.emplace(std::move(spool));
    ASSIGN_OR_RETURN(const std::unique_ptr<SourceFiles> found, OpenFiles(source));
    rejected_ = found->rejected();
    ASSIGN_OR_RETURN(std::vector<std::string> names, Names(*found, files_.names));
    schema_ = ImageAndLabel(std::move(names));
    if (HasCoarse()) {
      ASSIGN_OR_RETURN(names, Names(*found, files_.coarse_names));
      schema_.fields.push_back(
          {.name = "coarse_label", .kind = FieldKind::kLabel, .classes = std::move(names)});
    }
    for (const CifarFiles::Split& split : files_.splits) {
      SplitListing listing = {split.name, {}};
      first_.push_back(static_cast<size_t>(bytes_) / RecordBytes());
      for (const std::string& file : split.files) {
        RETURN_IF_ERROR(CheckStop(source.stop));
        RETURN_IF_ERROR(Take(*found, file, split.records_a_file, &listing));
      }
      splits_.push_back(std::move(listing));
    }
    return OkStatus();
  }

  Result<std::vector<FieldValue>> Read(size_t split, size_t index) const override {
    std::string record(RecordBytes(), '\0');
    const auto offset = static_cast<int64_t>((first_[split] + index) * RecordBytes());
    RETURN_IF_ERROR(
        RetryDiskFaults([&] { return spool_->ReadAll(offset, record.data(), record.size()); }));
    const size_t labels = HasCoarse() ? 2 : 1;
    std::vector<FieldValue> values;
    values.push_back(
        ImageValue(kSide, kSide, 3, PlanesLast(std::string_view(record).substr(labels))));
    values.push_back(LabelValue(static_cast<unsigned char>(record[labels - 1])));
    if (HasCoarse()) values.push_back(LabelValue(static_cast<unsigned char>(record[0])));
    return values;
  }

 private:
  bool HasCoarse() const { return !files_.coarse_names.empty(); }
  size_t RecordBytes() const { return (HasCoarse() ? 2 : 1) + 3 * kPlane; }

  // Three planes to H W C.
  static std::string PlanesLast(std::string_view planes) {
    std::string pixels(3 * kPlane, '\0');
    for (size_t i = 0; i < kPlane; ++i) {
      for (size_t c = 0; c < 3; ++c) pixels[3 * i + c] = planes[c * kPlane + i];
    }
    return pixels;
  }

  // The contents of the one file of this name.
  Result<std::string> Contents(const SourceFiles& found, const std::string& name,
                               std::string* path) const {
    const std::vector<SourceFile>& files = found.files();
    size_t at = files.size();
    for (size_t i = 0; i < files.size(); ++i) {
      if (BaseNameOf(files[i].path) != name) continue;
      if (at < files.size()) {
        return InvalidArgument("the source has both " + Quoted(files[at].path) + " and " +
                               Quoted(files[i].path) +
                               "; import the folder that holds one of them");
      }
      at = i;
    }
    if (at == files.size()) {
      return NotFound("the source has no file " + Quoted(name) +
                      "; expected the binary version of " + files_.dataset +
                      " (not the Python or the Matlab version), as a folder or as " +
                      "the .tar.gz that is fetched");
    }
    *path = files[at].path;
    return found.Read(at);
  }

  Result<std::vector<std::string>> Names(const SourceFiles& found, const std::string& name) const {
    std::string path;
    ASSIGN_OR_RETURN(const std::string text, Contents(found, name, &path));
    return ParseClassNames(text, path);
  }

  Status Take(const SourceFiles& found, const std::string& name, int64_t records,
              SplitListing* listing) {
    std::string path;
    ASSIGN_OR_RETURN(const std::string bytes, Contents(found, name, &path));
    const auto expected = static_cast<size_t>(records) * RecordBytes();
    if (bytes.size() != expected) {
      const std::string what = ForeignFileText(bytes);
      return DataLoss(Quoted(path) + " has " + std::to_string(bytes.size()) + " bytes; expected " +
                      std::to_string(expected) + " (" + std::to_string(records) + " records of " +
                      std::to_string(RecordBytes()) + " bytes)" +
                      (what.empty() ? "" : "; it is " + what) + ". Fetch it again");
    }
    RETURN_IF_ERROR(Spool(bytes));
    for (int64_t i = 0; i < records; ++i) {
      listing->paths.push_back(name + Format("/%05lld", static_cast<long long>(i)));
    }
    return OkStatus();
  }

  Status Spool(const std::string& bytes) {
    const Status status = WriteAll(spool_->fd(), bytes, spool_->name());
    bytes_ += static_cast<int64_t>(bytes.size());
    if (status.code() != StatusCode::kResourceExhausted) return status;
    return ResourceExhausted("no room in " + Quoted(ParentOf(spool_->name())) +
                             " for the files of " + files_.dataset +
                             ", which are laid down there while they are imported; free some (" +
                             status.message() + ")");
  }

  CifarFiles files_;
  std::optional<OpenFile> spool_;  // the files of every split, one after the other
  std::vector<size_t> first_;      // of each split: the place of its first record among all
};

// Whether the path names an archive of CIFAR, or a folder that has this file, or holds one that
// has.
bool LooksLike(const std::string& path, const std::string& archive, const std::string& file) {
  if (!IsDirectory(path)) return LowerCase(BaseNameOf(path)).starts_with(archive);
  if (PathExists(path + "/" + file)) return true;
  const Result<std::vector<std::string>> names = ListDir(path);
  if (!names.ok()) return false;
  for (const std::string& name : *names) {
    if (PathExists(path + "/" + name + "/" + file)) return true;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<Importer>> OpenCifar(const ImportSource& source, const CifarFiles& files) {
  auto importer = std::make_unique<CifarImporter>(files);
  RETURN_IF_ERROR(importer->Open(source));
  return std::unique_ptr<Importer>(std::move(importer));
}

CifarFiles Cifar10Files() {
  return {.dataset = "CIFAR-10",
          .splits = {{"test", {"test_batch.bin"}, 10000},
                     {"train",
                      {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                       "data_batch_4.bin", "data_batch_5.bin"},
                      10000}},
          .names = "batches.meta.txt",
          .coarse_names = ""};
}

CifarFiles Cifar100Files() {
  return {.dataset = "CIFAR-100",
          .splits = {{"test", {"test.bin"}, 10000}, {"train", {"train.bin"}, 50000}},
          .names = "fine_label_names.txt",
          .coarse_names = "coarse_label_names.txt"};
}

ImporterKind Cifar10Kind() {
  return {.name = "cifar10",
          .summary = "folder or .tar.gz with the binary version of CIFAR-10",
          .options = {},
          .detect =
              [](const std::string& path) {
                return LooksLike(path, "cifar-10-binary", "data_batch_1.bin");
              },
          .open = [](const ImportSource& source) { return OpenCifar(source, Cifar10Files()); }};
}

ImporterKind Cifar100Kind() {
  return {.name = "cifar100",
          .summary = "folder or .tar.gz with the binary version of CIFAR-100",
          .options = {},
          .detect =
              [](const std::string& path) {
                return LooksLike(path, "cifar-100-binary", "fine_label_names.txt");
              },
          .open = [](const ImportSource& source) { return OpenCifar(source, Cifar100Files()); }};
}

}  // namespace lockstep::storage

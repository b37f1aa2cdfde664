// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/imagefolder/imagefolder_importer.h"

#include <utility>

#include "storage/importers/listed_importer.h"
#include "storage/importers/photo_files.h"
#include "storage/source/class_folders.h"

namespace lockstep::storage {
namespace {

struct ImageFolderOptions {
  double val_share = 0.0;

  template <typename V>
  void Visit(V&& v) {
    v("val_share", val_share, Says(kValShareDoc).Within(kBelowOne));
  }
};

class ImageFolderImporter : public ListedImporter {
 public:
  ImageFolderImporter(std::unique_ptr<SourceFiles> files, ClassFolders folders)
      : files_(std::move(files)), folders_(std::move(folders)) {
    schema_ = ImageAndLabel(folders_.classes);
    rejected_ = files_->rejected();
    warnings_ = folders_.warnings;
    for (const ClassFolders::Split& split : folders_.splits) {
      SplitListing listing = {split.name, {}};
      for (const ClassFolders::Sample& sample : split.samples) {
        const SourceFile& file = files_->files()[sample.file];
        listing.paths.push_back(file.path);
        bytes_ += file.bytes;
      }
      splits_.push_back(std::move(listing));
    }
    rejected_.insert(rejected_.end(), folders_.rejected.begin(), folders_.rejected.end());
  }

  Result<std::vector<FieldValue>> Read(size_t split, size_t index) const override {
    const ClassFolders::Sample& sample = folders_.splits[split].samples[index];
    ASSIGN_OR_RETURN(std::string bytes, files_->Read(sample.file));
    std::vector<FieldValue> values;
    values.push_back(PhotoValue(std::move(bytes)));
    values.push_back(LabelValue(sample.label));
    return values;
  }

 private:
  std::unique_ptr<SourceFiles> files_;
  ClassFolders folders_;
};

Result<std::unique_ptr<Importer>> Open(const ImportSource& source) {
  ASSIGN_OR_RETURN(const auto options, Unpack<ImageFolderOptions>(source.options));
  ASSIGN_OR_RETURN(std::unique_ptr<SourceFiles> files, OpenFiles(source));
  ASSIGN_OR_RETURN(ClassFolders folders,
                   FindClassFolders(files->files(), {.validation_share = options.val_share}));
  return std::unique_ptr<Importer>(new ImageFolderImporter(std::move(files), std::move(folders)));
}

}  // namespace

ImporterKind ImageFolderKind() {
  return {.name = "imagefolder",
          .summary =
              "folder, .tar, .tar.gz or .zip with SPLIT/CLASS/ or CLASS/ folders of JPEG and "
              "PNG files",
          .options = ListOf<ImageFolderOptions>(),
          .detect = LooksLikeClassFolders,
          .open = Open};
}

}  // namespace lockstep::storage

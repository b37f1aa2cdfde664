// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/segmentation_folder/segmentation_folder_importer.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "base/format.h"
#include "storage/env/files.h"
#include "storage/importers/class_names.h"
#include "storage/importers/listed_importer.h"
#include "storage/importers/photo_files.h"

namespace lockstep::storage {
namespace {

constexpr char kExpected[] =
    "expected images/ and masks/ with files of the same names, or SPLIT/images/ and SPLIT/masks/";

struct SegmentationFolderOptions {
  std::string classes;
  double val_share = 0.0;

  template <typename V>
  void Visit(V&& v) {
    v("classes", classes, Says(kClassesDoc));
    v("val_share", val_share, Says(kValShareDoc).Within(kBelowOne));
  }
};

std::string_view FirstPart(std::string_view path) { return path.substr(0, path.find('/')); }

std::string_view Behind(std::string_view path) {
  const size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
}

bool IsRoom(std::string_view name) { return name == "images" || name == "masks"; }

// Where a file lies: its split (empty where there are none), its room and the rest of the path.
struct Place {
  std::string_view split, room, rest;
};

bool FindPlace(std::string_view path, Place* place) {
  if (IsRoom(FirstPart(path))) {
    *place = {{}, FirstPart(path), Behind(path)};
  } else {
    *place = {FirstPart(path), FirstPart(Behind(path)), Behind(Behind(path))};
  }
  return IsRoom(place->room) && !place->rest.empty();
}

// The folder that holds everything, with its '/': it is passed through.
std::string_view OuterFolder(const std::vector<SourceFile>& files) {
  std::string_view outer;
  for (;;) {
    std::string_view top;
    for (const SourceFile& file : files) {
      const std::string_view rest = std::string_view(file.path).substr(outer.size());
      Place place;
      if (FindPlace(rest, &place) || Behind(rest).empty()) return outer;
      if (!top.empty() && FirstPart(rest) != top) return outer;
      top = FirstPart(rest);
    }
    if (top.empty()) return outer;
    outer = std::string_view(files[0].path).substr(0, outer.size() + top.size() + 1);
  }
}

class SegmentationFolder : public ListedImporter {
 public:
  Status Open(const ImportSource& source) {
    ASSIGN_OR_RETURN(const auto options, Unpack<SegmentationFolderOptions>(source.options));
    ASSIGN_OR_RETURN(files_, OpenFiles(source));
    rejected_ = files_->rejected();
    outer_ = OuterFolder(files_->files());
    std::vector<std::string> others;
    for (size_t i = 0; i < files_->files().size(); ++i) Sort(i, &others);
    ASSIGN_OR_RETURN(std::vector<std::string> classes, Classes(options.classes));
    schema_.fields = {{.name = "image", .kind = FieldKind::kImage},
                      {.name = "mask", .kind = FieldKind::kMask, .classes = std::move(classes)}};
    RETURN_IF_ERROR(Pair(options.val_share));
    if (!others.empty()) warnings_.push_back(OtherFilesText(others));
    samples_.List(&splits_);
    return OkStatus();
  }

  Result<std::vector<FieldValue>> Read(size_t split, size_t index) const override {
    const Sample& sample = samples_.At(samples_.PlaceOf(split, index));
    ASSIGN_OR_RETURN(std::string image, files_->Read(sample.image));
    ASSIGN_OR_RETURN(std::string mask, files_->Read(sample.mask));
    std::vector<FieldValue> values;
    values.push_back(PhotoValue(std::move(image)));
    values.push_back(PhotoValue(std::move(mask)));
    return values;
  }

 private:
  struct Sample {
    std::string split, path;
    size_t image = 0, mask = 0;  // places in the listing of files
  };
  using Names = std::map<std::pair<std::string_view, std::string_view>, size_t>;

  const std::string& PathOf(size_t file) const { return files_->files()[file].path; }
  std::string_view InnerPath(size_t file) const {
    return std::string_view(PathOf(file)).substr(outer_.size());
  }
  void Reject(size_t file, std::string reason) {
    rejected_.push_back({PathOf(file), std::move(reason)});
  }

  // Enters a file under its split and its name without the extension.
  void Sort(size_t file, std::vector<std::string>* others) {
    Place place;
    if (InnerPath(file) == "classes.txt") {
      classes_file_ = file;
      return;
    }
    if (!FindPlace(InnerPath(file), &place)) {
      others->push_back(PathOf(file));
      return;
    }
    if (place.room == "masks" && ExtensionOf(place.rest) != ".png") {
      Reject(file, "a mask must be a PNG file");
    } else if (!HasPhotoName(place.rest)) {
      Reject(file, "it is not a JPEG or PNG file; convert it");
    } else {
      Names& names = place.room == "images" ? images_ : masks_;
      const auto [at, is_new] = names.insert({{place.split, WithoutExtension(place.rest)}, file});
      if (!is_new) Reject(file, Quoted(PathOf(at->second)) + " has the same name");
    }
  }

  Result<std::vector<std::string>> Classes(const std::string& path) const {
    if (!path.empty()) return ReadClassNames(path);
    if (classes_file_ == kNone) {
      return NotFound(
          "the source has no classes.txt beside its folders; it names the values of "
          "the masks, one class a line, the first for value 0. Write one, or name one "
          "with the option `classes`");
    }
    ASSIGN_OR_RETURN(const std::string text, files_->Read(classes_file_));
    return ParseClassNames(text, PathOf(classes_file_));
  }

  Status Pair(double val_share) {
    const bool has_splits = !images_.empty() && !images_.begin()->first.first.empty();
    for (const auto& [name, image] : images_) {
      if (name.first.empty() == has_splits) {
        return InvalidArgument("the source has images with a split and without one: " +
                               Quoted(PathOf(images_.begin()->second)) + " and " +
                               Quoted(PathOf(image)) + "; " + kExpected);
      }
    }
    if (images_.empty()) {
      return NotFound(std::string("the source has no images; ") + kExpected +
                      (files_->files().empty() ? "" : "; it has " + Quoted(PathOf(0))));
    }
    if (val_share > 0 && has_splits) {
      return InvalidArgument(
          "a share for `val` is asked for, but the source has splits of its own (" +
          Quoted(PathOf(images_.begin()->second)) + "); leave the share out");
    }
    int64_t taken = 0;
    for (const auto& [name, image] : images_) {
      const auto mask = masks_.find(name);
      if (mask == masks_.end()) {
        Reject(image, "it has no mask of the same name");
        continue;
      }
      const std::string split = has_splits                    ? std::string(name.first)
                                : GoesToVal(taken, val_share) ? "val"
                                                              : "train";
      ++taken;
      samples_.Add({split, PathOf(image), image, mask->second});
      bytes_ += files_->files()[image].bytes + files_->files()[mask->second].bytes;
      masks_.erase(mask);
    }
    for (const auto& [name, mask] : masks_) Reject(mask, "it has no image of the same name");
    return OkStatus();
  }

  static constexpr size_t kNone = static_cast<size_t>(-1);
  std::unique_ptr<SourceFiles> files_;
  std::string_view outer_;  // of the paths of `files_`
  size_t classes_file_ = kNone;
  Names images_, masks_;
  SampleTable<Sample> samples_;
};

// Whether a folder holds both rooms, or a folder in it does.
bool LooksLike(const std::string& path) {
  const auto has_rooms = [](const std::string& folder) {
    return IsDirectory(folder + "/images") && IsDirectory(folder + "/masks");
  };
  if (has_rooms(path)) return true;
  const Result<std::vector<std::string>> names = ListDir(path);
  if (!names.ok()) return false;
  return std::any_of(names->begin(), names->end(),
                     [&](const std::string& name) { return has_rooms(path + "/" + name); });
}

}  // namespace

ImporterKind SegmentationFolderKind() {
  return {.name = "segmentation-folder",
          .summary =
              "folder or archive with images/ and masks/ (or SPLIT/images/ and "
              "SPLIT/masks/) of the same names, and classes.txt",
          .options = ListOf<SegmentationFolderOptions>(),
          .detect = LooksLike,
          .open = [](const ImportSource& source) -> Result<std::unique_ptr<Importer>> {
            auto importer = std::make_unique<SegmentationFolder>();
            RETURN_IF_ERROR(importer->Open(source));
            return std::unique_ptr<Importer>(std::move(importer));
          }};
}

}  // namespace lockstep::storage

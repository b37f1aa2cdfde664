// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/voc/voc_importer.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/format.h"
#include "base/watch.h"
#include "storage/env/files.h"
#include "storage/image/image_header.h"
#include "storage/importers/boxes.h"
#include "storage/importers/class_names.h"
#include "storage/importers/listed_importer.h"
#include "storage/importers/parse_number.h"
#include "storage/importers/photo_files.h"
#include "storage/importers/voc/voc_annotation.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {
namespace {

constexpr char kAnnotations[] = "Annotations/";
constexpr char kImages[] = "JPEGImages/";
constexpr char kLists[] = "ImageSets/Main/";
constexpr char kUnknown[] = "boxes have a class that is not in the list and are left out";
constexpr char kEmpty[] = "boxes are empty or turned round and are left out";
constexpr char kOtherSize[] = "annotations say another size than their image has";

struct VocOptions {
  std::string classes;

  template <typename V>
  void Visit(V&& v) {
    v("classes", classes, Says(kClassesDoc));
  }
};

// The part of a path behind the last "Annotations/" and the like, if it lies in such a room.
bool SplitAt(std::string_view path, std::string_view room, std::string_view* root,
             std::string_view* name) {
  const size_t at = path.rfind(room);
  if (at == std::string_view::npos || (at > 0 && path[at - 1] != '/')) return false;
  *root = path.substr(0, at);
  *name = path.substr(at + room.size());
  return name->find('/') == std::string_view::npos;
}

class VocImporter : public ListedImporter {
 public:
  Status Open(const ImportSource& source) {
    ASSIGN_OR_RETURN(const auto options, Unpack<VocOptions>(source.options));
    std::vector<std::string> classes;
    if (!options.classes.empty()) {
      ASSIGN_OR_RETURN(classes, ReadClassNames(options.classes));
    }
    ASSIGN_OR_RETURN(files_, OpenFiles(source));
    rejected_ = files_->rejected();
    RETURN_IF_ERROR(FindFiles());
    RETURN_IF_ERROR(ListSamples());
    RETURN_IF_ERROR(LookAtAnnotations(source, &classes));
    index_.emplace(classes);
    schema_.fields = {{.name = "image", .kind = FieldKind::kImage},
                      {.name = "boxes", .kind = FieldKind::kBoxes},
                      {.name = "box_labels",
                       .kind = FieldKind::kBoxLabels,
                       .of = "boxes",
                       .classes = std::move(classes)},
                      {.name = "box_flags", .kind = FieldKind::kBoxFlags, .of = "boxes"}};
    return OkStatus();
  }

  std::vector<std::string> warnings(const IsAccepted& accepted) const override {
    return findings_.AddedTo(warnings_, [&](size_t place) -> const std::string* {
      const auto [split, index] = samples_.SplitOf(place);
      return accepted(split, index) ? &splits_[split].paths[index] : nullptr;
    });
  }

  Result<std::vector<FieldValue>> Read(size_t split, size_t index) const override {
    const size_t place = samples_.PlaceOf(split, index);
    const Sample& sample = samples_.At(place);
    ASSIGN_OR_RETURN(std::string bytes, files_->Read(sample.image));
    ASSIGN_OR_RETURN(const ImageHeader header, ReadImageHeader(bytes));
    Result<VocAnnotation> annotation = ReadAnnotation(sample);
    if (!annotation.ok()) {
      return annotation.status().WithContext(Quoted(PathOf(sample.annotation)));
    }
    BoxList boxes = BoxesOf(*annotation, place);
    const BoxesAtTheEdge edge = ClipBoxes(header.height, header.width, &boxes);
    findings_.Note(kClipped, place, edge.clipped);
    findings_.Note(kOutside, place, edge.outside);
    const bool says = annotation->height > 0 && annotation->width > 0;
    if (says && (annotation->height != header.height || annotation->width != header.width)) {
      findings_.Note(kOtherSize, place, 1);
    }
    std::vector<FieldValue> values;
    values.push_back(PhotoValue(std::move(bytes)));
    values.push_back(boxes.Corners());
    values.push_back(boxes.Labels());
    values.push_back(boxes.Flags());
    return values;
  }

 private:
  struct Sample {
    std::string split, path;
    size_t image = 0, annotation = 0;  // places in the listing of files
  };
  using Names = std::map<std::string_view, size_t>;  // files by their names without extension

  const std::string& PathOf(size_t file) const { return files_->files()[file].path; }

  Status FindFiles() {
    std::set<std::string_view> roots;
    const std::vector<SourceFile>& files = files_->files();
    for (size_t i = 0; i < files.size(); ++i) {
      std::string_view root, name;
      const std::string extension = ExtensionOf(files[i].path);
      if (SplitAt(files[i].path, kAnnotations, &root, &name) && extension == ".xml") {
        roots.insert(root);
        annotations_[WithoutExtension(name)] = i;
      } else if (SplitAt(files[i].path, kImages, &root, &name) && HasPhotoName(name)) {
        const auto [at, is_new] = images_.insert({WithoutExtension(name), i});
        if (!is_new) {
          rejected_.push_back({files[i].path, Quoted(PathOf(at->second)) + " has the same name"});
        }
      } else if (SplitAt(files[i].path, kLists, &root, &name) && extension == ".txt") {
        lists_[WithoutExtension(name)] = i;
      }
    }
    if (roots.size() > 1) {
      return InvalidArgument("the source has annotations in " + Quoted(Shown(*roots.begin())) +
                             " and in " + Quoted(Shown(*std::next(roots.begin()))) +
                             "; import one of these folders alone");
    }
    if (!roots.empty() && !images_.empty()) return OkStatus();
    return NotFound(std::string("the source has no ") + (roots.empty() ? kAnnotations : kImages) +
                    " with files; expected JPEGImages/NAME.jpg, Annotations/NAME.xml and " +
                    "ImageSets/Main/train.txt and the like");
  }

  static std::string Shown(std::string_view root) { return std::string(root) + kAnnotations; }

  // The splits that the lists make; all that is annotated is `train` where there are none.
  Status ListSamples() {
    const bool parts = lists_.count("train") > 0 && lists_.count("val") > 0;
    bool any = false;
    for (const std::string_view split : {"test", "train", "trainval", "val"}) {
      const auto list = lists_.find(split);
      if (list == lists_.end() || (split == "trainval" && parts)) continue;
      any = true;
      RETURN_IF_ERROR(ReadList(std::string(split), list->second));
    }
    if (!any) {
      for (const auto& [name, file] : annotations_) AddSample("train", std::string(name), name);
      warnings_.push_back(
          "there is no ImageSets/Main/train.txt, val.txt, test.txt or trainval.txt:"
          " all images with annotations are the split `train`");
    }
    size_t unlisted = 0;
    for (const auto& [name, file] : images_) unlisted += used_.count(name) == 0 ? 1 : 0;
    if (unlisted > 0) {
      warnings_.push_back(std::to_string(unlisted) + " images are in no list and are left out");
    }
    if (in_two_ > 0) {
      warnings_.push_back(std::to_string(in_two_) +
                          " images stand in more than one list, and are in each of these splits");
    }
    return OkStatus();
  }

  Status ReadList(const std::string& split, size_t file) {
    ASSIGN_OR_RETURN(const std::string text, files_->Read(file));
    std::set<std::string_view> seen;
    int64_t line = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view name = WithoutSpaces(std::string_view(text).substr(at, end - at));
      at = end + 1;
      ++line;
      if (name.empty()) continue;
      const std::string shown = PrintableName(name.substr(0, 200));
      const std::string where = PathOf(file) + ", line " + std::to_string(line);
      if (!seen.insert(name).second) {
        rejected_.push_back({where, Quoted(shown) + " stands there twice"});
        continue;
      }
      AddSample(split, where + ", " + Quoted(shown), name);
    }
    return OkStatus();
  }

  void AddSample(const std::string& split, const std::string& where, std::string_view name) {
    const auto image = images_.find(name);
    const auto annotation = annotations_.find(name);
    const bool is_new = image != images_.end() && used_.insert(image->first).second;
    if (image == images_.end() || annotation == annotations_.end()) {
      const bool no_image = image == images_.end();
      rejected_.push_back({where, std::string("there is no file of this name in ") +
                                      (no_image ? kImages : kAnnotations)});
      return;
    }
    in_two_ += is_new ? 0 : 1;
    Sample sample;
    sample.split = split;
    sample.path = PathOf(image->second);
    sample.image = image->second;
    sample.annotation = annotation->second;
    bytes_ += files_->files()[image->second].bytes;
    samples_.Add(std::move(sample));
  }

  Result<VocAnnotation> ReadAnnotation(const Sample& sample) const {
    ASSIGN_OR_RETURN(const std::string text, files_->Read(sample.annotation));
    return ParseVoc(text);
  }

  // Reads the annotation of every sample once; those without one that can be read are left out.
  // Names the classes where `classes` is empty. Nothing else is kept: Read reads it again.
  Status LookAtAnnotations(const ImportSource& source, std::vector<std::string>* classes) {
    std::vector<Sample> listed = std::move(samples_.samples());
    samples_ = {};
    std::set<std::string> names;
    int64_t done = 0;
    for (Sample& sample : listed) {
      RETURN_IF_ERROR(CheckStop(source.stop));
      if (source.progress) {
        source.progress("reading annotations", done++, static_cast<int64_t>(listed.size()));
      }
      const Result<VocAnnotation> annotation = ReadAnnotation(sample);
      if (annotation.status().code() == StatusCode::kDataLoss) {
        rejected_.push_back({PathOf(sample.annotation), annotation.status().message()});
        continue;
      }
      RETURN_IF_ERROR(annotation.status());
      for (const VocObject& object : annotation->objects) names.insert(object.name);
      samples_.Add(std::move(sample));
    }
    if (classes->empty()) classes->assign(names.begin(), names.end());
    if (classes->empty() && !samples_.samples().empty()) {
      return DataLoss("the annotations have no object at all; expected boxes with names");
    }
    samples_.List(&splits_);
    return OkStatus();
  }

  BoxList BoxesOf(const VocAnnotation& annotation, size_t place) const {
    BoxList boxes;
    int64_t unknown = 0;
    for (const VocObject& object : annotation.objects) {
      const int32_t label = index_->Find(object.name);
      if (label < 0) {
        ++unknown;
        continue;
      }
      boxes.Add(object.x1, object.y1, object.x2, object.y2, label,
                object.difficult ? kDifficult : char{0});
    }
    findings_.Note(kEmpty, place, annotation.empty);
    findings_.Note(kUnknown, place, unknown);
    return boxes;
  }

  std::unique_ptr<SourceFiles> files_;
  Names annotations_, images_, lists_;
  std::set<std::string_view> used_;  // names of images that are in a split
  int64_t in_two_ = 0;
  SampleTable<Sample> samples_;
  std::optional<ClassIndex> index_;
  mutable Findings findings_;
};

bool LooksLike(const std::string& path) {
  if (IsDirectory(path + "/Annotations")) return true;
  const Result<std::vector<std::string>> names = ListDir(path);
  if (!names.ok()) return false;
  return std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    return IsDirectory(path + "/" + name + "/Annotations");
  });
}

}  // namespace

ImporterKind VocKind() {
  return {.name = "voc",
          .summary =
              "folder or archive with JPEGImages/, Annotations/ and ImageSets/Main/, as "
              "Pascal VOC has them",
          .options = ListOf<VocOptions>(),
          .detect = LooksLike,
          .open = [](const ImportSource& source) -> Result<std::unique_ptr<Importer>> {
            auto importer = std::make_unique<VocImporter>();
            RETURN_IF_ERROR(importer->Open(source));
            return std::unique_ptr<Importer>(std::move(importer));
          }};
}

}  // namespace lockstep::storage

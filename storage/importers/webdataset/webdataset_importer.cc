// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/webdataset/webdataset_importer.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/format.h"
#include "base/lower_case.h"
#include "base/utf8.h"
#include "base/watch.h"
#include "storage/env/files.h"
#include "storage/importers/class_names.h"
#include "storage/importers/listed_importer.h"
#include "storage/importers/parse_number.h"
#include "storage/importers/photo_files.h"
#include "storage/source/open_file.h"
#include "storage/source/source_path.h"
#include "storage/source/spool.h"

namespace lockstep::storage {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

struct WebDatasetOptions {
  std::string classes;

  template <typename V>
  void Visit(V&& v) {
    v("classes", classes, Says(kClassesDoc));
  }
};

bool IsShardName(const std::string& path) {
  static constexpr std::string_view kEnds[] = {".tar", ".tar.gz", ".tgz", ".tar.zst"};
  return std::any_of(std::begin(kEnds), std::end(kEnds),
                     [&](std::string_view end) { return path.ends_with(end); });
}

// "train" of "train/000.tar", "val" of "val-000.tar"; else "train".
std::string SplitOf(std::string_view shard) {
  static constexpr std::string_view kNames[] = {"train", "val", "valid", "validation", "test"};
  const std::string_view folder = shard.substr(0, shard.find('/'));
  const std::string_view word = shard.substr(0, shard.find_first_of("-_.0123456789"));
  for (const std::string_view name : kNames) {
    if ((folder != shard && folder == name) || word == name) return std::string(name);
  }
  return "train";
}

// The key of a member, "a/12" of "a/12.seg.png", and what is behind it: "seg.png".
void SplitName(const std::string& path, std::string* key, std::string* kind) {
  const size_t name = path.rfind('/') + 1;  // npos + 1 is 0
  const size_t dot = std::min(path.find('.', name), path.size());
  *key = path.substr(0, dot);
  *kind = LowerCase(path.substr(std::min(dot + 1, path.size())));
}

class WebDataset : public ListedImporter {
 public:
  Status Open(const ImportSource& source) {
    ASSIGN_OR_RETURN(const auto options, Unpack<WebDatasetOptions>(source.options));
    std::vector<std::string> classes;
    if (!options.classes.empty()) {
      ASSIGN_OR_RETURN(classes, ReadClassNames(options.classes));
    }
    RETURN_IF_ERROR(OpenShards(source));
    for (size_t s = 0; s < shards_.size(); ++s) RETURN_IF_ERROR(Group(s, source));
    RETURN_IF_ERROR(Decide(std::move(classes)));
    if (!others_.empty()) warnings_.push_back(OtherFilesText(others_));
    samples_.List(&splits_);
    return OkStatus();
  }

  Result<std::vector<FieldValue>> Read(size_t split, size_t index) const override {
    const Sample& sample = samples_.At(samples_.PlaceOf(split, index));
    const SourceFiles& files = *shards_[sample.shard].files;
    ASSIGN_OR_RETURN(std::string image, files.Read(sample.image));
    std::vector<FieldValue> values;
    values.push_back(PhotoValue(std::move(image)));
    if (has_labels_) values.push_back(LabelValue(static_cast<int32_t>(sample.label)));
    if (has_json_ && sample.json == kNone) {
      values.push_back(NoValue());
    } else if (has_json_) {
      ASSIGN_OR_RETURN(std::string json, files.Read(sample.json));
      if (!IsUtf8(json)) return DataLoss("its .json file is not UTF-8");
      values.push_back(TextValue(std::move(json)));
    }
    return values;
  }

 private:
  struct Shard {
    std::string name;  // relative to the source
    std::unique_ptr<SourceFiles> files;
  };
  struct Members {  // of one key: places in the listing of the shard
    size_t image = kNone, cls = kNone, json = kNone;
  };
  struct Sample {
    std::string split, path;
    size_t shard = 0;
    size_t image = kNone, json = kNone;  // places in the listing of the shard
    int64_t label = -1;
  };

  Status OpenShards(const ImportSource& source) {
    std::vector<std::string> names;
    if (!IsDirectory(source.path)) {
      return OpenShard(source, source.path, BaseNameOf(source.path));
    }
    ASSIGN_OR_RETURN(const std::unique_ptr<SourceFiles> folder, OpenFiles(source));
    rejected_ = folder->rejected();
    for (const SourceFile& file : folder->files()) {
      if (IsShardName(file.path)) {
        names.push_back(file.path);
      } else {
        others_.push_back(file.path);
      }
    }
    if (names.empty()) {
      return NotFound(Quoted(source.path) +
                      " has no .tar files; expected shards such as "
                      "train-000.tar with 000.jpg and 000.cls in them");
    }
    ImportSource shard = source;
    ASSIGN_OR_RETURN(OpenFile spool, MakeSpool(source.spool));
    shard.common_spool = std::make_shared<OpenFile>(std::move(spool));
    for (const std::string& name : names) {
      RETURN_IF_ERROR(OpenShard(shard, source.path + "/" + name, name));
    }
    return OkStatus();
  }

  // All shards of a folder share one spool, so that no number of them needs many open files.
  Status OpenShard(const ImportSource& source, const std::string& path, const std::string& name) {
    ImportSource shard = source;
    shard.path = path;
    ASSIGN_OR_RETURN(std::unique_ptr<SourceFiles> files, OpenFiles(shard));
    for (const RejectedFile& one : files->rejected()) {
      rejected_.push_back({name + "/" + one.path, one.reason});
    }
    shards_.push_back({name, std::move(files)});
    return OkStatus();
  }

  Status Group(size_t shard, const ImportSource& source) {
    const std::vector<SourceFile>& files = shards_[shard].files->files();
    std::map<std::string, Members> groups;
    for (size_t i = 0; i < files.size(); ++i) {
      std::string key, kind;
      SplitName(files[i].path, &key, &kind);
      Members& group = groups[key];
      if (kind == "jpg" || kind == "jpeg" || kind == "png") {
        if (group.image != kNone) {
          rejected_.push_back({PathOf(shard, i), Quoted(files[group.image].path) +
                                                     " is the image of the same sample"});
        } else {
          group.image = i;
        }
      } else if (kind == "cls") {
        group.cls = i;
      } else if (kind == "json") {
        group.json = i;
      } else {
        others_.push_back(PathOf(shard, i));
      }
    }
    for (const auto& [key, group] : groups) {
      RETURN_IF_ERROR(CheckStop(source.stop));
      RETURN_IF_ERROR(TakeGroup(shard, key, group));
    }
    return OkStatus();
  }

  std::string PathOf(size_t shard, size_t file) const {
    return shards_[shard].name + "/" + shards_[shard].files->files()[file].path;
  }

  Status TakeGroup(size_t shard, const std::string& key, const Members& group) {
    if (group.image == kNone) {
      if (group.cls == kNone && group.json == kNone) return OkStatus();  // other files alone
      rejected_.push_back({shards_[shard].name + "/" + key, "the sample has no .jpg or .png"});
      return OkStatus();
    }
    Sample sample;
    sample.split = SplitOf(shards_[shard].name);
    sample.path = PathOf(shard, group.image);
    sample.shard = shard;
    sample.image = group.image;
    sample.json = group.json;
    if (group.cls != kNone) {
      has_labels_ = true;
      const Result<std::string> text = shards_[shard].files->Read(group.cls);
      if (text.status().code() == StatusCode::kDataLoss) {
        rejected_.push_back({PathOf(shard, group.cls), text.status().message()});
        return OkStatus();
      }
      RETURN_IF_ERROR(text.status());
      const std::optional<int64_t> label = ParseCount(*text, int64_t{kMostClasses} - 1);
      if (!label) {
        rejected_.push_back(
            {PathOf(shard, group.cls), "it is " + Quoted(PrintableName(text->substr(0, 40))) +
                                           "; expected the number of a class"});
        return OkStatus();
      }
      sample.label = *label;
    }
    has_json_ = has_json_ || group.json != kNone;
    bytes_ += shards_[shard].files->files()[group.image].bytes;
    samples_.Add(std::move(sample));
    return OkStatus();
  }

  // The schema, and which samples are left out because they have no label.
  Status Decide(std::vector<std::string> classes) {
    std::vector<Sample> all = std::move(samples_.samples());
    samples_ = {};
    int64_t largest = -1;
    for (const Sample& sample : all) largest = std::max(largest, sample.label);
    if (classes.empty()) {
      for (int64_t c = 0; c <= largest; ++c) classes.push_back(std::to_string(c));
    }
    for (Sample& sample : all) {
      if (has_labels_ && sample.label < 0) {
        rejected_.push_back({sample.path, "the sample has no .cls, and others have"});
      } else {
        samples_.Add(std::move(sample));
      }
    }
    if (samples_.samples().empty()) {
      return NotFound("the shards have no sample; expected members such as 000.jpg and 000.cls");
    }
    schema_.fields = {{.name = "image", .kind = FieldKind::kImage}};
    if (has_labels_) {
      schema_.fields.push_back(
          {.name = "label", .kind = FieldKind::kLabel, .classes = std::move(classes)});
    }
    if (has_json_) {
      schema_.fields.push_back({.name = "json", .kind = FieldKind::kText, .optional = true});
    }
    return OkStatus();
  }

  std::vector<Shard> shards_;
  std::vector<std::string> others_;
  bool has_labels_ = false, has_json_ = false;
  SampleTable<Sample> samples_;
};

bool LooksLike(const std::string& path) {
  const Result<std::vector<std::string>> names = ListDir(path);
  return names.ok() && std::any_of(names->begin(), names->end(), IsShardName);
}

}  // namespace

ImporterKind WebDatasetKind() {
  return {.name = "webdataset",
          .summary =
              "tar file, or folder of tar shards, whose members 000.jpg, 000.cls and "
              "000.json are one sample",
          .options = ListOf<WebDatasetOptions>(),
          .detect = LooksLike,
          .open = [](const ImportSource& source) -> Result<std::unique_ptr<Importer>> {
            auto importer = std::make_unique<WebDataset>();
            RETURN_IF_ERROR(importer->Open(source));
            return std::unique_ptr<Importer>(std::move(importer));
          }};
}

}  // namespace lockstep::storage

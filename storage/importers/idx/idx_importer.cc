// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/idx/idx_importer.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/lookup_path.h"
#include "storage/env/files.h"
#include "storage/importers/idx/idx_format.h"

namespace lockstep::storage {
namespace {

constexpr char kImages[] = "-images-idx3-ubyte";
constexpr char kLabels[] = "-labels-idx1-ubyte";

struct SplitFiles {
  std::string images, labels;  // paths
};

struct IdxSplit {
  IdxArray images;  // N H W
  IdxArray labels;  // N
};

std::string SplitNameOf(const std::string& prefix) { return prefix == "t10k" ? "test" : prefix; }

// Enters `name` if it is PREFIX + suffix, or that with .gz.
Status Enter(const std::string& directory, const std::string& name, const std::string& suffix,
             std::string SplitFiles::*field, std::map<std::string, SplitFiles>* found) {
  std::string stem = name;
  if (stem.ends_with(".gz")) stem.resize(stem.size() - 3);
  if (!stem.ends_with(suffix) || stem.size() == suffix.size()) return {};
  const std::string split = SplitNameOf(stem.substr(0, stem.size() - suffix.size()));
  std::string& path = (*found)[split].*field;
  if (!path.empty()) {
    return InvalidArgument("'" + path + "' and '" + directory + "/" + name +
                           "' are the same part of the source; remove one");
  }
  path = directory + "/" + name;
  return {};
}

Result<std::map<std::string, SplitFiles>> FindFiles(const std::string& directory) {
  if (!PathExists(directory))
    return NotFound("there is no directory " + LookupPathText(directory) +
                    "; give the one that holds the four idx files (for Fashion-MNIST: "
                    "/usr/share/datasets/fashion-mnist)");
  if (!IsDirectory(directory)) {
    return InvalidArgument("'" + directory +
                           "' is a file; expected the directory that holds the "
                           "idx files");
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(directory));
  std::map<std::string, SplitFiles> found;
  for (const std::string& name : names) {
    RETURN_IF_ERROR(Enter(directory, name, kImages, &SplitFiles::images, &found));
    RETURN_IF_ERROR(Enter(directory, name, kLabels, &SplitFiles::labels, &found));
  }
  if (found.empty()) {
    return NotFound("'" + directory + "' has no idx files; expected SPLIT" + kImages +
                    " and SPLIT" + kLabels + ", plain or with .gz");
  }
  for (const auto& [split, files] : found) {
    if (!files.images.empty() && !files.labels.empty()) continue;
    return NotFound("'" + directory + "' has the " + (files.images.empty() ? "labels" : "images") +
                    " of split '" + split + "' but not its " +
                    (files.images.empty() ? std::string("images (*") + kImages
                                          : std::string("labels (*") + kLabels) +
                    " or with .gz)");
  }
  return found;
}

Result<IdxSplit> ReadSplit(const SplitFiles& files, const std::atomic<bool>* stop) {
  IdxSplit split;
  ASSIGN_OR_RETURN(split.images, ReadIdx(files.images, 3, stop));
  ASSIGN_OR_RETURN(split.labels, ReadIdx(files.labels, 1, stop));
  if (split.images.dims[0] != split.labels.dims[0]) {
    return DataLoss("'" + files.images + "' has " + std::to_string(split.images.dims[0]) +
                    " images, but '" + files.labels + "' has " +
                    std::to_string(split.labels.dims[0]) + " labels");
  }
  constexpr int64_t kMostPerSplit = 100'000'000;  // what eight digits can number
  if (split.images.dims[0] > kMostPerSplit) {
    return InvalidArgument("'" + files.images + "' has more than 100,000,000 images");
  }
  return split;
}

class IdxImporter : public Importer {
 public:
  // Splits by name. Class names empty: the numbers.
  IdxImporter(std::map<std::string, IdxSplit> data, const std::vector<std::string>& class_names) {
    std::vector<std::string> classes = class_names;
    int largest = 0;
    for (auto& [name, split] : data) {
      for (const char label : split.labels.values) {
        largest = std::max<int>(largest, static_cast<unsigned char>(label));
      }
      listings_.push_back({name, PathsOf(name, split.images.dims[0])});
      data_.push_back(std::move(split));
    }
    for (int c = 0; class_names.empty() && c <= largest; ++c) {
      classes.push_back(std::to_string(c));
    }
    schema_ = ImageAndLabel(std::move(classes));
  }

  const Schema& schema() const override { return schema_; }
  const std::vector<SplitListing>& splits() const override { return listings_; }
  const std::vector<RejectedFile>& rejected() const override { return rejected_; }
  const std::vector<std::string>& warnings() const override { return warnings_; }
  int64_t bytes() const override {
    int64_t sum = 0;
    for (const IdxSplit& split : data_) {
      sum += static_cast<int64_t>(split.images.values.size() + split.labels.values.size());
    }
    return sum;
  }

  Result<std::vector<FieldValue>> Read(size_t split, size_t index) const override {
    const IdxSplit& data = data_[split];
    const int32_t label = static_cast<unsigned char>(data.labels.values[index]);
    const int64_t height = data.images.dims[1], width = data.images.dims[2];
    const auto bytes = static_cast<size_t>(height * width);
    return std::vector<FieldValue>{
        ImageValue(height, width, 1, data.images.values.substr(index * bytes, bytes)),
        LabelValue(label)};
  }

 private:
  static std::vector<std::string> PathsOf(const std::string& split, int64_t count) {
    std::vector<std::string> paths;
    char number[24];
    for (int64_t i = 0; i < count; ++i) {
      std::snprintf(number, sizeof number, "/%08lld", static_cast<long long>(i));
      paths.push_back(split + number);
    }
    return paths;
  }

  Schema schema_;
  std::vector<RejectedFile> rejected_;
  std::vector<std::string> warnings_;
  std::vector<SplitListing> listings_;
  std::vector<IdxSplit> data_;
};

// A label without a class means that the file is not what it is taken for.
Status CheckLabels(const IdxSplit& split, const std::string& file, size_t classes) {
  if (classes == 0) return OkStatus();
  for (size_t i = 0; i < split.labels.values.size(); ++i) {
    const auto label = static_cast<unsigned char>(split.labels.values[i]);
    if (label < classes) continue;
    return DataLoss("'" + file + "': label " + std::to_string(label) + " of sample " +
                    std::to_string(i) + "; expected 0 .. " + std::to_string(classes - 1));
  }
  return OkStatus();
}

Result<std::unique_ptr<Importer>> OpenIdx(const std::map<std::string, SplitFiles>& files,
                                          const std::vector<std::string>& classes,
                                          const std::atomic<bool>* stop) {
  std::map<std::string, IdxSplit> data;
  for (const auto& [name, paths] : files) {
    ASSIGN_OR_RETURN(data[name], ReadSplit(paths, stop));
    RETURN_IF_ERROR(CheckLabels(data[name], paths.labels, classes.size()));
  }
  return std::unique_ptr<Importer>(new IdxImporter(std::move(data), classes));
}

bool HasSplits(const std::string& path, const std::vector<std::string>& names) {
  const Result<std::map<std::string, SplitFiles>> files = FindFiles(path);
  if (!files.ok()) return false;
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return files->count(name) > 0; });
}

Result<std::unique_ptr<Importer>> OpenFashionMnist(const ImportSource& source) {
  static const std::vector<std::string> kClasses = {
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
      "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  Result<std::map<std::string, SplitFiles>> found = FindFiles(source.path);
  if (!found.ok()) {
    const Status& s = found.status();
    if (s.code() != StatusCode::kNotFound) return s;
    return NotFound(s.message() +
                    ". Debian's package dataset-fashion-mnist has Fashion-MNIST in "
                    "/usr/share/datasets/fashion-mnist");
  }
  std::map<std::string, SplitFiles> files;
  for (const std::string name : {"train", "test"}) {
    if (found->count(name) == 0) {
      return NotFound(
          "'" + source.path + "' has no files of split '" + name +
          "'; Fashion-MNIST is train-images, train-labels, t10k-images and t10k-labels");
    }
    files[name] = (*found)[name];
  }
  return OpenIdx(files, kClasses, source.stop);
}

}  // namespace

ImporterKind IdxKind() {
  return {"idx",
          "directory with SPLIT-images-idx3-ubyte[.gz] and SPLIT-labels-idx1-ubyte[.gz]",
          {},
          [](const std::string& path) { return HasSplits(path, {}); },
          [](const ImportSource& source) -> Result<std::unique_ptr<Importer>> {
            ASSIGN_OR_RETURN(const auto files, FindFiles(source.path));
            return OpenIdx(files, {}, source.stop);
          }};
}

ImporterKind FashionMnistKind() {
  return {"fashion-mnist",
          "directory with the four idx files of Fashion-MNIST, plain or .gz",
          {},
          [](const std::string& path) {
            return HasSplits(path, {"train", "test"});
          },
          OpenFashionMnist};
}

}  // namespace lockstep::storage

// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/idx/idx_importer.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/lookup_path.h"
#include "storage/env/files.h"
#include "storage/importers/idx/idx_format.h"
#include "storage/importers/listed_importer.h"

namespace lockstep::storage {
namespace {

constexpr char kImages[] = "-images-idx3-ubyte";
constexpr char kColourImages[] = "-images-idx4-ubyte";
constexpr char kLabels[] = "-labels-idx1-ubyte";

// How the values of images lie: N H W, N H W 3 or N 3 H W.
enum class Planes { kGrey, kRgbLast, kRgbFirst };

struct IdxOptions {
  std::string planes = "grey";

  template <typename V>
  void Visit(V&& v) {
    v("planes", planes,
      Says("how images lie: grey is N H W; with SPLIT-images-idx4-ubyte, rgb-last is N H W 3 and "
           "rgb-first N 3 H W")
          .OneOf({"grey", "rgb-last", "rgb-first"}));
  }

  Planes Chosen() const {
    if (planes == "grey") return Planes::kGrey;
    return planes == "rgb-last" ? Planes::kRgbLast : Planes::kRgbFirst;
  }
};

const char* ImagesSuffix(Planes planes) {
  return planes == Planes::kGrey ? kImages : kColourImages;
}

struct SplitFiles {
  std::string images, labels;  // paths
};

struct IdxSplit {
  IdxFile images;
  std::string labels;  // N bytes
  int64_t count = 0, height = 0, width = 0;
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

Result<std::map<std::string, SplitFiles>> FindFiles(const std::string& directory, Planes planes) {
  if (!PathExists(directory))
    return NotFound("there is no directory " + LookupPathText(directory) +
                    "; give the one that holds the four idx files (for Fashion-MNIST: "
                    "/usr/share/datasets/fashion-mnist)");
  if (!IsDirectory(directory)) {
    return InvalidArgument("'" + directory +
                           "' is a file; expected the directory that holds the "
                           "idx files");
  }
  const std::string images = ImagesSuffix(planes);
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(directory));
  std::map<std::string, SplitFiles> found;
  for (const std::string& name : names) {
    RETURN_IF_ERROR(Enter(directory, name, images, &SplitFiles::images, &found));
    RETURN_IF_ERROR(Enter(directory, name, kLabels, &SplitFiles::labels, &found));
  }
  if (found.empty()) {
    return NotFound("'" + directory + "' has no idx files; expected SPLIT" + images + " and SPLIT" +
                    kLabels + ", plain or with .gz");
  }
  for (const auto& [split, files] : found) {
    if (!files.images.empty() && !files.labels.empty()) continue;
    return NotFound(
        "'" + directory + "' has the " + (files.images.empty() ? "labels" : "images") +
        " of split '" + split + "' but not its " +
        (files.images.empty() ? "images (*" + images : std::string("labels (*") + kLabels) +
        " or with .gz)");
  }
  return found;
}

// The dimensions of one image. Those that are no images of these planes, or too large, are refused.
Status TakeSize(const std::string& file, const std::vector<int64_t>& dims, Planes planes,
                IdxSplit* split) {
  const bool first = planes == Planes::kRgbFirst;
  split->count = dims[0];
  split->height = dims[first ? 2 : 1];
  split->width = dims[first ? 3 : 2];
  if (planes != Planes::kGrey && dims[first ? 1 : 3] != 3) {
    return DataLoss("'" + file + "' has " + std::to_string(dims[first ? 1 : 3]) +
                    " planes of colour in its dimension " + (first ? "1" : "3") +
                    "; expected 3. Are the planes " + (first ? "last" : "first") + "?");
  }
  if (split->height > kMaxPixels / split->width) {
    return DataLoss("'" + file + "' has images of " + std::to_string(split->height) + "x" +
                    std::to_string(split->width) + "; expected at most 2^28 pixels");
  }
  return OkStatus();
}

Result<IdxSplit> ReadSplit(const SplitFiles& files, Planes planes, const ImportSource& source) {
  const int rank = planes == Planes::kGrey ? 3 : 4;
  ASSIGN_OR_RETURN(IdxFile images, IdxFile::Open(files.images, rank, source.spool, source.stop));
  ASSIGN_OR_RETURN(const IdxFile labels, IdxFile::Open(files.labels, 1, source.spool, source.stop));
  if (images.dims()[0] != labels.dims()[0]) {
    return DataLoss("'" + files.images + "' has " + std::to_string(images.dims()[0]) +
                    " images, but '" + files.labels + "' has " + std::to_string(labels.dims()[0]) +
                    " labels");
  }
  constexpr int64_t kMostPerSplit = 100'000'000;  // what eight digits can number
  if (images.dims()[0] > kMostPerSplit) {
    return InvalidArgument("'" + files.images + "' has more than 100,000,000 images");
  }
  const std::vector<int64_t> dims = images.dims();
  IdxSplit split = {std::move(images), {}};
  RETURN_IF_ERROR(TakeSize(files.images, dims, planes, &split));
  ASSIGN_OR_RETURN(split.labels, labels.Read(0, labels.elements()));
  return split;
}

// N 3 H W to H W 3, of one image.
std::string PlanesLast(const std::string& planes) {
  const size_t pixels = planes.size() / 3;
  std::string last(planes.size(), '\0');
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c) last[3 * i + c] = planes[c * pixels + i];
  }
  return last;
}

class IdxImporter : public ListedImporter {
 public:
  // Splits by name. Class names empty: the numbers.
  IdxImporter(std::map<std::string, IdxSplit> data, const std::vector<std::string>& class_names,
              Planes planes)
      : planes_(planes) {
    std::vector<std::string> classes = class_names;
    int largest = 0;
    for (auto& [name, split] : data) {
      for (const char label : split.labels) {
        largest = std::max<int>(largest, static_cast<unsigned char>(label));
      }
      splits_.push_back({name, PathsOf(name, split.count)});
      bytes_ += split.images.elements() + split.count;
      data_.push_back(std::move(split));
    }
    for (int c = 0; class_names.empty() && c <= largest; ++c) {
      classes.push_back(std::to_string(c));
    }
    schema_ = ImageAndLabel(std::move(classes));
  }

  Result<std::vector<FieldValue>> Read(size_t split, size_t index) const override {
    const IdxSplit& data = data_[split];
    const int32_t label = static_cast<unsigned char>(data.labels[index]);
    const int64_t channels = planes_ == Planes::kGrey ? 1 : 3;
    const int64_t bytes = data.height * data.width * channels;
    ASSIGN_OR_RETURN(std::string pixels,
                     data.images.Read(static_cast<int64_t>(index) * bytes, bytes));
    if (planes_ == Planes::kRgbFirst) pixels = PlanesLast(pixels);
    return std::vector<FieldValue>{ImageValue(data.height, data.width, channels, std::move(pixels)),
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

  Planes planes_;
  std::vector<IdxSplit> data_;
};

// A label without a class means that the file is not what it is taken for.
Status CheckLabels(const IdxSplit& split, const std::string& file, size_t classes) {
  if (classes == 0) return OkStatus();
  for (size_t i = 0; i < split.labels.size(); ++i) {
    const auto label = static_cast<unsigned char>(split.labels[i]);
    if (label < classes) continue;
    return DataLoss("'" + file + "': label " + std::to_string(label) + " of sample " +
                    std::to_string(i) + "; expected 0 .. " + std::to_string(classes - 1));
  }
  return OkStatus();
}

Result<std::unique_ptr<Importer>> OpenIdx(const std::map<std::string, SplitFiles>& files,
                                          const std::vector<std::string>& classes, Planes planes,
                                          const ImportSource& source) {
  std::map<std::string, IdxSplit> data;
  for (const auto& [name, paths] : files) {
    ASSIGN_OR_RETURN(IdxSplit split, ReadSplit(paths, planes, source));
    RETURN_IF_ERROR(CheckLabels(split, paths.labels, classes.size()));
    data.emplace(name, std::move(split));
  }
  return std::unique_ptr<Importer>(new IdxImporter(std::move(data), classes, planes));
}

bool HasSplits(const std::string& path, Planes planes, const std::vector<std::string>& names) {
  const Result<std::map<std::string, SplitFiles>> files = FindFiles(path, planes);
  if (!files.ok()) return false;
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return files->count(name) > 0; });
}

Result<std::unique_ptr<Importer>> OpenFashionMnist(const ImportSource& source) {
  static const std::vector<std::string> kClasses = {
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
      "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  Result<std::map<std::string, SplitFiles>> found = FindFiles(source.path, Planes::kGrey);
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
  return OpenIdx(files, kClasses, Planes::kGrey, source);
}

}  // namespace

ImporterKind IdxKind() {
  return {"idx", "directory with SPLIT-images-idx3-ubyte[.gz] and SPLIT-labels-idx1-ubyte[.gz]",
          ListOf<IdxOptions>(),
          [](const std::string& path) {
            return HasSplits(path, Planes::kGrey, {}) || HasSplits(path, Planes::kRgbLast, {});
          },
          [](const ImportSource& source) -> Result<std::unique_ptr<Importer>> {
            ASSIGN_OR_RETURN(const auto options, Unpack<IdxOptions>(source.options));
            ASSIGN_OR_RETURN(const auto files, FindFiles(source.path, options.Chosen()));
            return OpenIdx(files, {}, options.Chosen(), source);
          }};
}

ImporterKind FashionMnistKind() {
  return {"fashion-mnist",
          "directory with the four idx files of Fashion-MNIST, plain or .gz",
          {},
          [](const std::string& path) {
            return HasSplits(path, Planes::kGrey, {"train", "test"});
          },
          OpenFashionMnist};
}

}  // namespace lockstep::storage

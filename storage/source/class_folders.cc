// SPDX-License-Identifier: Apache-2.0
#include "storage/source/class_folders.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/format.h"
#include "base/lower_case.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {
namespace {

constexpr char kExpected[] =
    "expected SPLIT/CLASS/image.jpg (train/cat/1.jpg) or CLASS/image.jpg (cat/1.jpg)";
constexpr size_t kMostNames = 8;    // in one message
constexpr size_t kMostSplits = 32;  // with names that say nothing

// An image, and the rest of its path behind the folders that were passed through.
struct Image {
  size_t file = 0;
  std::string_view rest;
};

std::string_view FirstPart(std::string_view path) { return path.substr(0, path.find('/')); }

// The path without its first part.
std::string_view Behind(std::string_view path) {
  const size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
}

bool HasFolder(std::string_view path) { return path.find('/') != std::string_view::npos; }

// ".jpg" in small letters; empty where there is none.
std::string ExtensionOf(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : LowerCase(std::string(name.substr(dot)));
}

template <size_t N>
bool IsOneOf(std::string_view text, const std::array<std::string_view, N>& known) {
  return std::find(known.begin(), known.end(), text) != known.end();
}

bool IsImage(std::string_view extension) {
  static constexpr std::array<std::string_view, 3> kTaken = {".jpg", ".jpeg", ".png"};
  return IsOneOf(extension, kTaken);
}

bool IsOtherImage(std::string_view extension) {
  static constexpr std::array<std::string_view, 14> kOthers = {
      ".ppm", ".pgm",  ".pnm",  ".bmp",  ".tif",  ".tiff", ".webp",
      ".gif", ".jfif", ".heic", ".heif", ".avif", ".jp2",  ".jxl"};
  return IsOneOf(extension, kOthers);
}

bool IsSplitName(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kNames = {
      "train", "training", "val",  "valid",   "validation",
      "eval",  "dev",      "test", "testing", "holdout"};
  return IsOneOf(LowerCase(std::string(name)), kNames);
}

// "'a', 'b' and 3 more".
template <typename Names>
std::string ListOf(const Names& names) {
  std::string text;
  size_t count = 0;
  for (const auto& name : names) {
    if (++count > kMostNames) continue;
    text += (text.empty() ? "" : ", ") + Quoted(name);
  }
  if (count > kMostNames) text += " and " + std::to_string(count - kMostNames) + " more";
  return text;
}

// What a top folder holds: an example of each kind of image, by index of the image.
struct TopFolder {
  static constexpr size_t kNone = static_cast<size_t>(-1);
  size_t direct = kNone;  // lies directly in it
  size_t nested = kNone;  // lies in a folder in it
  bool HasDirect() const { return direct != kNone; }
  bool HasNested() const { return nested != kNone; }
};
using TopFolders = std::map<std::string_view, TopFolder>;

class Finder {
 public:
  Finder(const std::vector<SourceFile>& files, const ClassFoldersOptions& options)
      : files_(files), options_(options) {}

  Result<ClassFolders> Find() {
    if (!(options_.validation_share >= 0 && options_.validation_share < 1)) {
      return InvalidArgument("the validation share is " +
                             std::to_string(options_.validation_share) +
                             "; expected a number from 0 to below 1");
    }
    TakeImages();
    PassThrough();
    if (images_.empty()) return NoImages();
    ASSIGN_OR_RETURN(const bool splits, HasSplits());
    if (splits) {
      RETURN_IF_ERROR(TakeSplits());
    } else {
      RETURN_IF_ERROR(TakeClasses());
    }
    std::sort(found_.rejected.begin(), found_.rejected.end(),
              [](const RejectedFile& a, const RejectedFile& b) { return a.path < b.path; });
    return std::move(found_);
  }

 private:
  void Reject(const Image& image, std::string reason) {
    found_.rejected.push_back({files_[image.file].path, std::move(reason)});
  }

  // Sorts the files into images, rejected ones and those that are counted only.
  void TakeImages() {
    std::map<std::string, int64_t> others;  // number by extension
    for (size_t i = 0; i < files_.size(); ++i) {
      const std::string extension = ExtensionOf(files_[i].path);
      if (IsImage(extension)) {
        images_.push_back({i, files_[i].path});
      } else if (IsOtherImage(extension)) {
        Reject({i, {}}, "it is not a JPEG or PNG file; convert it");
      } else {
        ++others[extension];
      }
    }
    if (!others.empty()) found_.warnings.push_back(OthersText(others));
  }

  static std::string OthersText(const std::map<std::string, int64_t>& others) {
    std::string text;
    size_t kinds = 0;
    int64_t rest = 0;
    for (const auto& [extension, count] : others) {
      if (++kinds > kMostNames) {
        rest += count;
        continue;
      }
      text += (text.empty() ? "" : ", ") + FilesText(count) + " " +
              (extension.empty() ? "without extension" : extension);
    }
    if (rest > 0) text += ", " + FilesText(rest) + " of other kinds";
    return "left out, as they are no images: " + text;
  }

  static std::string FilesText(int64_t count) {
    return std::to_string(count) + (count == 1 ? " file" : " files");
  }

  // Goes into the top folder for as long as it is the only one and holds no image directly. Images
  // in no folder are rejected.
  void PassThrough() {
    for (;;) {
      RejectLoose();
      if (images_.empty()) return;
      const std::string_view top = FirstPart(images_[0].rest);
      const bool only = std::all_of(images_.begin(), images_.end(), [&](const Image& image) {
        return FirstPart(image.rest) == top && HasFolder(Behind(image.rest));
      });
      if (!only) return;
      passed_ = top;
      for (Image& image : images_) image.rest = Behind(image.rest);
    }
  }

  void RejectLoose() {
    const auto loose = std::stable_partition(
        images_.begin(), images_.end(), [](const Image& image) { return HasFolder(image.rest); });
    for (auto image = loose; image != images_.end(); ++image) {
      Reject(*image, "it lies in no class folder");
    }
    images_.erase(loose, images_.end());
  }

  Status NoImages() const {
    std::string seen = "it has no files";
    if (!found_.rejected.empty()) {
      seen = "it has " + Quoted(found_.rejected[0].path) + ": " + found_.rejected[0].reason;
    } else if (!files_.empty()) {
      seen = "it has " + Quoted(files_[0].path);
    }
    return NotFound(std::string("no JPEG or PNG file lies in a folder of the source; ") +
                    kExpected + "; " + seen);
  }

  std::string Example(size_t image) const { return Quoted(files_[images_[image].file].path); }

  // Whether the top folders are splits.
  Result<bool> HasSplits() {
    TopFolders tops;
    for (size_t i = 0; i < images_.size(); ++i) {
      TopFolder& top = tops[FirstPart(images_[i].rest)];
      size_t& example = HasFolder(Behind(images_[i].rest)) ? top.nested : top.direct;
      example = std::min(example, i);
    }
    const auto count = [&](const auto& holds) {
      return std::count_if(tops.begin(), tops.end(), holds);
    };
    const auto all = static_cast<std::ptrdiff_t>(tops.size());
    const auto direct = count([](const auto& top) { return top.second.HasDirect(); });
    const auto named = count([](const auto& top) { return IsSplitName(top.first); });
    if (direct == 0) {
      if (named < all) RETURN_IF_ERROR(DoubtNames(tops));
      return true;
    }
    if (direct < all && named == all) return true;
    const auto nested = std::find_if(tops.begin(), tops.end(),
                                     [](const auto& top) { return top.second.HasNested(); });
    if (named == all && nested != tops.end()) return true;  // strays lie in every split
    if (direct < all || (all == 1 && nested != tops.end())) return Mixed(tops);
    // A single class may well be called "test".
    if (named == all && all > 1) {
      return InvalidArgument("the folders " + ListOf(NamesOf(tops)) +
                             " have names of splits, but hold images directly (" +
                             Example(tops.begin()->second.direct) + "); " + kExpected);
    }
    return false;
  }

  static std::vector<std::string_view> NamesOf(const TopFolders& tops) {
    std::vector<std::string_view> names;
    for (const auto& [name, top] : tops) names.push_back(name);
    return names;
  }

  // Some images lie directly in a top folder, others in folders of one.
  Status Mixed(const TopFolders& tops) const {
    const auto direct = std::find_if(tops.begin(), tops.end(),
                                     [](const auto& top) { return top.second.HasDirect(); });
    auto nested = std::find_if(tops.begin(), tops.end(),
                               [](const auto& top) { return !top.second.HasDirect(); });
    if (nested == tops.end()) nested = direct;  // the only folder has both
    return InvalidArgument(
        "the folders are neither all splits nor all classes: " + Example(direct->second.direct) +
        " lies directly in the top folder " + Quoted(direct->first) + ", but " +
        Example(nested->second.nested) + " in a folder below " + Quoted(nested->first) + "; " +
        kExpected + "; move what does not belong, or import the folder that holds the rest");
  }

  // All top folders look like splits, but not all are named so.
  Status DoubtNames(const TopFolders& tops) {
    const std::string names = "the top folders " + ListOf(NamesOf(tops));
    if (tops.size() > kMostSplits) {
      return InvalidArgument(names + " hold images in folders only (" +
                             Example(tops.begin()->second.nested) + "), so they would be " +
                             std::to_string(tops.size()) + " splits, of at most " +
                             std::to_string(kMostSplits) + "; if they are classes, move an image " +
                             "directly into each; " + kExpected);
    }
    found_.warnings.push_back(names +
                              " are taken as splits, as they hold images in folders only; "
                              "splits are mostly named train, val or test");
    return {};
  }

  Status TakeSplits() {
    if (options_.validation_share > 0) {
      return InvalidArgument(
          "a validation share is asked for, but the source has splits of its own (" + Example(0) +
          "); leave the share out");
    }
    std::map<std::string_view, std::vector<Image>> splits;
    for (const Image& image : images_) {
      const std::string_view split = FirstPart(image.rest);
      auto& images = splits[split];
      if (HasFolder(Behind(image.rest))) {
        images.push_back({image.file, Behind(image.rest)});
      } else {
        Reject(image, "it lies directly in the split " + Quoted(split) + ", in no class folder");
      }
    }
    std::vector<Image> all;
    for (const auto& [name, images] : splits) {
      all.insert(all.end(), images.begin(), images.end());
      if (images.empty()) {
        found_.warnings.push_back("the split " + Quoted(name) +
                                  " is left out: it has no class folders");
      }
    }
    RETURN_IF_ERROR(NameClasses(all));
    for (const auto& [name, images] : splits) {
      for (const Image& image : images) Add(name, image);
    }
    return {};
  }

  Status TakeClasses() {
    RETURN_IF_ERROR(NameClasses(images_));
    const double share = options_.validation_share;
    const bool named = share == 0 && IsSplitName(passed_);  // the folder `test` alone, say
    const std::string_view rest = named ? passed_ : "train";
    std::vector<double> seen(found_.classes.size(), 0);  // images of each class
    for (const Image& image : images_) {
      double& i = seen[static_cast<size_t>(LabelOf(image))];
      const bool validate = static_cast<int64_t>((i + 1) * share) > static_cast<int64_t>(i * share);
      Add(validate ? "val" : rest, image);
      ++i;
    }
    std::sort(found_.splits.begin(), found_.splits.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    if (share > 0 && found_.splits.size() < 2) {
      found_.warnings.push_back("with a validation share of " + Format("%g", share) +
                                " the classes are too small to give an image to `val`");
    }
    return {};
  }

  Status NameClasses(const std::vector<Image>& images) {
    std::set<std::string_view> names;
    for (const Image& image : images) names.insert(FirstPart(image.rest));
    if (names.size() > (size_t{1} << 20)) {
      return InvalidArgument("the source has " + std::to_string(names.size()) +
                             " class folders; at most 1,048,576 are taken");
    }
    found_.classes.assign(names.begin(), names.end());
    return {};
  }

  int32_t LabelOf(const Image& image) const {
    const auto& classes = found_.classes;
    return static_cast<int32_t>(
        std::lower_bound(classes.begin(), classes.end(), FirstPart(image.rest)) - classes.begin());
  }

  void Add(std::string_view split, const Image& image) {
    auto at = std::find_if(found_.splits.rbegin(), found_.splits.rend(),
                           [&](const ClassFolders::Split& s) { return s.name == split; });
    if (at == found_.splits.rend()) {
      found_.splits.push_back({std::string(split), {}});
      at = found_.splits.rbegin();
    }
    at->samples.push_back({image.file, LabelOf(image)});
  }

  const std::vector<SourceFile>& files_;
  const ClassFoldersOptions& options_;
  std::vector<Image> images_;
  std::string_view passed_;  // the last folder that was passed through
  ClassFolders found_;
};

}  // namespace

Result<ClassFolders> FindClassFolders(const std::vector<SourceFile>& files,
                                      const ClassFoldersOptions& options) {
  return Finder(files, options).Find();
}

}  // namespace lockstep::storage

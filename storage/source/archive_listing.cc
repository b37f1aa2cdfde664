// SPDX-License-Identifier: Apache-2.0
#include "storage/source/archive_listing.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/format.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {

bool ArchiveListing::Take(const std::string& raw, int64_t bytes, std::string* path) {
  ++entries_;
  JudgedPath judged = JudgePath(raw);
  if (judged.use == JudgedPath::Use::kHidden) {
    ++hidden_;
    return false;
  }
  if (judged.use == JudgedPath::Use::kRejected) {
    rejected_.push_back({std::move(judged.path), std::move(judged.reason)});
    return false;
  }
  if (bytes > SourceFiles::kMostBytes) {
    rejected_.push_back({std::move(judged.path),
                         "it has " + std::to_string(bytes) + " bytes; at most 2^31 - 1 are taken"});
    return false;
  }
  *path = std::move(judged.path);
  return true;
}

void ArchiveListing::Reject(const std::string& raw, const std::string& reason) {
  std::string path;
  if (Take(raw, -1, &path)) rejected_.push_back({std::move(path), reason});
}

void ArchiveListing::Add(ArchiveFile file) {
  file.entry = entries_;
  files_.push_back(std::move(file));
}

Status ArchiveListing::Finish(const std::string& archive) {
  std::sort(files_.begin(), files_.end(), [](const ArchiveFile& a, const ArchiveFile& b) {
    return std::tie(a.path, a.entry) < std::tie(b.path, b.entry);
  });
  std::sort(rejected_.begin(), rejected_.end(), [](const RejectedFile& a, const RejectedFile& b) {
    return std::tie(a.path, a.reason) < std::tie(b.path, b.reason);
  });
  const auto twice = std::adjacent_find(
      files_.begin(), files_.end(),
      [](const ArchiveFile& a, const ArchiveFile& b) { return a.path == b.path; });
  if (twice == files_.end()) return {};
  return InvalidArgument(Quoted(archive) + " holds two files of the name " + Quoted(twice->path) +
                         ": its entries number " + std::to_string(twice->entry) + " and " +
                         std::to_string((twice + 1)->entry) +
                         "; unpack it, keep the one that is meant, and import the folder");
}

}  // namespace lockstep::storage

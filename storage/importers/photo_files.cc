// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/photo_files.h"

#include <algorithm>
#include <utility>

#include "storage/env/files.h"

namespace lockstep::storage {

Result<std::unique_ptr<SourceFiles>> OpenFiles(const ImportSource& source) {
  SourceOptions options;
  options.path = source.path;
  options.spool = source.spool;
  options.stop = source.stop;
  if (source.progress) {
    options.progress = [&source](const SourceProgress& progress) {
      if (progress.bytes_in_all >= 0) {
        source.progress("reading the archive", progress.bytes, progress.bytes_in_all);
      } else {
        source.progress("listing", progress.files, 0);
      }
    };
  }
  return SourceFiles::Open(options);
}

FieldValue PhotoValue(std::string file_bytes) {
  return {Encoding::kJpeg, {}, std::move(file_bytes)};
}

bool LooksLikeClassFolders(const std::string& path) {
  if (!IsDirectory(path)) {
    static constexpr std::string_view kEnds[] = {".tar", ".tar.gz", ".tgz", ".zip"};
    return std::any_of(std::begin(kEnds), std::end(kEnds),
                       [&](std::string_view end) { return path.ends_with(end); });
  }
  const Result<std::vector<std::string>> names = ListDir(path);
  if (!names.ok()) return false;
  return std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    return !name.starts_with(".") && IsDirectory(path + "/" + name);
  });
}

}  // namespace lockstep::storage

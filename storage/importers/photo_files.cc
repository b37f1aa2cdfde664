// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/photo_files.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "base/lower_case.h"
#include "storage/env/files.h"

namespace lockstep::storage {

Result<std::unique_ptr<SourceFiles>> OpenFiles(const ImportSource& source) {
  SourceOptions options;
  options.path = source.path;
  options.spool = source.spool;
  options.common_spool = source.common_spool;
  options.threads = source.threads;
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

std::string ExtensionOf(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : LowerCase(std::string(name.substr(dot)));
}

std::string_view WithoutExtension(std::string_view path) {
  return path.substr(0, path.size() - ExtensionOf(path).size());
}

bool HasPhotoName(std::string_view path) {
  const std::string extension = ExtensionOf(path);
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

bool GoesToVal(int64_t i, double share) {
  const auto n = static_cast<double>(i);
  return static_cast<int64_t>((n + 1) * share) > static_cast<int64_t>(n * share);
}

std::string OtherFilesText(const std::vector<std::string>& paths) {
  if (paths.empty()) return "";
  return std::to_string(paths.size()) +
         (paths.size() == 1 ? " file is left out: it is" : " files are left out: they are") +
         " neither images nor annotations; the first is " + Quoted(paths[0]);
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

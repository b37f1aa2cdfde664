// SPDX-License-Identifier: Apache-2.0
#include "storage/source/source_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/exceptions.h"
#include "base/format.h"
#include "base/lookup_path.h"
#include "base/lower_case.h"
#include "storage/source/folder_source.h"
#include "storage/source/open_file.h"
#include "storage/source/tar_source.h"
#include "storage/source/zip_source.h"

namespace lockstep::storage {
namespace {

constexpr char kExpected[] = "expected a folder, or an archive (.tar, .tar.gz, .tar.zst, .zip)";

Result<std::unique_ptr<SourceFiles>> OpenAny(const SourceOptions& options) {
  const std::string& path = options.path;
  if (path.empty())
    return InvalidArgument(std::string("the path of the source is empty; ") + kExpected);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return NotFound("there is no " + LookupPathText(path) + "; " + kExpected);
    }
    return ErrnoStatus("cannot look at " + Quoted(path), errno);
  }
  if (S_ISDIR(info.st_mode)) return OpenFolder(options);
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument(Quoted(path) + " is no folder and no regular file; " + kExpected);
  }
  ASSIGN_OR_RETURN(OpenFile file, OpenFile::ForReading(path));
  if (file.size() == 0) {
    return DataLoss(Quoted(path) + " is empty; " + kExpected + "; is its download complete?");
  }
  char beginning[4] = {};
  ASSIGN_OR_RETURN(const size_t n, file.ReadSome(0, beginning, sizeof beginning));
  const std::string_view magic(beginning, n);
  const bool zip =
      magic == "PK\x03\x04" || magic == "PK\x05\x06" || LowerCase(path).ends_with(".zip");
  return zip ? OpenZip(std::move(file), options) : OpenTar(std::move(file), options);
}

}  // namespace

Result<std::unique_ptr<SourceFiles>> SourceFiles::Open(const SourceOptions& options) {
  return CatchAll("cannot list " + Quoted(options.path), [&] { return OpenAny(options); });
}

}  // namespace lockstep::storage

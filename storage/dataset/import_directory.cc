// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/import_directory.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/process.h"
#include "storage/dataset/manifest.h"
#include "storage/env/files.h"

namespace lockstep::storage {
namespace {

constexpr char kInfix[] = ".importing-";
constexpr char kOwnerName[] = "importing";

std::string FirstLine(const std::string& path) {
  const Result<std::string> text = ReadRegularFile(path, 1 << 20);
  return text.ok() ? text->substr(0, text->find('\n')) : "";
}

// A pid from a file's name: digits, perhaps too many of them.
int64_t PidOf(const std::string& digits) { return std::strtoll(digits.c_str(), nullptr, 10); }

// "HOST BOOT-ID PID START".
std::string OwnerText(const std::string& pid) {
  return HostName() + " " + BootId() + " " + pid + " " + ProcessStart(PidOf(pid));
}

bool OwnerIsGone(const std::string& directory, const std::string& pid) {
  const std::string owner = FirstLine(directory + "/" + kOwnerName);
  if (owner.empty()) return ProcessStart(PidOf(pid)).empty();  // killed before it signed
  const std::string now = OwnerText(pid);
  if (owner.substr(0, owner.find(' ')) != now.substr(0, now.find(' '))) {
    return false;  // of another machine: who can tell
  }
  return owner != now;
}

std::vector<std::string> ImportsOf(const std::string& out, std::vector<std::string>* pids) {
  std::vector<std::string> found;
  const std::string prefix = BaseNameOf(out) + kInfix;
  const Result<std::vector<std::string>> names = ListDir(ParentOf(out));
  if (!names.ok()) return found;
  for (const std::string& name : *names) {
    if (!name.starts_with(prefix) || !IsImportDirectory(name)) continue;
    pids->push_back(name.substr(prefix.size()));
    found.push_back(ParentOf(out) + "/" + name);
  }
  return found;
}

}  // namespace

bool IsImportDirectory(const std::string& path) {
  const std::string name = BaseNameOf(path);
  const size_t at = name.rfind(kInfix);
  if (at == std::string::npos) return false;
  const std::string pid = name.substr(at + sizeof kInfix - 1);
  return !pid.empty() &&
         std::all_of(pid.begin(), pid.end(), [](char c) { return c >= '0' && c <= '9'; });
}

namespace {

// A dataset's directory is copied, replaced and removed whole: another in it would go with it.
Status CheckInNoDataset(const std::string& out) {
  std::error_code error;
  std::filesystem::path at = std::filesystem::absolute(out, error);
  if (!error) at = std::filesystem::weakly_canonical(at, error);
  if (error) return ErrnoStatus("cannot follow the path '" + out + "'", error.value());
  while (at.has_relative_path()) {
    at = at.parent_path();
    if (!PathExists((at / kManifestName).string())) continue;
    return InvalidArgument("'" + out + "' would lie in the dataset '" + at.string() +
                           "'; choose another place with --out");
  }
  return {};
}

}  // namespace

Status CheckImportTarget(const std::string& out, bool replace) {
  if (out.empty()) return InvalidArgument("the dataset needs a directory (--out)");
  if (IsImportDirectory(out)) {
    return InvalidArgument("'" + out +
                           "' ends like the name of an unfinished import; choose another");
  }
  RETURN_IF_ERROR(CheckInNoDataset(out));
  if (!IsDirectory(ParentOf(out))) {
    return NotFound("cannot make '" + out + "': there is no directory '" + ParentOf(out) + "'");
  }
  if (!PathExists(out)) return {};
  if (!replace) {
    return AlreadyExists("'" + out + "' exists; remove it, choose another name, or say --replace");
  }
  if (!PathExists(out + "/" + kManifestName)) {
    return AlreadyExists("'" + out +
                         "' exists and is not a dataset, so it is not replaced; remove "
                         "it yourself or choose another name");
  }
  return {};
}

Result<ImportDirectory> ImportDirectory::Make(const std::string& out_as_given, bool replace) {
  const std::string out = WithoutTrailingSlash(out_as_given);
  RETURN_IF_ERROR(CheckImportTarget(out, replace));
  std::vector<std::string> pids;
  const std::vector<std::string> imports = ImportsOf(out, &pids);
  for (size_t i = 0; i < imports.size(); ++i) {
    if (OwnerIsGone(imports[i], pids[i])) RETURN_IF_ERROR(RemoveTree(imports[i]));
  }
  const std::string pid = std::to_string(::getpid());
  const std::string path = out + kInfix + pid;
  const Status made = MakeDirectory(path);
  if (made.code() == StatusCode::kAlreadyExists) {
    return AlreadyExists("this process is already importing '" + out + "' ('" + path + "')");
  }
  RETURN_IF_ERROR(made);
  ImportDirectory directory(out, path, replace);
  RETURN_IF_ERROR(WriteFileAtomic(path + "/" + kOwnerName, OwnerText(pid) + "\n"));
  return directory;
}

ImportDirectory::ImportDirectory(std::string out, std::string path, bool replace)
    : out_(std::move(out)), path_(std::move(path)), replace_(replace) {}

ImportDirectory::ImportDirectory(ImportDirectory&& other) noexcept
    : out_(std::move(other.out_)),
      path_(std::exchange(other.path_, "")),
      replace_(other.replace_) {}

ImportDirectory::~ImportDirectory() {
  // What cannot be removed now is removed by the next import; it never opens.
  if (!path_.empty()) (void)RemoveTree(path_);
}

Status ImportDirectory::Publish() {
  RETURN_IF_ERROR(RemoveTree(path_ + "/" + kOwnerName));
  RETURN_IF_ERROR(SyncFolder(path_));
  if (replace_ && PathExists(out_)) {
    RETURN_IF_ERROR(ExchangeNames(path_, out_));
    RETURN_IF_ERROR(SyncFolder(ParentOf(out_)));
    // The old dataset, under the temporary name; left to the next import if it cannot be removed.
    (void)RemoveTree(path_);
    path_.clear();
    return {};
  }
  RETURN_IF_ERROR(RenameToNew(path_, out_));
  path_.clear();
  return SyncFolder(ParentOf(out_));
}

}  // namespace lockstep::storage

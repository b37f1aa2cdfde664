// SPDX-License-Identifier: Apache-2.0
#include "worker/report/run_place.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "storage/checkpoint/generation.h"
#include "storage/dataset/manifest.h"

namespace lockstep::worker {
namespace {

constexpr char kRemedy[] = "; choose another directory with --run";

// Whether generations were claimed there. Folders of that name may be anyone's.
bool HasGenerations(const std::filesystem::path& folder) {
  const auto names = ListDir((folder / "generations").string());
  return names.ok() && std::any_of(names->begin(), names->end(), [](const std::string& name) {
           return storage::ParseGenerationName(name).has_value();
         });
}

// Whether `folder` has what a run leaves: generations, or, without any, its recipe and a result.
bool LooksLikeRun(const std::filesystem::path& folder) {
  const auto has = [&](const char* name) { return FileExists((folder / name).string()); };
  if (HasGenerations(folder)) return true;
  return has("recipe.toml") &&
         (has("digests.csv") || has("summary.json") || has("model.safetensors"));
}

// What does not count: what a start leaves that was killed before its generation was there, and
// what a new file system has by itself.
bool DoesNotCount(const std::string& name) {
  return name == "generations" || name.starts_with("recipe.toml.probe.") || name == "lost+found";
}

bool LooksLikeDataset(const std::filesystem::path& folder) {
  return FileExists((folder / storage::kManifestName).string());
}

// Absolute, links followed as far as there is something to follow.
Result<std::filesystem::path> PlaceOf(const std::string& path) {
  std::error_code error;
  std::filesystem::path place = std::filesystem::absolute(path, error);
  if (!error) place = std::filesystem::weakly_canonical(place, error);
  if (error) return ErrnoStatus("cannot follow the path '" + path + "'", error.value());
  if (!place.has_filename()) place = place.parent_path();  // "runs/a/"
  return place;
}

Status CheckSurroundings(const std::string& path) {
  ASSIGN_OR_RETURN(const std::filesystem::path place, PlaceOf(path));
  if (LooksLikeDataset(place)) {
    return AlreadyExists("'" + path + "' is a dataset, and no run may live in it" + kRemedy);
  }
  for (std::filesystem::path at = place; at.has_relative_path();) {
    at = at.parent_path();
    const bool dataset = LooksLikeDataset(at);
    if (!dataset && !LooksLikeRun(at)) continue;
    return AlreadyExists("'" + path + "' lies in the " + (dataset ? "dataset '" : "run '") +
                         at.string() + "', which has names of its own" + kRemedy);
  }
  return OkStatus();
}

}  // namespace

Result<bool> HoldsRun(const std::string& path) {
  RETURN_IF_ERROR(CheckSurroundings(path));
  if (LooksLikeRun(path)) return true;
  ASSIGN_OR_RETURN(std::vector<std::string> names, ListDir(path));
  names.erase(std::remove_if(names.begin(), names.end(), DoesNotCount), names.end());
  if (names.empty()) return false;
  return AlreadyExists(
      "'" + path + "' is not empty and is not the directory of a run: it has '" + names.front() +
      "'" +
      (names.size() > 1 ? " and " + std::to_string(names.size() - 1) + " more" : std::string()) +
      kRemedy);
}

Status CheckRunPlace(const std::string& path) {
  if (path.empty()) {
    return InvalidArgument(
        "--run is empty; name a directory, or leave --run out for "
        "runs/<the recipe's file name>");
  }
  RETURN_IF_ERROR(CheckSurroundings(path));
  if (!FileExists(path)) return OkStatus();
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    return AlreadyExists("'" + path + "' is there and is no directory" + kRemedy);
  }
  return HoldsRun(path).status();
}

}  // namespace lockstep::worker

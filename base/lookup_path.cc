// SPDX-License-Identifier: Apache-2.0
#include "base/lookup_path.h"

#include <filesystem>

namespace lockstep {

std::string LookupPathText(const std::string& path) {
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  if (path.starts_with('/') || error) return "'" + path + "'";
  return "'" + path + "' (looked up from '" + here.string() + "')";
}

}  // namespace lockstep

// SPDX-License-Identifier: Apache-2.0
#include "base/device/known_specs.h"

#include <map>
#include <string_view>

#include "base/file.h"

namespace lockstep {

// Generated from base/device/specs (base/CMakeLists.txt): name, text.
extern const std::map<std::string, std::string_view> kKnownDeviceSpecTexts;

std::vector<std::string> KnownDeviceSpecs() {
  std::vector<std::string> names;
  for (const auto& [name, text] : kKnownDeviceSpecTexts) names.push_back(name);
  return names;
}

Result<DeviceSpec> FindDeviceSpec(const std::string& file_or_name) {
  Result<std::string> file = ReadFile(file_or_name);
  if (file.ok()) {
    Result<DeviceSpec> spec = DeviceSpec::FromText(*file);
    return spec.ok() ? spec : Result<DeviceSpec>(spec.status().WithContext(file_or_name));
  }
  if (file.status().code() != StatusCode::kNotFound) return file.status();
  std::string name = file_or_name;
  if (name.ends_with(".spec")) name.resize(name.size() - 5);
  const auto known = kKnownDeviceSpecTexts.find(name);
  if (known != kKnownDeviceSpecTexts.end()) return DeviceSpec::FromText(known->second);
  std::string names;
  for (const std::string& other : KnownDeviceSpecs()) {
    names += (names.empty() ? "" : ", ") + other;
  }
  return NotFound("device spec '" + file_or_name + "': there is no such file; known devices are " +
                  names + ", others are written by `lockstep doctor --write-spec FILE`");
}

}  // namespace lockstep

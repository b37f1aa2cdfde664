// SPDX-License-Identifier: Apache-2.0
#include "base/device/device.h"

#include <algorithm>
#include <vector>

namespace lockstep {

std::string_view NameOf(MemoryKind kind) {
  return kind == MemoryKind::kHost ? "host" : kind == MemoryKind::kPinned ? "pinned" : "device";
}

int64_t MemoryUse::ours_in_all() const {
  int64_t sum = 0;
  for (const auto& [what, bytes] : ours) sum += bytes;
  return sum;
}

std::string MemoryUse::OursText() const {
  std::vector<std::pair<int64_t, std::string>> sorted;
  for (const auto& [what, bytes] : ours) sorted.emplace_back(-bytes, what);
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const auto& [negative, what] : sorted) {
    constexpr int64_t kMiB = int64_t{1} << 20;
    const int64_t bytes = -negative;
    text += text.empty() ? "" : ", ";
    text +=
        what + " " +
        (bytes < kMiB ? std::to_string(bytes) + " bytes" : std::to_string(bytes / kMiB) + " MiB");
  }
  return text;
}

}  // namespace lockstep

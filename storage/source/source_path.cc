// SPDX-License-Identifier: Apache-2.0
#include "storage/source/source_path.h"

#include <cstddef>
#include <cstdint>

#include "base/lower_case.h"
#include "base/utf8.h"

namespace lockstep::storage {
namespace {

constexpr size_t kMostBytes = 4095;  // what a system call takes

// U+0000 to U+001F, U+007F to U+009F.
bool IsControl(std::string_view character) {
  const auto first = static_cast<uint8_t>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<uint8_t>(character[1]) < 0xA0;
}

bool HasControl(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (IsControl(text.substr(0, length))) return true;
    text.remove_prefix(length);
  }
  return false;
}

void AppendEscaped(std::string_view bytes, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    *out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
  }
}

JudgedPath Rejected(std::string_view raw, std::string reason) {
  return {JudgedPath::Use::kRejected, PrintableName(raw), std::move(reason)};
}

}  // namespace

std::string PrintableName(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const size_t length = Utf8Length(name);
    const std::string_view next = name.substr(0, length == 0 ? 1 : length);
    if (length == 0 || IsControl(next)) {
      AppendEscaped(next, &out);
    } else {
      out += next;
    }
    name.remove_prefix(next.size());
  }
  return out;
}

bool IsHiddenName(std::string_view name) {
  if (name.starts_with('.') || name == "__MACOSX") return true;
  if (name.size() > 11) return false;
  const std::string lower = LowerCase(std::string(name));
  return lower == "thumbs.db" || lower == "desktop.ini";
}

JudgedPath JudgePath(std::string_view raw) {
  if (raw.starts_with('/')) return Rejected(raw, "the path is absolute");
  JudgedPath judged;
  judged.path.reserve(raw.size());
  bool hidden = false;
  for (std::string_view rest = raw; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(part.size() < rest.size() ? part.size() + 1 : part.size());
    if (part.empty() || part == ".") continue;
    if (part == "..") return Rejected(raw, "the path has '..' in it");
    hidden = hidden || IsHiddenName(part);
    if (!judged.path.empty()) judged.path += '/';
    judged.path += part;
  }
  if (hidden) {
    judged.use = JudgedPath::Use::kHidden;
    return judged;
  }
  if (judged.path.empty()) return Rejected(raw, "it has no name");
  if (!IsUtf8(judged.path)) return Rejected(raw, "the name is not UTF-8; rename it");
  if (HasControl(judged.path)) {
    return Rejected(raw, "the name has a newline or another control character; rename it");
  }
  if (judged.path.size() > kMostBytes) {
    return Rejected(raw.substr(0, 80), "the path has " + std::to_string(judged.path.size()) +
                                           " bytes; at most 4,095 are taken");
  }
  return judged;
}

}  // namespace lockstep::storage

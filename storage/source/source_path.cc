// SPDX-License-Identifier: Apache-2.0
#include "storage/source/source_path.h"

#include <cstddef>
#include <cstdint>

#include "base/lower_case.h"

namespace lockstep::storage {
namespace {

constexpr size_t kMostBytes = 4095;  // what a system call takes

// The length in bytes of the character that `text` begins with; 0 where it is not UTF-8.
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const uint8_t second = byte(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  const bool too_large = first == 0xF4 && second > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

// U+0000 to U+001F, U+007F to U+009F.
bool IsControl(std::string_view character) {
  const auto first = static_cast<uint8_t>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<uint8_t>(character[1]) < 0xA0;
}

bool HasControl(std::string_view text) {
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
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

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string PrintableName(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const size_t length = CharacterLength(name);
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

// SPDX-License-Identifier: Apache-2.0
#include "base/format.h"

#include <cstdarg>
#include <cstdio>

#include "base/check.h"

namespace lockstep {

std::string Format(const char* format, ...) {
  std::va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, arguments);
  va_end(arguments);
  CHECK(length >= 0) << format;
  std::string text(static_cast<size_t>(length), '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  return text;
}

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

std::string SecondsText(Duration d) {
  return Format("%.1f s", std::chrono::duration<double>(d).count());
}

}  // namespace lockstep

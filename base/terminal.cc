// SPDX-License-Identifier: Apache-2.0
#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace lockstep {

void WriteToStderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

bool StderrIsTerminal() {
  const char* const term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return !dumb && ::isatty(STDERR_FILENO) == 1;
}

int StderrColumns(int otherwise) {
  struct winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return otherwise;
  return size.ws_col;
}

std::string EraseLineText(int columns) {
  const char* const no_color = std::getenv("NO_COLOR");
  if (no_color == nullptr || *no_color == '\0') return "\r\x1b[K";
  return "\r" + std::string(static_cast<size_t>(std::max(columns - 1, 0)), ' ') + "\r";
}

}  // namespace lockstep

// SPDX-License-Identifier: Apache-2.0
#include "cluster/console/console.h"

#include <unistd.h>

#include <cstdio>

#include "base/terminal.h"
#include "cluster/console/standard_stream.h"

namespace lockstep::cluster {

Console ProcessConsole() {
  static StandardStream out(STDOUT_FILENO, StandardStream::Flushing::kWhenAsked);
  static StandardStream err(STDERR_FILENO, StandardStream::Flushing::kByLine);
  Console console{out, err};
  console.out_error = out.error();
  console.terminal = console.resizable = StderrIsTerminal();
  return console;
}

int Console::columns_now() const { return resizable ? StderrColumns(columns) : columns; }

std::string CountText(int64_t count) {
  std::string digits = std::to_string(count);
  const int64_t first = count < 0 ? 1 : 0;
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > first; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

std::string CountText(int64_t count, const std::string& unit) {
  return CountText(count) + " " + unit + (count == 1 ? "" : "s");
}

std::string RateText(double images_per_second) {
  return CountText(static_cast<int64_t>(images_per_second + 0.5)) + " img/s";
}

std::string DurationText(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  char text[48];
  if (whole < 60) {
    std::snprintf(text, sizeof(text), "%ds", static_cast<int>(whole));
  } else if (whole < 3600) {
    std::snprintf(text, sizeof(text), "%d:%02d", static_cast<int>(whole / 60),
                  static_cast<int>(whole % 60));
  } else {
    std::snprintf(text, sizeof(text), "%lld:%02d:%02d", static_cast<long long>(whole / 3600),
                  static_cast<int>(whole / 60 % 60), static_cast<int>(whole % 60));
  }
  return text;
}

}  // namespace lockstep::cluster

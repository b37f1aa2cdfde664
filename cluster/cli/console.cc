// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/console.h"

#include <cstdio>
#include <iostream>
#include <streambuf>
#include <string_view>

#include "base/terminal.h"

namespace lockstep::cluster {

namespace {

// Standard error by whole lines, and by whatever else stands there when it is flushed.
class StderrLines : public std::streambuf {
 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    const char byte = traits_type::to_char_type(c);
    return xsputn(&byte, 1) == 1 ? c : traits_type::eof();
  }
  std::streamsize xsputn(const char* bytes, std::streamsize size) override {
    held_.append(bytes, static_cast<size_t>(size));
    WriteUpTo(held_.rfind('\n') + 1);  // 0 where there is none
    return size;
  }
  int sync() override {
    WriteUpTo(held_.size());
    return 0;
  }

 private:
  void WriteUpTo(size_t end) {
    WriteToStderr(std::string_view(held_).substr(0, end));
    held_.erase(0, end);
  }

  std::string held_;
};

}  // namespace

Console ProcessConsole() {
  static StderrLines lines;
  static std::ostream err(&lines);
  Console console{std::cout, err};
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

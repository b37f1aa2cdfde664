// SPDX-License-Identifier: Apache-2.0
// Logging: one line for each event, with time, level and prefix, on standard error and, where
// asked, in a file. For what a person watching or later looking into a run wants to know; errors
// travel as Status and are printed once, at the edge.
//
//   LOG(kInfo) << "epoch " << epoch << ": accuracy " << accuracy;
//
// Thread-safe. Before StartLogging lines of level kInfo and above go to standard error.
#pragma once

#include <sstream>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lockstep {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;  // lines below it are dropped
  bool to_stderr = true;
  std::string file;  // appended to; its folder must exist. Empty: none
};

// Sets where lines go from now on. May be called again; a failure leaves everything as it was.
Status StartLogging(const LogOptions& options);

// Writes what the sinks still hold.
void FlushLogs();

bool LogEnabled(LogLevel level);
void Log(LogLevel level, std::string_view message);

// While it lives, lines of this thread carry "[text]": which rank, lane or loader speaks.
class LogPrefix {
 public:
  explicit LogPrefix(std::string text);
  ~LogPrefix();
  LogPrefix(const LogPrefix&) = delete;
  LogPrefix& operator=(const LogPrefix&) = delete;

 private:
  std::string former_;
};

// Collects one line and writes it when destroyed. Made by the macro only.
class LogLine {
 public:
  explicit LogLine(LogLevel level) : level_(level) {}
  ~LogLine() { Log(level_, stream_.str()); }
  LogLine(const LogLine&) = delete;
  LogLine& operator=(const LogLine&) = delete;

  template <typename T>
  LogLine& operator<<(const T& value) {
    stream_ << value;
    return *this;
  }

 private:
  LogLevel level_;
  std::ostringstream stream_;
};

}  // namespace lockstep

// LOG(kInfo) << ...; what is streamed is evaluated only if the level is logged.
#define LOG(level)                                              \
  switch (0)                                                    \
  case 0:                                                       \
  default:                                                      \
    if (!::lockstep::LogEnabled(::lockstep::LogLevel::level)) { \
    } else /* NOLINT */                                         \
      ::lockstep::LogLine(::lockstep::LogLevel::level)

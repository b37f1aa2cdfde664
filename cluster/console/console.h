// SPDX-License-Identifier: Apache-2.0
// Where a command writes: results to `out`, progress and messages to `err`; whether a person is
// watching, and has asked it to stop. Tests make one from string streams.
#pragma once

#include <atomic>
#include <ostream>
#include <string>

#include "base/clock.h"

namespace lockstep::cluster {

struct Console {
  std::ostream& out;
  std::ostream& err;
  bool terminal = false;   // `err` is a terminal: a progress bar may be redrawn in place
  int columns = 80;        // of that terminal, where it does not tell
  bool resizable = false;  // ask it anew before each drawing: its window may have changed
  int columns_now() const;
  const Clock* clock = &Clock::Real();
  // Set when whoever is there wishes the command to end (cluster/launch/stop_signals.h); null:
  // nobody can.
  const std::atomic<bool>* stop = nullptr;
  const int* out_error = nullptr;  // error number of the first failed write to `out`; 0: none
};

// stdout and stderr of this process. Each line to `err` is written at once (base/terminal.h).
Console ProcessConsole();

std::string CountText(int64_t count);                           // "60,000"
std::string CountText(int64_t count, const std::string& unit);  // "1 step", "60,000 steps"
std::string DurationText(double seconds);                       // "8s", "2:13", "1:02:03"
std::string RateText(double images_per_second);                 // "8,120 img/s"

}  // namespace lockstep::cluster

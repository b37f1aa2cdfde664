// SPDX-License-Identifier: Apache-2.0
// Progress of a long command. On a terminal one line that is redrawn in place at most ten times a
// second, as wide as the terminal is then (cluster/cli/progress_line.h); elsewhere a plain line at
// most every ten seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "cluster/cli/progress_line.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

class Progress {
 public:
  // `console` outlives it. `total` may be 0 (not known: no bar and no time left).
  Progress(Console* console, std::string label, std::string unit);
  // Removes an unfinished bar, so that an error message starts on a clean line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Any thread, any number of times; only some calls draw. A smaller `done` than before is ignored.
  // The time left is told from the second call on, from what was done since the first.
  void Update(int64_t done, int64_t total, const std::string& note = "");
  // Draws a line that the caller made, with its time left. A smaller `done` than before is ignored
  // while the label stays.
  void Show(const ProgressLine& line);
  // A line of its own on `err`, above the bar.
  void PrintLine(const std::string& line);
  // Ends the progress with "label: text".
  void Finish(const std::string& text);

 private:
  void ShowLocked(const ProgressLine& line, TimePoint now) REQUIRES(mutex_);
  void Draw(TimePoint now) REQUIRES(mutex_);
  void Erase() REQUIRES(mutex_);

  Console* const console_;
  const std::string label_, unit_;

  Mutex mutex_;
  ProgressLine line_ GUARDED_BY(mutex_);
  std::optional<TimePoint> first_update_ GUARDED_BY(mutex_);
  int64_t first_done_ GUARDED_BY(mutex_) = 0;
  TimePoint last_drawn_ GUARDED_BY(mutex_);
  bool bar_shown_ GUARDED_BY(mutex_) = false;
};

}  // namespace lockstep::cluster

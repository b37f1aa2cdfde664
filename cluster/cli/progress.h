// SPDX-License-Identifier: Apache-2.0
// Progress of a long command. On a terminal one line that is redrawn in place at most ten times a
// second; elsewhere a plain line at most every ten seconds.
//
//   train [=========>           ]  45%  3,376/7,504 steps  1:08 left  loss 0.412
#pragma once

#include <cstdint>
#include <string>

#include "base/mutex.h"
#include "cluster/cli/console.h"

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
  void Update(int64_t done, int64_t total, const std::string& note = "");
  // A line of its own on `err`, above the bar.
  void PrintLine(const std::string& line);
  // Ends the progress with "label: text".
  void Finish(const std::string& text);

 private:
  std::string Text(TimePoint now) const REQUIRES(mutex_);
  void Draw(TimePoint now) REQUIRES(mutex_);
  void Erase() REQUIRES(mutex_);

  Console* const console_;
  const std::string label_;
  const std::string unit_;
  const TimePoint start_;

  Mutex mutex_;
  int64_t done_ GUARDED_BY(mutex_) = 0;
  int64_t total_ GUARDED_BY(mutex_) = 0;
  std::string note_ GUARDED_BY(mutex_);
  TimePoint last_drawn_ GUARDED_BY(mutex_);
  bool bar_shown_ GUARDED_BY(mutex_) = false;
};

}  // namespace lockstep::cluster

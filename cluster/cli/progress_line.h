// SPDX-License-Identifier: Apache-2.0
// The line that shows a progress, laid out for a terminal of any width.
//
//   train  [=========>         ]  45%  3,376/7,504 steps  1:08 left  epoch 3/5  lr 0.01
//   train 45% 1:08 left epoch 3/5 lr 0.01
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::cluster {

struct ProgressNote {
  std::string text;
  bool needed = false;  // stays in a narrow line longer than anything but the percentage
};

struct ProgressLine {
  std::string label;
  int64_t done = 0, total = 0;  // total 0: not known, so no bar and no percentage
  std::string unit;
  double seconds_left = -1;         // negative: not known
  std::vector<ProgressNote> notes;  // the more important first
};

// The text of at most `columns` characters: where room is short the bar becomes shorter first, then
// whole parts go, the least important first. With `columns` 0 it has everything but the bar, as a
// line of a log.
std::string ProgressLineText(const ProgressLine& line, int columns);

}  // namespace lockstep::cluster

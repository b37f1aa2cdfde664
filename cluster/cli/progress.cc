// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/progress.h"

#include <algorithm>
#include <chrono>

#include "base/terminal.h"

namespace lockstep::cluster {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRedrawEvery = 100ms;
constexpr Duration kLineEvery = 10s;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Progress::Progress(Console* console, std::string label, std::string unit)
    : console_(console),
      label_(std::move(label)),
      unit_(std::move(unit)),
      last_drawn_(console->clock->Now()) {}

Progress::~Progress() {
  MutexLock lock(&mutex_);
  Erase();
}

void Progress::Update(int64_t done, int64_t total, const std::string& note) {
  MutexLock lock(&mutex_);
  const TimePoint now = console_->clock->Now();
  if (!first_update_) {
    first_update_ = now;
    first_done_ = done;
  }
  ProgressLine line{label_, done, total, unit_, -1, {}};
  if (!note.empty()) line.notes.push_back({note});
  if (total > 0 && done > first_done_) {
    line.seconds_left = Seconds(now - *first_update_) *
                        static_cast<double>(std::max<int64_t>(total - done, 0)) /
                        static_cast<double>(done - first_done_);
  }
  ShowLocked(line, now);
}

void Progress::Show(const ProgressLine& line) {
  MutexLock lock(&mutex_);
  ShowLocked(line, console_->clock->Now());
}

void Progress::ShowLocked(const ProgressLine& line, TimePoint now) {
  const bool other = line.label != line_.label;
  if (!other && line.done < line_.done) return;
  // A log hears of another phase once it has lasted.
  if (other && line.label != label_ && !console_->terminal) last_drawn_ = now;
  line_ = line;
  if (line_.total > 0) line_.done = std::min(line_.done, line_.total);
  const bool due = now - last_drawn_ >= (console_->terminal ? kRedrawEvery : kLineEvery);
  if (due || (console_->terminal && (other || !bar_shown_))) Draw(now);
}

void Progress::PrintLine(const std::string& line) {
  MutexLock lock(&mutex_);
  const bool redraw = bar_shown_;
  Erase();
  console_->err << line << std::endl;
  if (redraw) Draw(console_->clock->Now());
}

void Progress::Finish(const std::string& text) {
  MutexLock lock(&mutex_);
  Erase();
  console_->err << label_ << ": " << text << std::endl;
}

void Progress::Draw(TimePoint now) {
  last_drawn_ = now;
  if (!console_->terminal) {
    console_->err << ProgressLineText(line_, 0) << std::endl;
    return;
  }
  // One column short of the edge: a full line would wrap and could not be redrawn.
  const int columns = std::max(console_->columns_now(), 2);
  console_->err << EraseLineText(columns) << ProgressLineText(line_, columns - 1) << std::flush;
  bar_shown_ = true;
}

void Progress::Erase() {
  if (bar_shown_) console_->err << EraseLineText(console_->columns_now()) << std::flush;
  bar_shown_ = false;
}

}  // namespace lockstep::cluster

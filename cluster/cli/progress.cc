// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/progress.h"

#include <algorithm>
#include <chrono>

namespace lockstep::cluster {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRedrawEvery = 100ms;
constexpr Duration kLineEvery = 10s;
constexpr int64_t kMostBarCells = 24;
constexpr int64_t kFewestBarCells = 10;
constexpr int64_t kTextColumns = 70;  // what usually stands beside the bar

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string Bar(int64_t done, int64_t total, int columns) {
  const auto width =
      static_cast<size_t>(std::clamp(columns - kTextColumns, kFewestBarCells, kMostBarCells));
  std::string cells(static_cast<size_t>(static_cast<double>(width) * static_cast<double>(done) /
                                        static_cast<double>(total)),
                    '=');
  if (cells.size() < width) cells += '>';
  cells.resize(width, ' ');
  return "[" + cells + "]";
}

std::string Percent(int64_t done, int64_t total) {
  const std::string number = std::to_string(100 * done / total) + "%";
  return std::string(number.size() < 4 ? 4 - number.size() : 0, ' ') + number;
}

}  // namespace

Progress::Progress(Console* console, std::string label, std::string unit)
    : console_(console),
      label_(std::move(label)),
      unit_(std::move(unit)),
      start_(console->clock->Now()),
      last_drawn_(start_) {}

Progress::~Progress() {
  MutexLock lock(&mutex_);
  Erase();
}

void Progress::Update(int64_t done, int64_t total, const std::string& note) {
  MutexLock lock(&mutex_);
  if (done < done_) return;
  done_ = std::min(done, total > 0 ? total : done);
  total_ = total;
  note_ = note;
  const TimePoint now = console_->clock->Now();
  const bool due = now - last_drawn_ >= (console_->terminal ? kRedrawEvery : kLineEvery);
  if (due || (console_->terminal && !bar_shown_)) Draw(now);
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

std::string Progress::Text(TimePoint now) const {
  std::string text = label_;
  if (total_ > 0 && console_->terminal) text += " " + Bar(done_, total_, console_->columns);
  if (total_ > 0) text += " " + Percent(done_, total_);
  text += "  " + CountText(done_) + (total_ > 0 ? "/" + CountText(total_) : "") + " " + unit_;
  if (total_ > 0 && done_ > 0) {
    const double left =
        Seconds(now - start_) * static_cast<double>(total_ - done_) / static_cast<double>(done_);
    text += "  " + DurationText(left) + " left";
  }
  if (!note_.empty()) text += "  " + note_;
  return text;
}

void Progress::Draw(TimePoint now) {
  std::string text = Text(now);
  last_drawn_ = now;
  if (!console_->terminal) {
    console_->err << text << std::endl;
    return;
  }
  // One column short of the edge: a full line would wrap and could not be redrawn.
  text.resize(std::min(text.size(), static_cast<size_t>(std::max(console_->columns - 1, 1))));
  console_->err << "\r\x1b[K" << text << std::flush;
  bar_shown_ = true;
}

void Progress::Erase() {
  if (bar_shown_) console_->err << "\r\x1b[K" << std::flush;
  bar_shown_ = false;
}

}  // namespace lockstep::cluster

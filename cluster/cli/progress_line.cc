// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/progress_line.h"

#include <algorithm>

#include "cluster/console/console.h"

namespace lockstep::cluster {
namespace {

constexpr int kNarrow = 60;  // columns below which parts stand one space apart
constexpr size_t kMostBarCells = 24;
constexpr size_t kFewestBarCells = 10;

// Smaller: goes earlier.
enum Importance { kBar, kOtherNote, kCount, kLabel, kTimeLeft, kNeededNote, kPercent };

struct Part {
  std::string text;
  int importance = kPercent;
};

std::string Percent(int64_t done, int64_t total) {
  const std::string number = std::to_string(100 * done / total) + "%";
  return std::string(number.size() < 3 ? 3 - number.size() : 0, ' ') + number;
}

std::string Bar(int64_t done, int64_t total, size_t width) {
  std::string cells(static_cast<size_t>(static_cast<double>(width) * static_cast<double>(done) /
                                        static_cast<double>(total)),
                    '=');
  if (cells.size() < width) cells += '>';
  cells.resize(width, ' ');
  return "[" + cells + "]";
}

std::vector<Part> PartsOf(const ProgressLine& line) {
  std::vector<Part> parts = {{line.label, kLabel}};
  const bool known = line.total > 0;
  if (known) parts.push_back({Percent(line.done, line.total), kPercent});
  parts.push_back(
      {CountText(line.done) + (known ? "/" + CountText(line.total) : "") + " " + line.unit,
       known ? kCount : kPercent});
  if (line.seconds_left >= 0) {
    parts.push_back({DurationText(line.seconds_left) + " left", kTimeLeft});
  }
  for (const ProgressNote& note : line.notes) {
    parts.push_back({note.text, note.needed ? kNeededNote : kOtherNote});
  }
  return parts;
}

std::string Join(const std::vector<Part>& parts, const std::string& between) {
  std::string text;
  for (const Part& part : parts) text += (text.empty() ? "" : between) + part.text;
  return text;
}

}  // namespace

std::string ProgressLineText(const ProgressLine& line, int columns) {
  std::vector<Part> parts = PartsOf(line);
  if (columns <= 0) return Join(parts, "  ");
  const auto width = static_cast<size_t>(columns);
  const std::string between = columns < kNarrow ? " " : "  ";
  while (parts.size() > 1 && Join(parts, between).size() > width) {
    // The last of the least important.
    const auto least =
        std::min_element(parts.rbegin(), parts.rend(),
                         [](const Part& a, const Part& b) { return a.importance < b.importance; });
    parts.erase(std::next(least).base());
  }
  const size_t taken = Join(parts, between).size();
  const size_t around = between.size() + 2;  // the bar's brackets
  const bool labelled = parts.front().importance == kLabel;
  if (line.total > 0 && labelled && taken + around + kFewestBarCells <= width) {
    const size_t cells = std::min(width - taken - around, kMostBarCells);
    parts.insert(parts.begin() + 1, {Bar(line.done, line.total, cells), kBar});
  }
  std::string text = Join(parts, between);
  text.resize(std::min(text.size(), width));
  return text;
}

}  // namespace lockstep::cluster

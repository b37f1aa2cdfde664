// SPDX-License-Identifier: Apache-2.0
#include "cluster/draw/contact_sheet.h"

#include "base/check.h"
#include "cluster/draw/font.h"

namespace lockstep::cluster {
namespace {

constexpr int64_t kGap = 4;  // between pictures and round cells
constexpr int64_t kLineHeight = kGlyphHeight + 2;
constexpr Colour kPaper = {32, 32, 36};
constexpr Colour kInk = {220, 220, 220};

}  // namespace

ContactSheet::Grid::Grid(int64_t cells, int64_t pictures, int64_t side, int64_t lines)
    : pictures(pictures), side(side), lines(lines) {
  CHECK(cells >= 1 && pictures >= 1 && side >= 1 && lines >= 1);
  do {
    ++columns;
    rows = (cells + columns - 1) / columns;
  } while (columns < cells && 4 * columns * cell_width() < 3 * rows * cell_height());
}

int64_t ContactSheet::Grid::cell_height() const { return side + lines * kLineHeight + 2 * kGap; }
int64_t ContactSheet::Grid::cell_width() const { return pictures * (side + kGap) + kGap; }

ContactSheet::ContactSheet(int64_t cells, int64_t pictures, int64_t side, int64_t lines)
    : grid_(cells, pictures, side, lines),
      canvas_(grid_.rows * grid_.cell_height() + kGap, grid_.columns * grid_.cell_width() + kGap,
              kPaper) {}

void ContactSheet::Add(std::span<const Canvas> pictures, std::span<const std::string> lines) {
  CHECK_LT(filled_, grid_.columns * grid_.rows);
  const int64_t top = kGap + filled_ / grid_.columns * grid_.cell_height();
  const int64_t left = kGap + filled_ % grid_.columns * grid_.cell_width();
  ++filled_;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const Canvas& picture = pictures[i];
    canvas_.Draw(
        top + (grid_.side - picture.height()) / 2,
        left + static_cast<int64_t>(i) * (grid_.side + kGap) + (grid_.side - picture.width()) / 2,
        picture);
  }
  const int64_t letters = (grid_.cell_width() - kGap) / kGlyphAdvance;
  for (size_t i = 0; i < lines.size(); ++i) {
    canvas_.Text(top + grid_.side + kGap + static_cast<int64_t>(i) * kLineHeight, left,
                 Shortened(PrintableText(lines[i]), letters), kInk);
  }
}

}  // namespace lockstep::cluster

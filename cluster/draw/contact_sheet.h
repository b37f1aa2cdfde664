// SPDX-License-Identifier: Apache-2.0
// ContactSheet: many pictures on one, in a grid, each with lines of text below it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "cluster/draw/canvas.h"

namespace lockstep::cluster {

class ContactSheet {
 public:
  // Room for `cells` cells, each with so many pictures side by side, of at most side x side, and so
  // many lines of text. Each at least 1. The sheet is about as high as it is wide.
  ContactSheet(int64_t cells, int64_t pictures, int64_t side, int64_t lines);

  // Fills the next cell, from left to right and from top to bottom. Lines are shortened to fit.
  void Add(std::span<const Canvas> pictures, std::span<const std::string> lines);

  const Canvas& canvas() const { return canvas_; }

 private:
  struct Grid {
    int64_t pictures, side, lines;
    int64_t columns = 0, rows = 0;

    Grid(int64_t cells, int64_t pictures, int64_t side, int64_t lines);
    int64_t cell_height() const;
    int64_t cell_width() const;
  };

  Grid grid_;
  Canvas canvas_;
  int64_t filled_ = 0;
};

}  // namespace lockstep::cluster

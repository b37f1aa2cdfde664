// SPDX-License-Identifier: Apache-2.0
// Chart: lines or stacked bars over a few categories, as SVG (a text that any browser shows) and as
// PNG. Light background, axes with units, a legend.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/draw/canvas.h"

namespace lockstep::cluster {

struct ChartValue {
  size_t category = 0;
  double value = 0.0;
  // The ends of a vertical bar that shows the spread; equal: none is drawn.
  double low = 0.0, high = 0.0;
};

struct ChartSeries {
  std::string name;
  Colour colour;
  bool dashed = false;             // a line of dashes with hollow marks: a prediction
  std::vector<ChartValue> values;  // by increasing category
  bool over_bars = false;          // of a stacked chart: marks over the bars, no part of them
};

struct Chart {
  std::string title, x_label, y_label;  // labels say the unit
  std::vector<std::string> categories;  // at least one
  std::vector<ChartSeries> series;
  bool stacked = false;   // bars, each series on the one before it; else lines
  double at_least = 0.0;  // what the y axis reaches in any case; it begins at 0
};

// Eight colours that people of every kind of sight tell apart (Okabe and Ito, 2008).
Colour ChartColour(size_t index);

std::string ChartSvg(const Chart& chart);
Result<std::string> ChartPng(const Chart& chart);

// The marks of an axis from 0 to at least `most`: 5 to 10 of them, at 1, 2 or 5 times a power of
// ten. 0 and what is no number count as 1.
std::vector<double> AxisMarks(double most);

}  // namespace lockstep::cluster

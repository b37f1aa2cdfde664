// SPDX-License-Identifier: Apache-2.0
// A chart is laid out once, in units of one pixel of the PNG, and drawn by a pen: one writes SVG,
// one draws on a canvas.
#include "cluster/draw/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "base/format.h"
#include "cluster/draw/font.h"

namespace lockstep::cluster {
namespace {

constexpr int kWidth = 940, kHeight = 520;
constexpr int kLeft = 110, kRight = 290, kTop = 60, kBottom = 80;  // margins
constexpr int kPlotWidth = kWidth - kLeft - kRight, kPlotHeight = kHeight - kTop - kBottom;
constexpr int kBeside = 8;  // pixels between the marks of two lines in one category
constexpr int kLetter = 2;  // pixels of the canvas for one of the font
constexpr Colour kGrid = {225, 225, 225}, kInk = {40, 40, 40};

enum class Anchor { kStart, kMiddle, kEnd };

class Pen {
 public:
  virtual ~Pen() = default;
  virtual void Line(double x0, double y0, double x1, double y1, Colour colour, int width,
                    bool dashed) = 0;
  virtual void Box(double x, double y, double width, double height, Colour colour) = 0;
  virtual void Mark(double x, double y, Colour colour, bool hollow) = 0;
  // The middle of the letters' height is at y.
  virtual void Text(double x, double y, const std::string& text, Anchor anchor) = 0;
  virtual void TextUpwards(double x, double y, const std::string& text) = 0;  // centred at y
};

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Rgb(Colour c) { return Format("#%02x%02x%02x", c.red, c.green, c.blue); }

class SvgPen : public Pen {
 public:
  SvgPen() {
    text_ = Format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d "
        "%d\" font-family=\"sans-serif\" font-size=\"15\">\n"
        "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
        kWidth, kHeight, kWidth, kHeight, kWidth, kHeight);
  }
  std::string Done() { return text_ + "</svg>\n"; }

  void Line(double x0, double y0, double x1, double y1, Colour colour, int width,
            bool dashed) override {
    text_ += Format(
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
        "stroke-width=\"%d\"%s/>"
        "\n",
        x0, y0, x1, y1, Rgb(colour).c_str(), width, dashed ? " stroke-dasharray=\"7 5\"" : "");
  }
  void Box(double x, double y, double width, double height, Colour colour) override {
    text_ += Format("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x,
                    y, width, height, Rgb(colour).c_str());
  }
  void Mark(double x, double y, Colour colour, bool hollow) override {
    text_ += Format(
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\" stroke=\"%s\" stroke-width=\"2\"/>\n",
        x, y, hollow ? "#ffffff" : Rgb(colour).c_str(), Rgb(colour).c_str());
  }
  void Text(double x, double y, const std::string& text, Anchor anchor) override {
    const char* const anchors[] = {"start", "middle", "end"};
    text_ += Format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">", x, y + 5,
                    anchors[static_cast<int>(anchor)], Rgb(kInk).c_str()) +
             Escaped(text) + "</text>\n";
  }
  void TextUpwards(double x, double y, const std::string& text) override {
    text_ += Format(
                 "<text transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"middle\" "
                 "fill=\"%s\">",
                 x + 5, y, Rgb(kInk).c_str()) +
             Escaped(text) + "</text>\n";
  }

 private:
  std::string text_;
};

class CanvasPen : public Pen {
 public:
  CanvasPen() : canvas_(kHeight, kWidth, kWhite) {}
  Result<std::string> Done() const { return canvas_.Png(); }

  void Line(double x0, double y0, double x1, double y1, Colour colour, int width,
            bool dashed) override {
    const double length = std::max(1.0, std::hypot(x1 - x0, y1 - y0));
    for (double at = 0; at <= length; at += 0.5) {
      if (dashed && std::fmod(at, 12.0) > 7.0) continue;
      const double part = at / length;
      Dab(x0 + part * (x1 - x0), y0 + part * (y1 - y0), width, colour);
    }
  }
  void Box(double x, double y, double width, double height, Colour colour) override {
    const auto top = std::lround(y), left = std::lround(x);
    canvas_.Fill({.top = top,
                  .left = left,
                  .height = std::lround(y + height) - top,
                  .width = std::lround(x + width) - left},
                 colour);
  }
  void Mark(double x, double y, Colour colour, bool hollow) override {
    for (int dy = -5; dy <= 5; ++dy) {
      for (int dx = -5; dx <= 5; ++dx) {
        const int square = dx * dx + dy * dy;
        if (square > 30) continue;
        canvas_.Set(std::lround(y) + dy, std::lround(x) + dx,
                    hollow && square < 12 ? kWhite : colour);
      }
    }
  }
  void Text(double x, double y, const std::string& text, Anchor anchor) override {
    const std::string letters = PrintableText(text);
    const double width = static_cast<double>(letters.size()) * kGlyphAdvance * kLetter;
    if (anchor == Anchor::kMiddle) x -= width / 2;
    if (anchor == Anchor::kEnd) x -= width;
    Letters(letters, [&](int64_t along, int64_t down) {
      Dot(std::lround(x) + along, std::lround(y) - kGlyphHeight * kLetter / 2 + down);
    });
  }
  void TextUpwards(double x, double y, const std::string& text) override {
    const std::string letters = PrintableText(text);
    const double width = static_cast<double>(letters.size()) * kGlyphAdvance * kLetter;
    Letters(letters, [&](int64_t along, int64_t down) {
      Dot(std::lround(x) - kGlyphHeight * kLetter / 2 + down,
          std::lround(y + width / 2) - along - kLetter);
    });
  }

 private:
  void Dab(double x, double y, int width, Colour colour) {
    const auto left = std::lround(x - width / 2.0), top = std::lround(y - width / 2.0);
    canvas_.Fill({.top = top, .left = left, .height = width, .width = width}, colour);
  }
  void Dot(int64_t x, int64_t y) {
    canvas_.Fill({.top = y, .left = x, .height = kLetter, .width = kLetter}, kInk);
  }
  // Calls ink(pixels along the line, pixels down) for each piece of ink.
  template <typename Ink>
  void Letters(const std::string& letters, const Ink& ink) {
    for (size_t i = 0; i < letters.size(); ++i) {
      for (int64_t row = 0; row < kGlyphHeight; ++row) {
        for (int64_t column = 0; column < kGlyphWidth; ++column) {
          if (!GlyphInk(letters[i], row, column)) continue;
          ink((static_cast<int64_t>(i) * kGlyphAdvance + column) * kLetter, row * kLetter);
        }
      }
    }
  }

  Canvas canvas_;
};

// Where values lie.
class Layout {
 public:
  explicit Layout(const Chart& chart) : chart_(chart), marks_(AxisMarks(MostOf(chart))) {}

  double X(size_t category) const {
    return kLeft + kPlotWidth * (static_cast<double>(category) + 0.5) /
                       static_cast<double>(chart_.categories.size());
  }
  // Of a line: its marks stand beside those of the others, so that no spread hides another.
  double X(size_t category, size_t series) const {
    const double middle = (static_cast<double>(chart_.series.size()) - 1) / 2;
    return X(category) + kBeside * (static_cast<double>(series) - middle);
  }
  double Y(double value) const { return kTop + kPlotHeight * (1.0 - value / marks_.back()); }
  double bar_width() const {
    return 0.6 * kPlotWidth / static_cast<double>(chart_.categories.size());
  }
  const std::vector<double>& marks() const { return marks_; }

 private:
  static double MostOf(const Chart& chart) {
    double most = chart.at_least;
    std::vector<double> sums(chart.categories.size(), 0.0);
    for (const ChartSeries& series : chart.series) {
      for (const ChartValue& v : series.values) {
        const double below = chart.stacked && !series.over_bars ? sums[v.category] : 0.0;
        if (!series.over_bars) sums[v.category] += v.value;
        most = std::max({most, below + v.value, below + v.high});
      }
    }
    return most;
  }

  const Chart& chart_;
  const std::vector<double> marks_;
};

std::string MarkText(double value) { return Format("%g", value); }

void DrawAxes(const Chart& chart, const Layout& layout, Pen* pen) {
  pen->Text(kLeft, kTop / 2.0, chart.title, Anchor::kStart);
  for (const double mark : layout.marks()) {
    pen->Line(kLeft, layout.Y(mark), kLeft + kPlotWidth, layout.Y(mark), kGrid, 1, false);
    pen->Text(kLeft - 10, layout.Y(mark), MarkText(mark), Anchor::kEnd);
  }
  pen->Line(kLeft, kTop, kLeft, kTop + kPlotHeight, kInk, 2, false);
  pen->Line(kLeft, kTop + kPlotHeight, kLeft + kPlotWidth, kTop + kPlotHeight, kInk, 2, false);
  for (size_t c = 0; c < chart.categories.size(); ++c) {
    pen->Text(layout.X(c), kTop + kPlotHeight + 20, chart.categories[c], Anchor::kMiddle);
  }
  pen->Text(kLeft + kPlotWidth / 2.0, kHeight - 25, chart.x_label, Anchor::kMiddle);
  pen->TextUpwards(22, kTop + kPlotHeight / 2.0, chart.y_label);
}

// The spread of a value that stands on `below`.
void DrawSpread(const Layout& layout, double x, double below, const ChartValue& v, Colour colour,
                Pen* pen) {
  if (v.low >= v.high) return;
  pen->Line(x, layout.Y(below + v.low), x, layout.Y(below + v.high), colour, 2, false);
}

void DrawLines(const Chart& chart, const Layout& layout, Pen* pen) {
  for (size_t s = 0; s < chart.series.size(); ++s) {
    const ChartSeries& series = chart.series[s];
    for (size_t i = 1; i < series.values.size(); ++i) {
      const ChartValue &from = series.values[i - 1], &to = series.values[i];
      pen->Line(layout.X(from.category, s), layout.Y(from.value), layout.X(to.category, s),
                layout.Y(to.value), series.colour, 2, series.dashed);
    }
    for (const ChartValue& v : series.values) {
      const double x = layout.X(v.category, s);
      DrawSpread(layout, x, 0.0, v, series.colour, pen);
      pen->Mark(x, layout.Y(v.value), series.colour, series.dashed);
    }
  }
}

void DrawBars(const Chart& chart, const Layout& layout, Pen* pen) {
  std::vector<double> sums(chart.categories.size(), 0.0);
  const double width = layout.bar_width();
  for (const ChartSeries& series : chart.series) {
    if (series.over_bars) continue;
    for (const ChartValue& v : series.values) {
      const double bottom = layout.Y(sums[v.category]);
      sums[v.category] += v.value;
      const double top = layout.Y(sums[v.category]);
      pen->Box(layout.X(v.category) - width / 2, top, width, bottom - top, series.colour);
    }
  }
}

// Over the bars, each beside the one before.
void DrawSpreadsOfBars(const Chart& chart, const Layout& layout, Pen* pen) {
  std::vector<double> sums(chart.categories.size(), 0.0);
  for (size_t s = 0; s < chart.series.size(); ++s) {
    const ChartSeries& series = chart.series[s];
    for (const ChartValue& v : series.values) {
      const double x = layout.X(v.category, s);
      if (series.over_bars) {
        DrawSpread(layout, x, 0.0, v, series.colour, pen);
        pen->Mark(x, layout.Y(v.value), series.colour, series.dashed);
      } else {
        DrawSpread(layout, x, sums[v.category], v, kInk, pen);
        sums[v.category] += v.value;
      }
    }
  }
}

void DrawLegend(const Chart& chart, Pen* pen) {
  const double left = kLeft + kPlotWidth + 20;
  for (size_t i = 0; i < chart.series.size(); ++i) {
    const ChartSeries& series = chart.series[i];
    const double y = kTop + 14 + 28.0 * static_cast<double>(i);
    if (chart.stacked && !series.over_bars) {
      pen->Box(left, y - 7, 24, 14, series.colour);
    } else {
      pen->Line(left, y, left + 24, y, series.colour, 2, series.dashed);
      pen->Mark(left + 12, y, series.colour, series.dashed);
    }
    pen->Text(left + 34, y, series.name, Anchor::kStart);
  }
}

void Draw(const Chart& chart, Pen* pen) {
  const Layout layout(chart);
  DrawAxes(chart, layout, pen);
  if (chart.stacked) {
    DrawBars(chart, layout, pen);
    DrawSpreadsOfBars(chart, layout, pen);
  } else {
    DrawLines(chart, layout, pen);
  }
  DrawLegend(chart, pen);
}

}  // namespace

Colour ChartColour(size_t index) {
  static constexpr std::array<Colour, 8> kColours = {{{0, 114, 178},
                                                      {213, 94, 0},
                                                      {0, 158, 115},
                                                      {204, 121, 167},
                                                      {230, 159, 0},
                                                      {86, 180, 233},
                                                      {90, 90, 90},
                                                      {0, 0, 0}}};
  return kColours[index % kColours.size()];
}

std::vector<double> AxisMarks(double most) {
  if (!(most > 0) || !std::isfinite(most)) most = 1.0;
  double step = std::pow(10.0, std::floor(std::log10(most)) - 1);
  constexpr int kMost = 10;
  for (const double factor : {2.0, 2.5, 2.0, 2.0, 2.5, 2.0}) {  // 1, 2, 5, 10, 20, 50, 100
    if (most / step <= kMost) break;
    step *= factor;
  }
  const auto marks = static_cast<int>(std::ceil(most / step - 1e-9));
  std::vector<double> all;
  for (int i = 0; i <= std::max(1, marks); ++i) all.push_back(i * step);
  return all;
}

std::string ChartSvg(const Chart& chart) {
  SvgPen pen;
  Draw(chart, &pen);
  return pen.Done();
}

Result<std::string> ChartPng(const Chart& chart) {
  CanvasPen pen;
  Draw(chart, &pen);
  return pen.Done();
}

}  // namespace lockstep::cluster

// SPDX-License-Identifier: Apache-2.0
// The plan. A transformed tile has 16 points, and each point is a matrix product of its own, so the
// work is: transform inputs, multiply 16 times, transform outputs.
//
// The products (winograd_product.h) take their right operand in panels of 64 columns, and the
// transforms (winograd_transforms.h) write it so.
//
// Forward and data gradient (`WinogradConvolve`). The windows are transformed once, into
// windows[panel][point][channel][64 columns]. Each thread takes a share of the tiles, 64 at a time:
// it transforms their inputs into input[point][tile][channel], and then, panel by panel, multiplies
// all 16 points and transforms the outputs while they are still in cache. No two threads write the
// same pixel.
//
// Weight gradient (`WinogradWeightGrad`). Here the sums run over tiles, so threads share out the
// sums and not the tiles: a worker has some of the four rows of points and some panels of columns.
// Every worker walks over all tiles, 96 at a time, and adds to its sums; at the end the sums become
// windows.
//
// Both orders of summation are fixed by the shapes, so the number of threads changes no bit.
#include "ops/nn/conv2d/winograd.h"

#include <algorithm>
#include <limits>

#include "base/device/for_isa.h"
#include "base/range.h"
#include "ops/core/parallel.h"
#include "ops/core/transposed_blocks.h"
#include "ops/nn/conv2d/winograd_product.h"
#include "ops/nn/conv2d/winograd_transforms.h"

namespace lockstep::ops::conv2d {
namespace {

constexpr int64_t kPoints = 16;  // of a transformed tile
constexpr int64_t kConvolveTiles = 64;
constexpr int64_t kWeightGradTiles = 96;
constexpr int64_t kPad = 16;  // a line: keeps the points of a tile out of one set of a cache

int64_t Panels(int64_t columns) { return (columns + kPanel - 1) / kPanel; }
int64_t RoundUp(int64_t floats) { return (floats + kPad - 1) / kPad * kPad; }

// What one worker of WinogradConvolve uses.
struct ConvolveScratch {
  int64_t input_stride, output_stride;  // from point to point
  int64_t zeros, input, output, elsewhere, floats;

  explicit ConvolveScratch(const Winograd& c) {
    const int64_t tiles = std::min(kConvolveTiles, std::max<int64_t>(1, c.tiles()));
    input_stride = RoundUp(tiles * c.channels) + kPad;
    output_stride = tiles * kPanel + kPad;
    zeros = 0;
    input = zeros + RoundUp(std::max(c.channels, c.columns));
    output = input + kPoints * input_stride;
    elsewhere = output + kPoints * output_stride;
    floats = elsewhere + RoundUp(c.columns);
  }
};

// What WinogradWeightGrad uses. A worker owns sums: those of some rows of points and some panels of
// columns. It transforms what they need of each tile; the columns that fill up a last panel are
// multiplied whatever they are, and their sums never read.
struct WeightGradScratch {
  int64_t row_groups, column_groups;  // of workers
  int64_t tiles;                      // taken at a time
  int64_t channel_panels, column_panels;
  int64_t panel_stride;                 // from panel to panel of transformed tiles
  int64_t input_stride, output_stride;  // from point to point
  int64_t sum_row, sum_stride;
  int64_t zeros, input, output, sums;

  explicit WeightGradScratch(const Winograd& c) {
    channel_panels = Panels(c.channels), column_panels = Panels(c.columns);
    row_groups = std::min<int64_t>(c.threads, 4);
    column_groups =
        std::clamp<int64_t>(c.threads / row_groups, 1, std::max<int64_t>(1, column_panels));
    tiles = std::min(kWeightGradTiles, std::max<int64_t>(1, c.tiles()));
    panel_stride = tiles * kPanel;
    input_stride = channel_panels * panel_stride + kPad;
    output_stride = column_panels * panel_stride + kPad;
    sum_row = channel_panels * kPanel;
    sum_stride = c.columns * sum_row + kPad;
    zeros = 0;
    input = zeros + std::max(channel_panels, column_panels) * kPanel;
    output = input + column_groups * kPoints * input_stride;
    sums = output + kPoints * output_stride;
  }
  int64_t floats() const { return sums + kPoints * sum_stride; }
};

}  // namespace

int64_t WinogradWindowFloats(const Winograd& c) {
  return Panels(c.columns) * kPoints * c.channels * kPanel;
}

void TransformWindows(const Winograd& conv, const float* w, float* windows) {
  constexpr int64_t kRun = 16;  // channels
  const int64_t channels = conv.channels, panel = channels * kPanel;
  const int64_t runs = (channels + kRun - 1) / kRun;
  ForParts(conv.threads, Panels(conv.columns) * runs, [&](int64_t part) {
    const int64_t block = part / runs, first = part % runs * kRun;
    const int64_t count = std::min(kRun, channels - first);
    const int64_t columns = std::min(kPanel, conv.columns - block * kPanel);
    float transposed[9][kRun * kPanel];
    const float* taps[9];
    for (int64_t tap = 0; tap < 9; ++tap) {
      const float* const from = w + (block * kPanel * 9 + tap) * channels + first;
      CopyTransposedTile({columns, count, kPanel}, from, 9 * channels, transposed[tap]);
      taps[tap] = transposed[tap];
    }
    float* const to = windows + block * kPoints * panel + first * kPanel;
    RunForIsa(conv.isa,
              [&]() LOCKSTEP_INLINE { TransformWindow(taps, count * kPanel, to, panel); });
  });
}

void TransformTurnedWindows(const Winograd& conv, const float* w, float* windows) {
  const int64_t channels = conv.channels, columns = conv.columns, panel = channels * kPanel;
  ForRuns(conv.threads, channels, 1, [&](Range run) {
    for (int64_t channel = run.begin; channel < run.end; ++channel) {
      for (int64_t block = 0; block < Panels(columns); ++block) {
        const int64_t count = std::min(kPanel, columns - block * kPanel);
        const float* taps[9];
        for (int tap = 0; tap < 9; ++tap) {
          taps[tap] = w + (channel * 9 + 8 - tap) * columns + block * kPanel;
        }
        float* const to = windows + block * kPoints * panel + channel * kPanel;
        RunForIsa(conv.isa, [&]() LOCKSTEP_INLINE { TransformWindow(taps, count, to, panel); });
        for (int64_t t = 0; t < kPoints; ++t) {
          std::fill(to + t * panel + count, to + t * panel + kPanel, 0.0f);
        }
      }
    }
  });
}

int64_t WinogradConvolveFloats(const Winograd& conv) {
  return conv.threads * ConvolveScratch(conv).floats;
}

void WinogradConvolve(const Winograd& conv, const float* x, const float* windows,
                      const WinogradEnd& end, float* workspace, float* y) {
  const ConvolveScratch layout(conv);
  const float least = end.relu ? 0.0f : -std::numeric_limits<float>::infinity();
  const int64_t panel = conv.channels * kPanel;
  ForParts(conv.threads, conv.threads, [&](int64_t worker) {
    float* const scratch = workspace + worker * layout.floats;
    float* const zeros = scratch + layout.zeros;
    float* const input = scratch + layout.input;
    float* const output = scratch + layout.output;
    std::fill_n(zeros, std::max(conv.channels, conv.columns), 0.0f);
    const float* const bias = end.bias == nullptr ? zeros : end.bias;
    const Range share = PartOf(conv.tiles(), conv.threads, worker);
    const int64_t blocks = (share.size() + kConvolveTiles - 1) / kConvolveTiles;
    for (int64_t b = 0; b < blocks; ++b) {
      const int64_t first = share.begin + share.size() * b / blocks;
      const int64_t tiles = share.begin + share.size() * (b + 1) / blocks - first;
      RunForIsa(conv.isa, [&]() LOCKSTEP_INLINE {
        for (int64_t i = 0; i < tiles; ++i) {
          const InputTile tile(conv, x, zeros, first + i);
          for (int64_t row = 0; row < 4; ++row) {
            TransformInputRow(tile.pixels, row, conv.channels,
                              input + 4 * row * layout.input_stride + i * conv.channels,
                              layout.input_stride);
          }
        }
      });
      for (int64_t block = 0; block < Panels(conv.columns); ++block) {
        const int64_t column = block * kPanel;
        for (int64_t t = 0; t < kPoints; ++t) {
          Multiply(conv.isa, tiles,
                   {input + t * layout.input_stride, conv.channels, 1,
                    windows + (block * kPoints + t) * panel, conv.channels,
                    output + t * layout.output_stride, kPanel, false});
        }
        RunForIsa(conv.isa, [&]() LOCKSTEP_INLINE {
          for (int64_t i = 0; i < tiles; ++i) {
            const OutputTile<float> tile(conv, y, scratch + layout.elsewhere, first + i);
            TransformOutput(output + i * kPanel, layout.output_stride,
                            std::min(kPanel, conv.columns - column), bias + column, least,
                            tile.pixels, column);
          }
        });
      }
    }
  });
}

int64_t WinogradWeightGradFloats(const Winograd& conv) { return WeightGradScratch(conv).floats(); }

void WinogradWeightGrad(const Winograd& conv, const float* x, const float* dy, float* workspace,
                        float* dw) {
  const WeightGradScratch layout(conv);
  float* const zeros = workspace + layout.zeros;
  float* const output = workspace + layout.output;
  float* const sums = workspace + layout.sums;
  std::fill_n(zeros, std::max(layout.channel_panels, layout.column_panels) * kPanel, 0.0f);
  const int64_t tiles = conv.tiles();
  if (tiles == 0) std::fill_n(sums, kPoints * layout.sum_stride, 0.0f);
  ForParts(conv.threads, layout.row_groups * layout.column_groups, [&](int64_t worker) {
    const int64_t group = worker / layout.row_groups;
    const Range rows = PartOf(4, layout.row_groups, worker % layout.row_groups);
    const Range panels = PartOf(layout.column_panels, layout.column_groups, group);
    float* const input = workspace + layout.input + group * kPoints * layout.input_stride;
    for (int64_t first = 0; first < tiles; first += layout.tiles) {
      const int64_t count = std::min(layout.tiles, tiles - first);
      RunForIsa(conv.isa, [&]() LOCKSTEP_INLINE {
        for (int64_t i = 0; i < count; ++i) {
          const InputTile in(conv, x, zeros, first + i);
          const OutputTile<const float> out(conv, dy, zeros, first + i);
          for (int64_t row = rows.begin; row < rows.end; ++row) {
            for (int64_t block = 0; block < layout.channel_panels; ++block) {
              const int64_t channel = block * kPanel;
              const float* pixels[16];
              for (int k = 0; k < 16; ++k) pixels[k] = in.pixels[k] + channel;
              TransformInputRow(
                  pixels, row, std::min(kPanel, conv.channels - channel),
                  input + 4 * row * layout.input_stride + block * layout.panel_stride + i * kPanel,
                  layout.input_stride);
            }
            for (int64_t block = panels.begin; block < panels.end; ++block) {
              const int64_t column = block * kPanel;
              TransformOutputGradRow(out.pixels, row, column,
                                     std::min(kPanel, conv.columns - column),
                                     output + 4 * row * layout.output_stride +
                                         block * layout.panel_stride + i * kPanel,
                                     layout.output_stride);
            }
          }
        }
      });
      for (int64_t t = 4 * rows.begin; t < 4 * rows.end; ++t) {
        for (int64_t out = panels.begin; out < panels.end; ++out) {
          for (int64_t in = 0; in < layout.channel_panels; ++in) {
            Multiply(conv.isa, std::min(kPanel, conv.columns - out * kPanel),
                     {output + t * layout.output_stride + out * layout.panel_stride, 1, kPanel,
                      input + t * layout.input_stride + in * layout.panel_stride, count,
                      sums + t * layout.sum_stride + out * kPanel * layout.sum_row + in * kPanel,
                      layout.sum_row, first > 0});
          }
        }
      }
    }
  });
  ForRuns(conv.threads, conv.columns, 1, [&](Range run) {
    RunForIsa(conv.isa, [&]() LOCKSTEP_INLINE {
      for (int64_t k = run.begin; k < run.end; ++k) {
        TransformWindowGrad(sums + k * layout.sum_row, layout.sum_stride, conv.channels,
                            dw + k * 9 * conv.channels, conv.channels);
      }
    });
  });
}

}  // namespace lockstep::ops::conv2d

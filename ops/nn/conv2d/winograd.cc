// SPDX-License-Identifier: Apache-2.0
// The plan. A transformed tile has 16 points, and each point is a matrix product of its own, so the
// work is: transform inputs, multiply 16 times, transform outputs.
//
// Products. `Multiply` handles up to 6 rows (tiles) by a panel of 64 columns at a time, with all
// sums in registers, and walks along the depth (channels) once. So its right operand lies in
// panels: 64 columns side by side for each channel. Columns that fill up the last panel are
// multiplied, and nobody reads what they give.
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

#include <immintrin.h>

#include <algorithm>
#include <limits>

#include "base/device/for_isa.h"
#include "base/range.h"
#include "ops/core/parallel.h"
#include "ops/core/transposed_blocks.h"

namespace lockstep::ops::conv2d {
namespace {

constexpr int64_t kPoints = 16;   // of a transformed tile
constexpr int64_t kPanel = 64;    // columns multiplied at a time
constexpr int64_t kTileRows = 6;  // rows multiplied at a time
constexpr int64_t kConvolveTiles = 64;
constexpr int64_t kWeightGradTiles = 96;
constexpr int64_t kPad = 16;  // a line: keeps the points of a tile out of one set of a cache

int64_t Panels(int64_t columns) { return (columns + kPanel - 1) / kPanel; }
int64_t RoundUp(int64_t floats) { return (floats + kPad - 1) / kPad * kPad; }

// out[i][j] (+)= sum over d < depth of a[i * a_row + d * a_depth] * b[d * kPanel + j], for j < 64.
struct Product {
  const float* a;
  int64_t a_row, a_depth;
  const float* b;
  int64_t depth;
  float* out;
  int64_t out_row;
  bool add;  // go on from what stands in out
};

// The bodies differ in the width of vectors alone.
template <int kRows>
[[gnu::target("avx512f")]] void MultiplyAvx512(const Product& p) {
  __m512 sums[kRows][4];
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < 4; ++v) {
      sums[i][v] = p.add ? _mm512_loadu_ps(p.out + i * p.out_row + v * 16) : _mm512_setzero_ps();
    }
  }
  const float* b = p.b;
  const float* a = p.a;
  const int64_t a_row = p.a_row, a_depth = p.a_depth;
  for (int64_t d = p.depth; d > 0; --d, b += kPanel, a += a_depth) {
    const __m512 b0 = _mm512_loadu_ps(b), b1 = _mm512_loadu_ps(b + 16),
                 b2 = _mm512_loadu_ps(b + 32), b3 = _mm512_loadu_ps(b + 48);
    for (int i = 0; i < kRows; ++i) {
      const __m512 x = _mm512_set1_ps(a[i * a_row]);
      sums[i][0] = _mm512_fmadd_ps(x, b0, sums[i][0]);
      sums[i][1] = _mm512_fmadd_ps(x, b1, sums[i][1]);
      sums[i][2] = _mm512_fmadd_ps(x, b2, sums[i][2]);
      sums[i][3] = _mm512_fmadd_ps(x, b3, sums[i][3]);
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < 4; ++v) _mm512_storeu_ps(p.out + i * p.out_row + v * 16, sums[i][v]);
  }
}

template <int kRows>
[[gnu::target("avx2,fma")]] void MultiplyAvx2(const Product& p) {
  for (int64_t j = 0; j < kPanel; j += 16) {
    __m256 sums[kRows][2];
    for (int i = 0; i < kRows; ++i) {
      for (int v = 0; v < 2; ++v) {
        sums[i][v] =
            p.add ? _mm256_loadu_ps(p.out + i * p.out_row + j + v * 8) : _mm256_setzero_ps();
      }
    }
    const float* b = p.b + j;
    const float* a = p.a;
    const int64_t a_row = p.a_row, a_depth = p.a_depth;
    for (int64_t d = p.depth; d > 0; --d, b += kPanel, a += a_depth) {
      const __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);
      for (int i = 0; i < kRows; ++i) {
        const __m256 x = _mm256_broadcast_ss(a + i * a_row);
        sums[i][0] = _mm256_fmadd_ps(x, b0, sums[i][0]);
        sums[i][1] = _mm256_fmadd_ps(x, b1, sums[i][1]);
      }
    }
    for (int i = 0; i < kRows; ++i) {
      for (int v = 0; v < 2; ++v) {
        _mm256_storeu_ps(p.out + i * p.out_row + j + v * 8, sums[i][v]);
      }
    }
  }
}

using MultiplyRows = void (*)(const Product&);
constexpr MultiplyRows kAvx512[kTileRows] = {MultiplyAvx512<1>, MultiplyAvx512<2>,
                                             MultiplyAvx512<3>, MultiplyAvx512<4>,
                                             MultiplyAvx512<5>, MultiplyAvx512<6>};
constexpr MultiplyRows kAvx2[kTileRows] = {MultiplyAvx2<1>, MultiplyAvx2<2>, MultiplyAvx2<3>,
                                           MultiplyAvx2<4>, MultiplyAvx2<5>, MultiplyAvx2<6>};

// Computes the product for `rows` rows.
void Multiply(CpuIsa isa, int64_t rows, Product p) {
  const MultiplyRows* const multiply = isa == CpuIsa::kAvx512 ? kAvx512 : kAvx2;
  for (int64_t row = 0; row < rows; row += kTileRows) {
    const int64_t count = std::min(kTileRows, rows - row);
    multiply[count - 1](p);
    p.a += count * p.a_row;
    p.out += count * p.out_row;
  }
}

// Where the tiles of an image lie: corners of 2x2 outputs.
struct Corner {
  int64_t image, y, x;
};
Corner CornerOf(const Winograd& c, int64_t tile) {
  const int64_t in_image = c.tiles_h() * c.tiles_w(), at = tile % in_image;
  return {tile / in_image, at / c.tiles_w() * 2, at % c.tiles_w() * 2};
}

// Row `row` of B^T d B of 4x4 pixels d: to[j * stride + channel], for `channels` channels.
LOCKSTEP_INLINE inline void TransformInputRow(const float* const (&pixels)[16], int64_t row,
                                              int64_t channels, float* to, int64_t stride) {
  constexpr int64_t kFirst[] = {0, 1, 2, 1}, kSecond[] = {2, 2, 1, 3};
  const float sign = row == 1 ? 1.0f : -1.0f;
  const float* const* const d = pixels + 4 * kFirst[row];
  const float* const* const e = pixels + 4 * kSecond[row];
  const float* const d0 = d[0];
  const float* const d1 = d[1];
  const float* const d2 = d[2];
  const float* const d3 = d[3];
  const float* const e0 = e[0];
  const float* const e1 = e[1];
  const float* const e2 = e[2];
  const float* const e3 = e[3];
  LOCKSTEP_INDEPENDENT
  for (int64_t c = 0; c < channels; ++c) {
    const float a0 = d0[c] + sign * e0[c], a1 = d1[c] + sign * e1[c], a2 = d2[c] + sign * e2[c],
                a3 = d3[c] + sign * e3[c];
    to[c] = a0 - a2;
    to[stride + c] = a1 + a2;
    to[2 * stride + c] = a2 - a1;
    to[3 * stride + c] = a1 - a3;
  }
}

// The 4x4 pixels that a tile reads; zeros outside the image.
struct InputTile {
  const float* pixels[16];

  InputTile(const Winograd& c, const float* x, const float* zeros, int64_t tile) {
    const Corner at = CornerOf(c, tile);
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t h = at.y - c.padding_h + i;
      for (int64_t j = 0; j < 4; ++j) {
        const int64_t w = at.x - c.padding_w + j;
        const bool inside = h >= 0 && h < c.h && w >= 0 && w < c.w;
        pixels[4 * i + j] = inside ? x + ((at.image * c.h + h) * c.w + w) * c.channels : zeros;
      }
    }
  }
};

// The 2x2 pixels of images (N, P, Q, columns) that a tile writes; `elsewhere` outside.
template <typename T>
struct OutputTile {
  T* pixels[4];

  OutputTile(const Winograd& c, T* y, T* elsewhere, int64_t tile) {
    const Corner at = CornerOf(c, tile);
    for (int64_t i = 0; i < 2; ++i) {
      for (int64_t j = 0; j < 2; ++j) {
        const int64_t p = at.y + i, q = at.x + j;
        const bool inside = p < c.p && q < c.q;
        pixels[2 * i + j] = inside ? y + ((at.image * c.p + p) * c.q + q) * c.columns : elsewhere;
      }
    }
  }
};

// A^T m A of `columns` columns, m[t * stride + column], and bias, at least `least`.
LOCKSTEP_INLINE inline void TransformOutput(const float* m, int64_t stride, int64_t columns,
                                            const float* bias, float least,
                                            float* const (&pixels)[4], int64_t offset) {
  float* const y0 = pixels[0] + offset;
  float* const y1 = pixels[1] + offset;
  float* const y2 = pixels[2] + offset;
  float* const y3 = pixels[3] + offset;
  LOCKSTEP_INDEPENDENT
  for (int64_t c = 0; c < columns; ++c) {
    float top[4], bottom[4];
    for (int j = 0; j < 4; ++j) {
      const float m0 = m[j * stride + c], m1 = m[(4 + j) * stride + c],
                  m2 = m[(8 + j) * stride + c], m3 = m[(12 + j) * stride + c];
      top[j] = m0 + m1 + m2;
      bottom[j] = m1 - m2 - m3;
    }
    const float a = top[0] + top[1] + top[2] + bias[c], b = top[1] - top[2] - top[3] + bias[c];
    const float d = bottom[0] + bottom[1] + bottom[2] + bias[c];
    const float e = bottom[1] - bottom[2] - bottom[3] + bias[c];
    y0[c] = a < least ? least : a;
    y1[c] = b < least ? least : b;
    y2[c] = d < least ? least : d;
    y3[c] = e < least ? least : e;
  }
}

// Row `row` of A dy A^T: to[j * stride + column], for `columns` columns.
LOCKSTEP_INLINE inline void TransformOutputGradRow(const float* const (&pixels)[4], int64_t row,
                                                   int64_t offset, int64_t columns, float* to,
                                                   int64_t stride) {
  const float top = row == 3 ? 0.0f : 1.0f, bottom = row == 0 ? 0.0f : row == 1 ? 1.0f : -1.0f;
  const float* const y0 = pixels[0] + offset;
  const float* const y1 = pixels[1] + offset;
  const float* const y2 = pixels[2] + offset;
  const float* const y3 = pixels[3] + offset;
  LOCKSTEP_INDEPENDENT
  for (int64_t c = 0; c < columns; ++c) {
    const float left = top * y0[c] + bottom * y2[c], right = top * y1[c] + bottom * y3[c];
    to[c] = left;
    to[stride + c] = left + right;
    to[2 * stride + c] = left - right;
    to[3 * stride + c] = -right;
  }
}

// G g G^T of `count` windows: g[tap][i], element i of tap at taps[tap] + i.
LOCKSTEP_INLINE inline void TransformWindow(const float* const (&taps)[9], int64_t count, float* to,
                                            int64_t stride) {
  const float* const g0 = taps[0];
  const float* const g1 = taps[1];
  const float* const g2 = taps[2];
  const float* const g3 = taps[3];
  const float* const g4 = taps[4];
  const float* const g5 = taps[5];
  const float* const g6 = taps[6];
  const float* const g7 = taps[7];
  const float* const g8 = taps[8];
  LOCKSTEP_INDEPENDENT
  for (int64_t i = 0; i < count; ++i) {
    const float row[3][3] = {{g0[i], g1[i], g2[i]}, {g3[i], g4[i], g5[i]}, {g6[i], g7[i], g8[i]}};
    float rows[4][3];
    for (int s = 0; s < 3; ++s) {
      const float outer = row[0][s] + row[2][s];
      rows[0][s] = row[0][s];
      rows[1][s] = 0.5f * (outer + row[1][s]);
      rows[2][s] = 0.5f * (outer - row[1][s]);
      rows[3][s] = row[2][s];
    }
    for (int r = 0; r < 4; ++r) {
      const float outer = rows[r][0] + rows[r][2];
      to[(4 * r) * stride + i] = rows[r][0];
      to[(4 * r + 1) * stride + i] = 0.5f * (outer + rows[r][1]);
      to[(4 * r + 2) * stride + i] = 0.5f * (outer - rows[r][1]);
      to[(4 * r + 3) * stride + i] = rows[r][2];
    }
  }
}

// G^T m G of `count` windows, m[t * stride + i].
LOCKSTEP_INLINE inline void TransformWindowGrad(const float* m, int64_t stride, int64_t count,
                                                float* to, int64_t to_stride) {
  LOCKSTEP_INDEPENDENT
  for (int64_t i = 0; i < count; ++i) {
    float rows[3][4];
    for (int j = 0; j < 4; ++j) {
      const float m1 = m[(4 + j) * stride + i], m2 = m[(8 + j) * stride + i];
      const float half = 0.5f * (m1 + m2);
      rows[0][j] = m[j * stride + i] + half;
      rows[1][j] = 0.5f * (m1 - m2);
      rows[2][j] = half + m[(12 + j) * stride + i];
    }
    for (int r = 0; r < 3; ++r) {
      const float half = 0.5f * (rows[r][1] + rows[r][2]);
      to[(3 * r) * to_stride + i] = rows[r][0] + half;
      to[(3 * r + 1) * to_stride + i] = 0.5f * (rows[r][1] - rows[r][2]);
      to[(3 * r + 2) * to_stride + i] = half + rows[r][3];
    }
  }
}

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

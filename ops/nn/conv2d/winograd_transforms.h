// SPDX-License-Identifier: Apache-2.0
// The tiles of Winograd's convolution, and the transforms of tiles and windows (winograd.h has the
// matrices A, B and G). All are loops over channels or columns without branches, so that they
// become vectors where a caller inlines them for an instruction set (base/device/for_isa.h).
#pragma once

#include <cstdint>

#include "base/device/for_isa.h"
#include "ops/nn/conv2d/winograd.h"

namespace lockstep::ops::conv2d {

// Where the tiles of an image lie: corners of 2x2 outputs, `dilation` apart.
struct Corner {
  int64_t image, y, x;
};
// Along an axis of `pixels` outputs: the first tiles of all rests by the dilation, then the second.
inline int64_t CornerOf(int64_t tile, int64_t pixels, int64_t dilation) {
  const int64_t rests = Winograd::Rests(pixels, dilation);
  return tile / rests * 2 * dilation + tile % rests;
}
inline Corner CornerOf(const Winograd& c, int64_t tile) {
  const int64_t in_image = c.tiles_h() * c.tiles_w(), at = tile % in_image;
  return {tile / in_image, CornerOf(at / c.tiles_w(), c.p, c.dilation_h),
          CornerOf(at % c.tiles_w(), c.q, c.dilation_w)};
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
      const int64_t h = at.y - c.padding_h + i * c.dilation_h;
      for (int64_t j = 0; j < 4; ++j) {
        const int64_t w = at.x - c.padding_w + j * c.dilation_w;
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
        const int64_t p = at.y + i * c.dilation_h, q = at.x + j * c.dilation_w;
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

}  // namespace lockstep::ops::conv2d

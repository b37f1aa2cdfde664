// SPDX-License-Identifier: Apache-2.0
// Convolution with windows of 3x3 and stride 1 in fewer products: F(2x2, 3x3) of Lavin and Gray,
// "Fast Algorithms for Convolutional Neural Networks", 2016 (after Winograd, 1980). Images are cut
// into tiles of 2x2 outputs, each made of 4x4 inputs d; of a window g
//
//   y = A^T ((G g G^T) * (B^T d B)) A,   dg = G^T (sum over tiles (A dy A^T) * (B^T d B)) G
//
//         1  0 -1  0          1    0    0
//   B^T = 0  1  1  0    G = 1/2  1/2  1/2    A^T = 1  1  1  0
//         0 -1  1  0        1/2 -1/2  1/2          0  1 -1 -1
//         0  1  0 -1          0    0    1
//
// with * element by element. Per tile, input channel and output channel that takes 16 products
// instead of 36. The sums over channels (over tiles for dg) are 16 matrix products, each element
// one chain of fused multiply-adds in increasing order, so no bit depends on threads or on the
// instruction set. That set must have fused multiply-adds: AVX2 or AVX-512.
//
// With dilation d the pixels whose coordinates leave the same rest by d are an image of their own:
// a tile is of 2x2 outputs that lie d apart, and reads 4x4 inputs that do.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/device/cpu_isa.h"

namespace lockstep::ops::conv2d {

// How a convolution of (N, H, W, channels) to (N, P, Q, columns) runs. Sums are over `channels`.
struct Winograd {
  int64_t n = 0, h = 0, w = 0, channels = 0;  // images read
  int64_t p = 0, q = 0, columns = 0;          // images written, p = h + 2 padding_h - 2 dilation_h
  int64_t padding_h = 0, padding_w = 0;       // at most 2 dilations
  CpuIsa isa = CpuIsa::kAvx2;
  int32_t threads = 1;
  int64_t dilation_h = 1, dilation_w = 1;

  // How many of the images that dilation makes of one there are along an axis of `pixels` outputs,
  // and tiles in all of them.
  static int64_t Rests(int64_t pixels, int64_t dilation) { return std::min(pixels, dilation); }
  static int64_t TilesOf(int64_t pixels, int64_t dilation) {
    return Rests(pixels, dilation) * (((pixels + dilation - 1) / dilation + 1) / 2);
  }
  int64_t tiles_h() const { return TilesOf(p, dilation_h); }
  int64_t tiles_w() const { return TilesOf(q, dilation_w); }
  int64_t tiles() const { return n * tiles_h() * tiles_w(); }
};

// Operations of its products; the transforms of images and windows are not counted.
inline int64_t WinogradFlops(const Winograd& conv) {
  return 2 * 16 * conv.tiles() * conv.channels * conv.columns;
}

inline bool RunsWinograd(CpuIsa isa) { return isa != CpuIsa::kBaseline; }

// The size of the transformed windows that WinogradConvolve reads, in floats.
int64_t WinogradWindowFloats(const Winograd& conv);

// Transforms the windows of w (columns, 3, 3, channels).
void TransformWindows(const Winograd& conv, const float* w, float* windows);

// Transforms those of w (channels, 3, 3, columns), each turned by 180 degrees: the windows that
// carry dy (N, H, W, channels) back to dx (N, P, Q, columns), with padding 2 dilation - padding.
void TransformTurnedWindows(const Winograd& conv, const float* w, float* windows);

// Computes y (N, P, Q, columns) of x (N, H, W, channels): what `end` makes of the sums.
struct WinogradEnd {
  const float* bias = nullptr;  // (columns), added
  bool relu = false;
};
int64_t WinogradConvolveFloats(const Winograd& conv);  // workspace
void WinogradConvolve(const Winograd& conv, const float* x, const float* windows,
                      const WinogradEnd& end, float* workspace, float* y);

// Computes dw (columns, 3, 3, channels) of x (N, H, W, channels) and dy (N, P, Q, columns).
int64_t WinogradWeightGradFloats(const Winograd& conv);  // workspace
void WinogradWeightGrad(const Winograd& conv, const float* x, const float* dy, float* workspace,
                        float* dw);

}  // namespace lockstep::ops::conv2d

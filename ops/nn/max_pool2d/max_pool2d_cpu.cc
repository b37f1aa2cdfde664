// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/max_pool2d/max_pool2d_cpu.h"

#include <algorithm>

#include "ops/core/window.h"

namespace lockstep::ops::max_pool2d {

namespace {

// One output pixel: y and index (C), over the window's taps in row-major order.
template <typename T>
void MaxOfWindow(const MaxPool2dAttrs& attrs, const T* image, const Shape& x, int64_t p, int64_t q,
                 T* y, int32_t* index) {
  const Range rows = HeightOf(attrs).Inside(p, x[1]), columns = WidthOf(attrs).Inside(q, x[2]);
  bool first = true;
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    for (int64_t s = columns.begin; s < columns.end; ++s) {
      const int64_t h = p * attrs.stride_h - attrs.padding_h + r;
      const int64_t w = q * attrs.stride_w - attrs.padding_w + s;
      const T* pixel = image + (h * x[2] + w) * x[3];
      const int32_t place = static_cast<int32_t>(r * attrs.kernel_w + s);
      for (int64_t c = 0; c < x[3]; ++c) {
        const T v = pixel[c];
        const bool wins = first || v > y[c] || v != v;  // v != v: NaN
        y[c] = wins ? v : y[c];
        index[c] = wins ? place : index[c];
      }
      first = false;
    }
  }
}

}  // namespace

template <typename T>
void Reference(const MaxPool2dAttrs& attrs, const ReferenceArgs& args) {
  const Shape& x = args.in_shape(0);
  const Shape& out = args.out_shape(0);
  T* y = args.out<T>(0);
  int32_t* index = args.out<int32_t>(1);
  for (int64_t n = 0; n < out[0]; ++n) {
    const T* image = args.in<T>(0) + n * x[1] * x[2] * x[3];
    for (int64_t p = 0; p < out[1]; ++p) {
      for (int64_t q = 0; q < out[2]; ++q, y += x[3], index += x[3]) {
        MaxOfWindow(attrs, image, x, p, q, y, index);
      }
    }
  }
}

template <typename T>
void ReferenceGrad(const MaxPool2dGradAttrs& attrs, const ReferenceArgs& args) {
  const Shape& out = args.in_shape(1);
  const Shape& x = args.out_shape(0);
  const int64_t channels = x[3];
  T* dx = args.out<T>(0);
  std::fill_n(dx, x.elements(), T(0));
  for (int64_t n = 0; n < x[0]; ++n) {
    for (int64_t h = 0; h < x[1]; ++h) {
      const Range rows = HeightOf(attrs).Covering(h, out[1]);
      for (int64_t w = 0; w < x[2]; ++w, dx += channels) {
        const Range columns = WidthOf(attrs).Covering(w, out[2]);
        for (int64_t p = rows.begin; p < rows.end; ++p) {
          for (int64_t q = columns.begin; q < columns.end; ++q) {
            const int64_t r = h + attrs.padding_h - p * attrs.stride_h;
            const int64_t s = w + attrs.padding_w - q * attrs.stride_w;
            const int64_t place = r * attrs.kernel_w + s;
            const int64_t at = ((n * out[1] + p) * out[2] + q) * channels;
            const int32_t* index = args.in<int32_t>(0) + at;
            const T* dy = args.in<T>(1) + at;
            for (int64_t c = 0; c < channels; ++c) dx[c] += index[c] == place ? dy[c] : T(0);
          }
        }
      }
    }
  }
}

template <typename T>
void ReferenceGather(const MaxPool2dAttrs& attrs, const ReferenceArgs& args) {
  const Shape &x = args.in_shape(1), &out = args.out_shape(0);
  const int32_t* index = args.in<int32_t>(0);
  T* y = args.out<T>(0);
  for (int64_t n = 0; n < out[0]; ++n) {
    const T* const image = args.in<T>(1) + n * x[1] * x[2] * x[3];
    for (int64_t p = 0; p < out[1]; ++p) {
      for (int64_t q = 0; q < out[2]; ++q) {
        for (int64_t c = 0; c < out[3]; ++c) {
          const int64_t place = *index++;
          const int64_t h = p * attrs.stride_h - attrs.padding_h + place / attrs.kernel_w;
          const int64_t w = q * attrs.stride_w - attrs.padding_w + place % attrs.kernel_w;
          const bool inside = place >= 0 && h >= 0 && h < x[1] && w >= 0 && w < x[2];
          *y++ = inside ? image[(h * x[2] + w) * x[3] + c] : T(0);
        }
      }
    }
  }
}

template void Reference<float>(const MaxPool2dAttrs&, const ReferenceArgs&);
template void Reference<double>(const MaxPool2dAttrs&, const ReferenceArgs&);
template void ReferenceGrad<float>(const MaxPool2dGradAttrs&, const ReferenceArgs&);
template void ReferenceGrad<double>(const MaxPool2dGradAttrs&, const ReferenceArgs&);
template void ReferenceGather<float>(const MaxPool2dAttrs&, const ReferenceArgs&);
template void ReferenceGather<double>(const MaxPool2dAttrs&, const ReferenceArgs&);

}  // namespace lockstep::ops::max_pool2d

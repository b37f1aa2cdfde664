// SPDX-License-Identifier: Apache-2.0
// Softmax cross-entropy of every pixel, optionally focal (Lin et al., 2017): logits (N, H, W, K),
// mask i32 (N, H, W), the class of each pixel.
//
//   p           = softmax of a pixel's logits, (N, H, W, K), of the logits' type
//   w           = class_weights[class], or its only number
//   numerator   = sum over pixels of -alpha w (1 - p[class])^gamma log p[class], in nats, f64 []
//   denominator = sum over pixels of w, f64 []
//
// gamma = 0 and alpha = 1 are cross-entropy with PyTorch's weights and mean. A pixel of the value
// `ignore`, or 65535, is left out of both sums and gets no gradient. A pixel of another value that
// is no class makes the numerator and that pixel's gradient NaN, so that the run stops and names
// the loss. A pixel is computed in double after subtracting its maximum; pixels are added in order,
// in double.
//
// pixel_cross_entropy_grad (p, mask, dnumerator f64 []) -> dlogits. Denominator and probabilities
// are constants to the gradient.
//
// Two losses are made of it: "pixel-cross-entropy" and "focal". The value to ignore is the largest
// of a mask: 255, and from 256 classes on, whose masks have 16 bits, 65535.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct PixelCrossEntropyAttrs {
  int64_t ignore = 255;
  double gamma = 0.0;
  double alpha = 1.0;
  std::vector<double> class_weights = {1.0};  // of each class, or one number for all

  template <typename V>
  void Visit(V&& v) {
    v("ignore", ignore);
    v("gamma", gamma);
    v("alpha", alpha);
    v("class_weights", class_weights);
  }
};

struct PixelCrossEntropyOut {
  Value numerator;      // f64 []
  Value denominator;    // f64 []
  Value probabilities;  // (N, H, W, K)
};

PixelCrossEntropyOut PixelCrossEntropy(Emitter* e, Value logits, Value mask,
                                       const PixelCrossEntropyAttrs& attrs);

}  // namespace lockstep::ops

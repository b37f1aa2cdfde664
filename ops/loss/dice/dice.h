// SPDX-License-Identifier: Apache-2.0
// Soft Dice loss of masks (Milletari et al., 2016): logits (N, H, W, K), mask i32 (N, H, W).
//
//   p           = softmax of a pixel's logits, (N, H, W, K), of the logits' type
//   I, P, T     = of each row and class, over its pixels: sum of p where the pixel is of the class;
//                 sum of p (of p^2 with `squared`); number of pixels of the class
//   dice        = (2 I + smooth) / (P + T + smooth)
//   numerator   = sum over rows of 1 - mean of dice over classes, f64 []
//   denominator = N, f64 []
//
// The mean takes the classes from `first_class` on: with 1, class 0 (the background) is left out.
// Pixels of the value `ignore`, or 65535, are left out of all sums and get no gradient; a value
// that is no class makes the numerator NaN. All sums are in double, over pixels in order; a pixel
// is computed in double. The dice of a hard prediction, 2 TP / (2 TP + FP + FN), is a metric of the
// task "segmentation".
//
// dice_grad (p, mask, sums, dnumerator f64 []) -> dlogits. Denominator, probabilities and sums f64
// (N, K, 3), which are I, P, T, are constants to the gradient.
#pragma once

#include <cstdint>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct DiceAttrs {
  int64_t ignore = 255;
  double smooth = 1.0;
  bool squared = false;
  int64_t first_class = 0;

  template <typename V>
  void Visit(V&& v) {
    v("ignore", ignore);
    v("smooth", smooth);
    v("squared", squared);
    v("first_class", first_class);
  }
};

struct DiceOut {
  Value numerator;      // f64 []
  Value denominator;    // f64 []
  Value probabilities;  // (N, H, W, K)
  Value sums;           // f64 (N, K, 3)
};

DiceOut Dice(Emitter* e, Value logits, Value mask, const DiceAttrs& attrs);

}  // namespace lockstep::ops

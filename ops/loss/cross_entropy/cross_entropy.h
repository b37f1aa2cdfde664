// SPDX-License-Identifier: Apache-2.0
// Softmax cross-entropy with label smoothing (Szegedy et al., 2016): logits (N, K), labels i32 (N).
//
//   numerator   = sum over rows of -sum_k q_k log p_k, in nats, f64 []
//   denominator = N, f64 []
//   p           = softmax(logits), (N, K), of the logits' type
//   q           = (1 - label_smoothing) * onehot(label) + label_smoothing / K
//
// The mean loss is numerator / denominator, both summed over lanes first. A row is computed in
// double after subtracting its maximum; rows are added in order, in double. A label outside [0, K)
// makes the numerator and that row's gradient NaN, so that the run stops and names it.
//
// cross_entropy_grad (p, labels, dnumerator f64 []) -> dlogits = (p - q) * dnumerator. Denominator
// and probabilities are constants to the gradient.
#pragma once

#include "base/options/option.h"
#include "ops/core/emitter.h"

namespace lockstep::ops {

struct CrossEntropyAttrs {
  double label_smoothing = 0.0;

  template <typename V>
  void Visit(V&& v) {
    v("label_smoothing", label_smoothing,
      Says("probability given to the other classes").Within({.low = 0, .high = 1}));
  }
};

struct CrossEntropyOut {
  Value numerator;      // f64 []
  Value denominator;    // f64 []
  Value probabilities;  // (N, K)
};

CrossEntropyOut CrossEntropy(Emitter* e, Value logits, Value labels, double label_smoothing);

namespace cross_entropy {

inline bool LabelExists(int32_t label, int64_t classes) { return label >= 0 && label < classes; }

}  // namespace cross_entropy
}  // namespace lockstep::ops

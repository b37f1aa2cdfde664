// SPDX-License-Identifier: Apache-2.0
// Matrix product y = op(a) op(b), op(m) = m or its transpose. op(a) is (M, K), op(b) is (K, N), y
// is (M, N). Each element is one sum in increasing k, in the type of the inputs. K = 0 gives zeros.
// Gradients are products again: with neither transposed, da = dy b^T, db = a^T dy.
#pragma once

#include <vector>

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct MatMulAttrs {
  bool transpose_a = false;
  bool transpose_b = false;

  template <typename V>
  void Visit(V&& v) {
    v("transpose_a", transpose_a);
    v("transpose_b", transpose_b);
  }
};

// a (M, K), or (K, M) with transpose_a; b (K, N), or (N, K) with transpose_b.
Value MatMul(Emitter* e, Value a, Value b, bool transpose_a = false, bool transpose_b = false);

// (da, db) from dy; not emitted, and invalid, where not wanted.
std::vector<Value> MatMulGradients(Emitter* e, const MatMulAttrs& attrs, Value a, Value b, Value dy,
                                   bool want_a, bool want_b);

}  // namespace lockstep::ops

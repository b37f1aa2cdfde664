// SPDX-License-Identifier: Apache-2.0
// Number of rows whose label is among the k largest logits: logits (N, K), labels i32 (N) -> i64
// []. Of equal logits the lower index counts as the larger. With k classes or fewer every row
// counts. A row that holds a NaN, or whose label is no class, never does.
#pragma once

#include "ops/core/emitter.h"

namespace lockstep::ops {

struct TopKAttrs {
  int64_t k = 5;

  template <typename V>
  void Visit(V&& v) {
    v("k", k);
  }
};

Value TopKCorrect(Emitter* e, Value logits, Value labels, const TopKAttrs& attrs);

}  // namespace lockstep::ops

// SPDX-License-Identifier: Apache-2.0
// What a row of logits predicts, and how it ranks its label: the one rule of all ops that count
// hits, and what else these ops have in common. Ties go to the lower index. A row that holds a NaN
// predicts nothing and ranks nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/options/attrs.h"
#include "base/shape.h"
#include "base/status.h"
#include "ops/core/op.h"
#include "ops/core/sample.h"

namespace lockstep::ops {

// The shape rule of such an op: logits (N, K) of floats and labels i32 (N), nothing else.
Status ExpectLogitsAndLabels(std::span<const TensorType> in);

// The cost of such an op: one comparison for each logit.
template <typename A>
Cost ComparisonCost(const A&, const NodeSpec& node) {
  return {node.in[0].shape.elements(), BytesMoved(node)};
}

// A sample of such an op, without ties among the logits.
Sample LogitsAndLabels(std::string name, const Attrs& attrs, int64_t rows, int64_t classes);

// Index of the largest logit; -1 if any is NaN or there is none.
template <typename T>
int64_t Prediction(const T* logits, int64_t classes) {
  int64_t best = -1;
  for (int64_t k = 0; k < classes; ++k) {
    if (logits[k] != logits[k]) return -1;
    if (best < 0 || logits[k] > logits[best]) best = k;
  }
  return best;
}

// How many classes stand before the label's: 0 where the label is the prediction. -1 if any logit
// is NaN or there is no such class.
template <typename T>
int64_t RankOf(const T* logits, int64_t classes, int64_t label) {
  if (label < 0 || label >= classes) return -1;
  int64_t before = 0;
  for (int64_t k = 0; k < classes; ++k) {
    if (logits[k] != logits[k]) return -1;
    if (logits[k] > logits[label] || (logits[k] == logits[label] && k < label)) ++before;
  }
  return before;
}

}  // namespace lockstep::ops

// SPDX-License-Identifier: Apache-2.0
// Loss: what a loss op says beside its math, so that a recipe can choose it by name. An op folder
// adds its loss in Register (ops/core/registry.h), and nothing else is edited.
#pragma once

#include <functional>
#include <string>

#include "base/options/option.h"
#include "ops/core/emitter.h"

namespace lockstep::ops {

// The mean loss is numerator / denominator, each summed over lanes first.
struct LossPair {
  Value numerator;    // f64 []
  Value denominator;  // f64 []
};

struct Loss {
  std::string name;    // loss.name of a recipe
  std::string doc;     // one line with its source
  OptionList options;  // the rest of the recipe's [loss]
  // Emits the loss of logits (N, K) and labels i32 (N). What only training has (label smoothing) is
  // left out where `training` is false, so that evaluations of different recipes compare.
  std::function<LossPair(Emitter* e, Value logits, Value labels, const Attrs& options,
                         bool training)>
      build;
};

// The loss as its folder writes it, typed by its option struct A.
template <typename A>
struct LossOf {
  std::string name;
  std::string doc;
  LossPair (*build)(Emitter* e, Value logits, Value labels, const A& options, bool training);
};

template <typename A>
Loss Erase(LossOf<A> typed) {
  return {.name = std::move(typed.name),
          .doc = std::move(typed.doc),
          .options = ListOf<A>(),
          .build = [f = typed.build](Emitter* e, Value logits, Value labels, const Attrs& options,
                                     bool training) {
            return f(e, logits, labels, *Unpack<A>(options), training);
          }};
}

}  // namespace lockstep::ops

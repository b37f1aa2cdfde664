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

// A kind of target: i32 (N), the class of each row, whose prediction is logits (N, K).
inline constexpr char kLabelTarget[] = "label";

struct Loss {
  std::string name;    // loss.name of a recipe
  std::string doc;     // one line with its source
  std::string target;  // the kind of target that it compares with: kLabelTarget
  OptionList options;  // the rest of the recipe's [loss]
  // Emits the loss of what a network gives and its target. What only training has (label smoothing)
  // is left out where `training` is false, so that evaluations of different recipes compare.
  std::function<LossPair(Emitter* e, Value prediction, Value target, const Attrs& options,
                         bool training)>
      build;
};

// The loss as its folder writes it, typed by its option struct A.
template <typename A>
struct LossOf {
  std::string name;
  std::string doc;
  std::string target;
  LossPair (*build)(Emitter* e, Value prediction, Value target, const A& options, bool training);
};

template <typename A>
Loss Erase(LossOf<A> typed) {
  return {.name = std::move(typed.name),
          .doc = std::move(typed.doc),
          .target = std::move(typed.target),
          .options = ListOf<A>(),
          .build = [f = typed.build](Emitter* e, Value prediction, Value target,
                                     const Attrs& options, bool training) {
            return f(e, prediction, target, *Unpack<A>(options), training);
          }};
}

}  // namespace lockstep::ops

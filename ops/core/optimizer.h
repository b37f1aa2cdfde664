// SPDX-License-Identifier: Apache-2.0
// Optimizer: what an update op says beside its math, so that it can train. The op of the same name
// takes and gives, each a block of any length n or a scalar of shape [], in this order:
//
//   (param, grad, the slots, lr, grad_scale, the scalars) -> param', the slots'
//
// Its attributes are the options of the recipe's [optimizer] (base/options/option.h). lr and
// grad_scale belong to the step; whatever else changes from step to step is a scalar. An op folder
// adds its optimizer in Register (ops/core/registry.h), and nothing else is edited.
//
// An optimizer whose step depends on norms of a whole parameter, of which a block is a piece (LARS,
// LAMB), names these norms and an op that measures a block. That op has the attributes of the
// update op and its arguments, and gives the squared norms of the block as f64 (number of norms),
// each by ops/core/block_norm.h. The trainer adds up the blocks of a parameter by the canonical
// tree, and the update op has the roots as further scalars, behind its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options/option.h"

namespace lockstep::ops {

// A number of the step that the op reads, made on the host in double and rounded once to the run's
// type. `updates`: how many were applied, this one included; 1 at the first.
struct UpdateScalar {
  std::string name;
  std::function<double(const Attrs& options, int64_t updates)> value;
};

struct Optimizer {
  std::string name;                // of the op
  std::string doc;                 // one line with its source
  OptionList options;              // the op's attributes
  std::vector<std::string> slots;  // state kept for every parameter, under PyTorch's names
  // Whether the options need a slot: one that they do not need is neither kept nor an argument of
  // the op. Null: they need all.
  std::function<bool(const Attrs& options, std::string_view slot)> needs_slot;
  std::vector<UpdateScalar> scalars;
  bool needs_lr = true;  // a recipe must say optimizer.lr
  // Options that do not go together; null: all do.
  std::function<std::optional<OptionConflict>(const Attrs& options)> conflict;
  std::vector<std::string> norms;  // of a whole parameter, that the update reads
  std::string measure;             // the op that measures a block for them

  // The slots that complete options need, in their order.
  std::vector<std::string> SlotsFor(const Attrs& given) const {
    std::vector<std::string> needed;
    for (const std::string& slot : slots) {
      if (needs_slot == nullptr || needs_slot(given, slot)) needed.push_back(slot);
    }
    return needed;
  }
};

// The optimizer as its folder writes it, typed by the op's attribute struct A.
template <typename A>
struct OptimizerOf {
  struct Scalar {
    std::string name;
    double (*value)(const A& options, int64_t updates);
  };
  std::string name;
  std::string doc;
  std::vector<std::string> slots;
  bool (*needs_slot)(const A& options, std::string_view slot) = nullptr;
  std::vector<Scalar> scalars = {};
  bool needs_lr = true;
  std::optional<OptionConflict> (*conflict)(const A& options) = nullptr;
  std::vector<std::string> norms = {};
  std::string measure = {};
};

template <typename A>
Optimizer Erase(OptimizerOf<A> typed) {
  Optimizer optimizer;
  optimizer.name = std::move(typed.name);
  optimizer.doc = std::move(typed.doc);
  optimizer.options = ListOf<A>();
  optimizer.slots = std::move(typed.slots);
  if (typed.needs_slot != nullptr) {
    optimizer.needs_slot = [f = typed.needs_slot](const Attrs& options, std::string_view slot) {
      return f(*Unpack<A>(options), slot);
    };
  }
  for (const auto& scalar : typed.scalars) {
    optimizer.scalars.push_back(
        {scalar.name, [f = scalar.value](const Attrs& options, int64_t updates) {
           return f(*Unpack<A>(options), updates);
         }});
  }
  optimizer.needs_lr = typed.needs_lr;
  optimizer.norms = std::move(typed.norms);
  optimizer.measure = std::move(typed.measure);
  if (typed.conflict != nullptr) {
    optimizer.conflict = [f = typed.conflict](const Attrs& options) {
      return f(*Unpack<A>(options));
    };
  }
  return optimizer;
}

}  // namespace lockstep::ops

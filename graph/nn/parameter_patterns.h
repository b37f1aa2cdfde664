// SPDX-License-Identifier: Apache-2.0
// Which parameters a recipe speaks of. A pattern is a glob over names ("layer1.*", "*.bias"; `*`
// stands for any characters, `?` for one) or a kind ("kind=norm").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lockstep::graph {

// What a parameter is in its layer: a weight, a bias, or the scale or shift of a normalisation.
enum class ParameterKind : uint8_t { kWeight, kBias, kNorm };
std::string_view ParameterKindName(ParameterKind kind);  // "weight", "bias", "norm"

struct NamedParameter {
  std::string name;
  ParameterKind kind = ParameterKind::kWeight;
};

// Fails, naming `shown` and what is known, where a pattern is empty or names an unknown kind.
Status CheckPattern(std::string_view pattern, std::string_view shown);
bool PatternMatches(std::string_view pattern, std::string_view name, ParameterKind kind);

// The parameters that a run does not train (`model.freeze`). The patterns are read in order, and
// the last one that matches a parameter decides: one that begins with `!` says that it is trained
// after all. So {"*", "!fc.*"} trains the layer `fc` alone.
class FrozenParameters {
 public:
  static Result<FrozenParameters> Parse(const std::vector<std::string>& patterns);

  bool empty() const { return rules_.empty(); }
  bool Has(std::string_view name, ParameterKind kind) const;
  // Fails where a pattern matches none of the parameters, with near names, and where no parameter
  // is left to train.
  Status CheckAgainst(const std::vector<NamedParameter>& parameters) const;

 private:
  struct Rule {
    std::string pattern;
    bool freezes = true;
  };
  std::vector<Rule> rules_;
};

// The failure of a pattern in the list `shown` that matches none of the parameters, with near
// names.
Status NothingMatches(std::string_view shown, std::string_view pattern,
                      const std::vector<NamedParameter>& parameters);

}  // namespace lockstep::graph

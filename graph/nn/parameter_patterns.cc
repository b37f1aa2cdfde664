// SPDX-License-Identifier: Apache-2.0
#include "graph/nn/parameter_patterns.h"

#include <algorithm>

#include "base/format.h"
#include "base/suggest.h"

namespace lockstep::graph {
namespace {

constexpr std::string_view kKindPrefix = "kind=";
constexpr std::string_view kFreezeKey = "model.freeze";
constexpr ParameterKind kKinds[] = {ParameterKind::kWeight, ParameterKind::kBias,
                                    ParameterKind::kNorm};

// Goes back to the last `*` where characters differ, so the time is at most the product of both
// lengths.
bool GlobMatches(std::string_view glob, std::string_view text) {
  size_t g = 0, t = 0, star = std::string_view::npos, after_star = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      after_star = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++after_star;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace

std::string_view ParameterKindName(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::kWeight:
      return "weight";
    case ParameterKind::kBias:
      return "bias";
    case ParameterKind::kNorm:
      return "norm";
  }
  return "";
}

Status CheckPattern(std::string_view pattern, std::string_view shown) {
  if (pattern.empty()) {
    return InvalidArgument(std::string(shown) +
                           " has a pattern without a character; expected names of parameters such "
                           "as \"layer1.*\", or a kind such as \"kind=norm\"");
  }
  if (!pattern.starts_with(kKindPrefix)) return OkStatus();
  const std::string_view kind = pattern.substr(kKindPrefix.size());
  std::string known;
  for (const ParameterKind one : kKinds) {
    if (ParameterKindName(one) == kind) return OkStatus();
    known += (known.empty() ? "" : ", ") + std::string(ParameterKindName(one));
  }
  return InvalidArgument(std::string(shown) + " has the pattern " + Quoted(pattern) +
                         "; the kinds of parameters are " + known);
}

bool PatternMatches(std::string_view pattern, std::string_view name, ParameterKind kind) {
  if (pattern.starts_with(kKindPrefix)) {
    return pattern.substr(kKindPrefix.size()) == ParameterKindName(kind);
  }
  return GlobMatches(pattern, name);
}

Status NothingMatches(std::string_view shown, std::string_view pattern,
                      const std::vector<NamedParameter>& parameters) {
  std::vector<std::string> names;
  for (const NamedParameter& parameter : parameters) names.push_back(parameter.name);
  const std::string near = NearestName(pattern, names);
  std::string known = "; did you mean " + Quoted(near) + "?";
  if (near.empty()) {
    known = "; they are named like " + Quoted(names.empty() ? "" : names.front()) + " and " +
            Quoted(names.empty() ? "" : names.back());
  }
  return InvalidArgument(std::string(shown) + " has the pattern " + Quoted(pattern) +
                         ", which matches no parameter that could be meant" + known);
}

Result<FrozenParameters> FrozenParameters::Parse(const std::vector<std::string>& patterns) {
  FrozenParameters frozen;
  for (const std::string& text : patterns) {
    const bool freezes = !text.starts_with('!');
    std::string pattern = freezes ? text : text.substr(1);
    RETURN_IF_ERROR(CheckPattern(pattern, kFreezeKey));
    frozen.rules_.push_back({std::move(pattern), freezes});
  }
  return frozen;
}

bool FrozenParameters::Has(std::string_view name, ParameterKind kind) const {
  const auto last = std::find_if(rules_.rbegin(), rules_.rend(), [&](const Rule& rule) {
    return PatternMatches(rule.pattern, name, kind);
  });
  return last != rules_.rend() && last->freezes;
}

Status FrozenParameters::CheckAgainst(const std::vector<NamedParameter>& parameters) const {
  for (const Rule& rule : rules_) {
    const bool any =
        std::any_of(parameters.begin(), parameters.end(), [&](const NamedParameter& one) {
          return PatternMatches(rule.pattern, one.name, one.kind);
        });
    if (!any) return NothingMatches(kFreezeKey, rule.pattern, parameters);
  }
  const bool all = std::all_of(parameters.begin(), parameters.end(),
                               [&](const NamedParameter& one) { return Has(one.name, one.kind); });
  if (!all || parameters.empty()) return OkStatus();
  return InvalidArgument(
      "model.freeze freezes all " + std::to_string(parameters.size()) +
      " parameters, so nothing would be trained; leave one out, for example with the pattern \"!" +
      parameters.back().name + "\" at the end of the list");
}

}  // namespace lockstep::graph

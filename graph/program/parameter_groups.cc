// SPDX-License-Identifier: Apache-2.0
#include "graph/program/parameter_groups.h"

#include <algorithm>

#include "base/format.h"
#include "base/suggest.h"

namespace lockstep::graph {
namespace {

constexpr std::string_view kGroupsKey = "optimizer.groups";

std::vector<std::string> SplitAtColons(const std::string& text) {
  std::vector<std::string> pieces;
  size_t begin = 0;
  for (size_t colon = text.find(':'); colon != std::string::npos; colon = text.find(':', begin)) {
    pieces.push_back(text.substr(begin, colon - begin));
    begin = colon + 1;
  }
  pieces.push_back(text.substr(begin));
  return pieces;
}

// Sets what "weight_decay=0" says.
Status SetOption(const std::string& text, const OptionList& known, Attrs* given) {
  const size_t equals = std::min(text.find('='), text.size());
  const std::string name = text.substr(0, equals);
  const Option* const option = known.Find(name);
  if (option == nullptr) {
    std::vector<std::string> names;
    for (const Option& one : known.options()) names.push_back(one.name);
    return InvalidArgument("a group has no option " + Quoted(name) + Suggestion(name, names));
  }
  if (given->Find(name) != nullptr) return InvalidArgument(Quoted(name) + " is given twice");
  const std::string value = text.substr(std::min(equals + 1, text.size()));
  ASSIGN_OR_RETURN(AttrValue read, option->Parse(value, name));
  given->Set(name, std::move(read));
  return OkStatus();
}

}  // namespace

Result<ParameterGroup> ParameterGroup::Parse(const std::string& text) {
  const std::vector<std::string> pieces = SplitAtColons(text);
  const std::string shown = std::string(kGroupsKey) + " " + Quoted(text);
  ParameterGroup group;
  group.pattern = pieces.front();
  RETURN_IF_ERROR(CheckPattern(group.pattern, shown));
  if (pieces.size() == 1) {
    return InvalidArgument(shown + " says nothing of its parameters; expected " + group.pattern +
                           ":option=value, with the options " + ListOf<GroupOptions>().NamesText());
  }
  const OptionList known = ListOf<GroupOptions>();
  Attrs given;
  for (size_t i = 1; i < pieces.size(); ++i) {
    RETURN_IF_ERROR(SetOption(pieces[i], known, &given).WithContext(shown));
  }
  ASSIGN_OR_RETURN(const Attrs complete, known.Complete(given, shown));
  ASSIGN_OR_RETURN(group.options, Unpack<GroupOptions>(complete));
  return group;
}

Result<std::vector<ParameterGroup>> ParseGroups(const std::vector<std::string>& texts) {
  std::vector<ParameterGroup> groups;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(ParameterGroup group, ParameterGroup::Parse(text));
    groups.push_back(std::move(group));
  }
  return groups;
}

Result<std::vector<int32_t>> AssignGroups(const std::vector<ParameterGroup>& groups,
                                          const std::vector<NamedParameter>& parameters) {
  std::vector<int32_t> group_of;
  std::vector<bool> used(groups.size()), matches(groups.size());
  for (const NamedParameter& parameter : parameters) {
    int32_t found = -1;
    for (size_t i = 0; i < groups.size(); ++i) {
      if (!PatternMatches(groups[i].pattern, parameter.name, parameter.kind)) continue;
      matches[i] = true;
      if (found < 0) found = static_cast<int32_t>(i);
    }
    if (found >= 0) used[static_cast<size_t>(found)] = true;
    group_of.push_back(found);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    if (used[i]) continue;
    if (!matches[i]) return NothingMatches(kGroupsKey, groups[i].pattern, parameters);
    return InvalidArgument(std::string(kGroupsKey) + " has the pattern " +
                           Quoted(groups[i].pattern) +
                           ", and the groups before it have all of its parameters: the first that "
                           "matches counts, so put it before them or remove it");
  }
  return group_of;
}

}  // namespace lockstep::graph

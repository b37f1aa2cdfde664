// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the nearest known name to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// The name with the smallest edit distance, if that is at most a third of its length (at least 2);
// empty otherwise.
std::string NearestName(std::string_view typed, std::span<const std::string> known);

// "; did you mean 'x'?" or "; known are a, b, c".
std::string Suggestion(std::string_view typed, const std::vector<std::string>& known);

}  // namespace lockstep

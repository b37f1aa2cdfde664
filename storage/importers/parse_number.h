// SPDX-License-Identifier: Apache-2.0
// Numbers as annotation files hold them: the whole text, with spaces around it, is one number.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lockstep::storage {

std::string_view WithoutSpaces(std::string_view text);  // around it

// A finite decimal number that a float can hold: 3, -1.5, 2e3. Nothing where the text is no such.
std::optional<float> ParseFloat(std::string_view text);

// A whole number from 0 to `most`, of digits alone.
std::optional<int64_t> ParseCount(std::string_view text, int64_t most);

}  // namespace lockstep::storage

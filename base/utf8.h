// SPDX-License-Identifier: Apache-2.0
// Whether text is UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace lockstep {

// The bytes of the character that a text, which is not empty, begins with; 0 where it is none.
size_t Utf8Length(std::string_view text);
bool IsUtf8(std::string_view text);

}  // namespace lockstep

// SPDX-License-Identifier: Apache-2.0
// The letters that pictures are labelled with: printable ASCII, 5 pixels wide and 8 high, of which
// the lowest row is for what hangs below the line. They are drawn in font.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::cluster {

inline constexpr int64_t kGlyphWidth = 5;
inline constexpr int64_t kGlyphHeight = 8;
inline constexpr int64_t kGlyphAdvance = kGlyphWidth + 1;  // from a letter to the next

// Whether the letter has ink there; `character` is one of PrintableText.
bool GlyphInk(char character, int64_t row, int64_t column);

// UTF-8 as letters that there are: every other character is a '?', however many bytes it has.
std::string PrintableText(std::string_view text);

// At most `letters` of a text that PrintableText made; where it is longer, it ends with "..".
std::string Shortened(std::string_view text, int64_t letters);

}  // namespace lockstep::cluster

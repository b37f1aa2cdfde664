// SPDX-License-Identifier: Apache-2.0
// Format: text as std::printf would write it, for the columns and decimals of reports; and the
// small texts that messages share.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace lockstep {

// The text is as long as it has to be. The compiler checks the arguments against `format`.
[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...);

std::string Quoted(std::string_view name);  // "'name'"
std::string SecondsText(Duration d);        // "1.5 s"

}  // namespace lockstep

// SPDX-License-Identifier: Apache-2.0
// Format: text as std::printf would write it, for the columns and decimals of reports.
#pragma once

#include <string>

namespace lockstep {

// The text is as long as it has to be. The compiler checks the arguments against `format`.
[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...);

}  // namespace lockstep

// SPDX-License-Identifier: Apache-2.0
// What a file is that was expected to be something else: the mistakes that people make with
// downloads and with the files of other programs.
#pragma once

#include <string>
#include <string_view>

namespace lockstep::storage {

// "a git-lfs pointer, not the file itself; fetch that with `git lfs pull`", from how the file
// begins; empty where that says nothing. Only a guess for a message about a file that was refused.
std::string ForeignFileText(std::string_view bytes);

}  // namespace lockstep::storage

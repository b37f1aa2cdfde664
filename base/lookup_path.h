// SPDX-License-Identifier: Apache-2.0
// Paths in messages: a relative one means nothing without the folder that it was looked up from.
#pragma once

#include <string>

namespace lockstep {

// "'data/a.ldb' (looked up from '/home/ann')", or "'/data/a.ldb'" where the path is absolute.
std::string LookupPathText(const std::string& path);

}  // namespace lockstep

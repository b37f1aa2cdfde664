// SPDX-License-Identifier: Apache-2.0
// The spool: a file without a name, in which contents are laid down to be read at any place.
#pragma once

#include <string>

#include "base/status.h"
#include "storage/source/open_file.h"

namespace lockstep::storage {

// Makes a file at `path`, at which nothing may be, and takes its name away again, so that nothing
// stays behind whatever happens. It is open for reading and writing; its `size()` stays 0.
Result<OpenFile> MakeSpool(const std::string& path);

}  // namespace lockstep::storage

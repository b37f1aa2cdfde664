// SPDX-License-Identifier: Apache-2.0
// A disk without room, said so that a person knows which.
#pragma once

#include <string>

#include "base/status.h"

namespace lockstep::storage {

// Whether this failure is that of a write for which the disk, or the share of it that its user may
// have, had no room. Others are resource-exhausted too: no memory, no thread, a file too large.
bool IsFullDisk(const Status& status);

// Where the disk was full: that it was, for the dataset at `out`, and what to do. Any other status
// comes back as it is.
Status ExplainFullDisk(const Status& status, const std::string& out);

}  // namespace lockstep::storage

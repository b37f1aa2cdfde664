// SPDX-License-Identifier: Apache-2.0
// Where a run may live: in a directory that is not there yet, is empty, or is a run's already, and
// that lies in no dataset and no other run. Anything else is refused by name, for a run writes,
// cuts and removes files under names of its own.
#pragma once

#include <string>

#include "base/status.h"

namespace lockstep::worker {

// Whether the directory `path`, which is there, is a run's. Already-exists where it is none and is
// not empty, and where it is a dataset or lies in one or in another run.
Result<bool> HoldsRun(const std::string& path);

// Checks a path that need not be there yet, before it is made, by the same rules.
// Invalid-argument: an empty path.
Status CheckRunPlace(const std::string& path);

}  // namespace lockstep::worker

// SPDX-License-Identifier: Apache-2.0
// `lockstep models`: the networks a recipe can name.
#pragma once

#include <string>

#include "base/status.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

// Each model with its parameter count for the classes it was described for; only those whose name
// holds `filter`.
Status RunModels(const std::string& filter, Console* console);

}  // namespace lockstep::cluster

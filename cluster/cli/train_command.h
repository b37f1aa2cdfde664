// SPDX-License-Identifier: Apache-2.0
// `lockstep train`: a recipe becomes a run directory.
#pragma once

#include <string>

namespace lockstep::cluster {

// "runs/lenet5" for "recipes/lenet5.toml".
std::string DefaultRunDirectory(const std::string& recipe);

}  // namespace lockstep::cluster

// SPDX-License-Identifier: Apache-2.0
// Recipes: the TOML files that say everything about a run, read strictly. A typo, a wrong type, an
// impossible value, a duplicate, a key that would do nothing: each is an error with file:line:col
// and a suggestion, before anything else happens. All of them are reported at once.
//
//   ASSIGN_OR_RETURN(TrainConfig config, LoadRecipe("lenet5.toml", {"optimizer.lr=0.05"}));
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "worker/config/train_config.h"

namespace lockstep::cluster {

// A recipe file may include one other, which includes none: include = "base.toml", relative to the
// file. What the file says itself replaces what the included one says; where it names another
// model, loss, optimizer or schedule, all that the included one says of that group is left out.
//
// Reads a recipe file and the overrides of a command line ("key=value": the value as in TOML; for
// strings bare words do, for lists bare words separated by commas). An override beats the file.
// The result also holds recipe_hash and recipe_text, the resolved recipe: every key with its value
// and where that came from, itself a recipe that gives the same configuration.
//
// Errors: not-found or a system error for the file; otherwise invalid-argument, one line for each
// problem, each starting with file:line:col or with the argument that caused it.
Result<worker::TrainConfig> LoadRecipe(const std::string& path,
                                       const std::vector<std::string>& overrides);

// Reads a recipe from a text, which includes no other; `name` stands for the file in messages.
Result<worker::TrainConfig> ParseRecipe(std::string_view text, const std::string& name,
                                        const std::vector<std::string>& overrides);

}  // namespace lockstep::cluster

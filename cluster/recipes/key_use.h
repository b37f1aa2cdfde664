// SPDX-License-Identifier: Apache-2.0
// Which keys of a recipe a command uses. `lockstep train` uses all; any other says here what it
// reads, and refuses key=value of anything else: it would do nothing, and the person who gave it
// would take the result for that of another setting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "worker/config/train_config.h"

namespace lockstep::cluster {

struct CommandKeys {
  std::string_view command;       // "eval"
  std::vector<std::string> keys;  // in the order in which a refusal lists them
};

// The keys of `eval`: the run's recipe decides about the weights, but not what they are evaluated
// on.
const CommandKeys& EvalKeys();
const CommandKeys& ExplainKeys();
const CommandKeys& TuneKeys();
const CommandKeys& DataOrderKeys();
// The dataset is given beside the recipe.
const CommandKeys& DataShowKeys();
const CommandKeys& BenchInputKeys();

// Loads a recipe as LoadRecipe does (recipe.h), and fails with invalid-argument, a line for each,
// where an override is of a key that the command does not use. The file may hold any key, since it
// is the recipe of a run.
Result<worker::TrainConfig> LoadRecipeFor(const CommandKeys& use, const std::string& path,
                                          const std::vector<std::string>& overrides);

}  // namespace lockstep::cluster

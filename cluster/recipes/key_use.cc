// SPDX-License-Identifier: Apache-2.0
#include "cluster/recipes/key_use.h"

#include <algorithm>

#include "cluster/recipes/recipe.h"
#include "cluster/recipes/schema.h"

namespace lockstep::cluster {
namespace {

std::string Listed(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += (text.empty() ? "" : ", ") + key;
  return text;
}

// `keys`, where "model.*" stands for the options of all models.
CommandKeys Uses(std::string_view command, const std::vector<std::string>& keys) {
  CommandKeys use = {command, {}};
  for (const std::string& key : keys) {
    if (key.back() != '*') {
      use.keys.push_back(key);
      continue;
    }
    for (const RecipeKey& one : RecipeKeys()) {
      if (one.of_part() && one.group() + ".*" == key) use.keys.push_back(one.name);
    }
  }
  return use;
}

}  // namespace

const CommandKeys& EvalKeys() {
  static const CommandKeys kKeys =
      Uses("eval",
           {"data.dataset", "data.train", "data.val", "batch.lane_threads", "train.kernels",
            "train.kernel_file", "train.cpu_isa", "augment.val", "eval.batch", "eval.weights",
            "eval.max_rows_mib", "run.device", "run.cores", "run.lanes_at_once", "task_options.*"});
  return kKeys;
}

const CommandKeys& ExplainKeys() {
  static const CommandKeys kKeys =
      Uses("explain",
           {"data.dataset",       "data.train",        "data.val",          "model.name",
            "model.classes",      "model.*",           "batch.lanes",       "batch.lane_batch",
            "batch.lane_threads", "train.epochs",      "train.precision",   "train.max_steps",
            "train.kernels",      "train.kernel_file", "train.cpu_isa",     "train.recompute",
            "optimizer.name",     "optimizer.lr",      "optimizer.*",       "augment.train",
            "augment.val",        "eval.batch",        "eval.max_rows_mib", "run.device",
            "run.cores",          "run.lanes_at_once", "model.freeze",      "model.frozen_norms",
            "optimizer.groups",   "train.ema_decay",   "task_options.*"});
  return kKeys;
}

const CommandKeys& TuneKeys() {
  static const CommandKeys kKeys =
      Uses("tune", {"data.dataset",       "data.train",      "data.val",       "model.name",
                    "model.classes",      "model.*",         "batch.lanes",    "batch.lane_batch",
                    "batch.lane_threads", "train.precision", "train.kernels",  "train.cpu_isa",
                    "loss.name",          "loss.*",          "optimizer.name", "optimizer.lr",
                    "optimizer.*",        "augment.train",   "augment.val",    "eval.batch",
                    "eval.max_rows_mib",  "run.device",      "model.freeze",   "model.frozen_norms",
                    "optimizer.groups",   "train.ema_decay", "task_options.*"});
  return kKeys;
}

const CommandKeys& DataOrderKeys() {
  static const CommandKeys kKeys =
      Uses("data order", {"data.dataset", "data.train", "data.window_shards", "batch.lanes",
                          "batch.lane_batch", "train.epochs", "train.seed"});
  return kKeys;
}

const CommandKeys& DataShowKeys() {
  static const CommandKeys kKeys = Uses("data show", {"data.train", "augment.train", "train.seed"});
  return kKeys;
}

const CommandKeys& BenchInputKeys() {
  static const CommandKeys kKeys =
      Uses("bench input", {"data.dataset", "data.train", "data.window_shards", "batch.lanes",
                           "batch.lane_batch", "train.precision", "train.seed", "augment.train"});
  return kKeys;
}

Result<worker::TrainConfig> LoadRecipeFor(const CommandKeys& use, const std::string& path,
                                          const std::vector<std::string>& overrides) {
  std::string problems;
  for (const std::string& argument : overrides) {
    const std::string name = argument.substr(0, argument.find('='));
    if (FindRecipeKey(name) == nullptr) continue;  // LoadRecipe says so, with a suggestion
    if (std::find(use.keys.begin(), use.keys.end(), name) != use.keys.end()) continue;
    problems += (problems.empty() ? "" : "\n") + ("argument '" + argument + "': `lockstep ") +
                std::string(use.command) + "` does not use '" + name +
                "', so it would do nothing: remove it";
  }
  if (problems.empty()) return LoadRecipe(path, overrides);
  return InvalidArgument(problems + "\n`lockstep " + std::string(use.command) + "` uses " +
                         Listed(use.keys));
}

}  // namespace lockstep::cluster

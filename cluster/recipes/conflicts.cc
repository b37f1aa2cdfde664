// SPDX-License-Identifier: Apache-2.0
#include "cluster/recipes/conflicts.h"

#include "cluster/recipes/part_lists.h"
#include "cluster/recipes/schema.h"
#include "graph/models/models.h"
#include "graph/program/parameter_groups.h"
#include "storage/augment/augment.h"

namespace lockstep::cluster {
namespace {

using worker::TrainConfig;

void FindPrecisionConflicts(const TrainConfig& config, std::vector<Conflict>* conflicts) {
  if (config.precision != DType::kFloat64) return;
  if (config.batch.lanes != 1) {
    conflicts->push_back({{"train.precision", "batch.lanes"},
                          "train.precision = \"fp64\" needs batch.lanes = 1, not " +
                              std::to_string(config.batch.lanes) +
                              " (gradients cross lanes as fp32); set batch.lanes = 1"});
  }
}

// Keys of kernels that fp64 does not have. Beside train.kernels = "reference" they are found with
// the idle keys.
void FindKernelConflicts(const TrainConfig& config, std::vector<Conflict>* conflicts) {
  if (config.precision != DType::kFloat64) return;
  const auto idle = [&](const std::string& key, const std::string& value) {
    conflicts->push_back({{key, "train.precision"},
                          key + " = \"" + value +
                              "\" does nothing with train.precision = \"fp64\", which has "
                              "reference kernels only: remove it"});
  };
  if (!config.kernel_file.empty()) idle("train.kernel_file", config.kernel_file);
  if (config.cpu_isa != "native") idle("train.cpu_isa", config.cpu_isa);
}

void FindThreadConflicts(const TrainConfig& config, std::vector<Conflict>* conflicts) {
  if (config.batch.lane_threads == 1 || !config.reference_kernels()) return;
  conflicts->push_back({{"batch.lane_threads", "train.kernels"},
                        "batch.lane_threads = " + std::to_string(config.batch.lane_threads) +
                            ", but reference kernels run one thread per lane; set it to 1 (lanes "
                            "still run at once, one a core)"});
}

void FindOptionConflicts(const TrainConfig& config, std::vector<Conflict>* conflicts) {
  if (config.schedule.warmup_epochs > config.epochs) {
    conflicts->push_back({{"schedule.warmup_epochs", "train.epochs"},
                          "schedule.warmup_epochs = " + OptionText(config.schedule.warmup_epochs) +
                              " is longer than train.epochs = " + std::to_string(config.epochs)});
  }
  for (PartConflict& conflict : FindPartConflicts(config)) {
    conflicts->push_back({std::move(conflict.keys), std::move(conflict.message)});
  }
}

// Keys whose value differs from the default but that are never read.
void FindIdleKeys(const TrainConfig& config, std::vector<Conflict>* conflicts) {
  for (const RecipeKey& key : RecipeKeys()) {
    if (key.only_with_key.empty() || key.get(config) == key.option().default_value) continue;
    const auto other = std::get<std::string>(*FindRecipeKey(key.only_with_key)->get(config));
    if (other == key.only_with_value) continue;
    conflicts->push_back({{key.name, key.only_with_key},
                          "'" + key.name + "' does nothing with " + key.only_with_key + " = \"" +
                              other + "\"; it belongs to \"" + key.only_with_value +
                              "\": remove it or change " + key.only_with_key});
  }
}

void FindNameConflicts(const TrainConfig& config, std::vector<Conflict>* conflicts) {
  if (auto model = graph::FindModel(config.model.name); !model.ok()) {
    conflicts->push_back({{"model.name"}, model.status().message()});
  }
  const storage::ChannelStatistics any = {.mean = {0.5}, .std = {0.5}};
  const std::pair<const char*, const std::vector<std::string>*> lists[] = {
      {"augment.train", &config.augment_train}, {"augment.val", &config.augment_val}};
  for (const auto& [key, operations] : lists) {
    auto parsed = storage::Augmentation::Parse(*operations, any);
    Status status = parsed.status();
    if (parsed.ok() && operations == &config.augment_val) status = parsed->RequireDeterministic();
    if (!status.ok()) conflicts->push_back({{key}, status.WithContext(key).message()});
  }
}

void FindAverageConflicts(const TrainConfig& config, std::vector<Conflict>* conflicts) {
  if (config.eval.weights != "ema" || config.ema_decay > 0) return;
  conflicts->push_back({{"eval.weights", "train.ema_decay"},
                        "eval.weights = \"ema\", and no average of the weights is kept: set "
                        "train.ema_decay, for example to 0.999, or remove eval.weights"});
}

// What can be seen of groups before the model is made; whether they match anything comes then.
void FindGroupConflicts(const TrainConfig& config, std::vector<Conflict>* conflicts) {
  if (const auto parsed = graph::FrozenParameters::Parse(config.model.freeze); !parsed.ok()) {
    conflicts->push_back({{"model.freeze"}, parsed.status().message()});
  }
  const auto groups = graph::ParseGroups(config.optimizer.groups);
  if (!groups.ok()) conflicts->push_back({{"optimizer.groups"}, groups.status().message()});
  for (size_t i = 0; groups.ok() && i < groups->size(); ++i) {
    if ((*groups)[i].options.unfreeze_epoch < config.epochs) continue;
    conflicts->push_back(
        {{"optimizer.groups", "train.epochs"},
         "optimizer.groups '" + config.optimizer.groups[i] +
             "' is never trained in train.epochs = " + std::to_string(config.epochs) +
             ": make unfreeze_epoch smaller, or freeze it for the whole run with "
             "model.freeze"});
  }
  if (config.model.freeze.empty() && config.model.frozen_norms != "keep") {
    conflicts->push_back({{"model.frozen_norms"},
                          "model.frozen_norms = \"" + config.model.frozen_norms +
                              "\" does nothing where model.freeze is empty: remove it, or freeze "
                              "something"});
  }
}

}  // namespace

std::vector<Conflict> FindConflicts(const TrainConfig& config) {
  std::vector<Conflict> conflicts;
  FindNameConflicts(config, &conflicts);
  FindPrecisionConflicts(config, &conflicts);
  FindKernelConflicts(config, &conflicts);
  FindThreadConflicts(config, &conflicts);
  FindOptionConflicts(config, &conflicts);
  FindGroupConflicts(config, &conflicts);
  FindAverageConflicts(config, &conflicts);
  FindIdleKeys(config, &conflicts);
  return conflicts;
}

Status CheckRanks(const TrainConfig& config, const std::string& launcher) {
  const std::string ranks = std::to_string(config.run.ranks);
  const std::string lanes = std::to_string(config.batch.lanes);
  if (config.run.ranks >= 1 && config.run.ranks <= config.batch.lanes) return OkStatus();
  if (config.run.ranks < 1) {
    return InvalidArgument("--ranks " + ranks + ": a run needs at least 1 rank");
  }
  const bool launched = !launcher.empty();
  return InvalidArgument(
      (launched ? launcher + " started " + ranks + " ranks" : "--ranks " + ranks) +
      ": the recipe has batch.lanes = " + lanes + ", and a rank needs at least one lane; " +
      (launched ? "start " + lanes + (config.batch.lanes == 1 ? " rank" : " ranks or fewer") +
                      " (-np or -n " + lanes + ")"
                : "use --ranks " + lanes + (config.batch.lanes == 1 ? "" : " or fewer")) +
      ", or a recipe with more lanes (lanes are part of the mathematics: another number gives "
      "another run)");
}

}  // namespace lockstep::cluster

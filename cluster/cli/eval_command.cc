// SPDX-License-Identifier: Apache-2.0
// `lockstep eval`: weights or a checkpoint of a run, evaluated again, with the kernels the run was
// trained with unless train.kernel_file is among the overrides.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/cli/command.h"
#include "cluster/cli/progress.h"
#include "cluster/recipes/key_use.h"
#include "worker/model/run_kernels.h"
#include "worker/report/named_weights.h"
#include "worker/run/evaluate.h"

namespace lockstep::cluster {
namespace {

struct EvalOptions {
  std::string weights;                 // as worker/report/named_weights.h reads it; of a run
  std::vector<std::string> overrides;  // key=value, over the run's recipe
  std::string split;                   // empty: the recipe's data.val
};

bool NamesKernelFile(const std::vector<std::string>& overrides) {
  return std::any_of(overrides.begin(), overrides.end(), [](const std::string& override) {
    return override.starts_with("train.kernel_file=");
  });
}

Status RunEval(const EvalOptions& options, Console* console) {
  ASSIGN_OR_RETURN(const worker::NamedWeights weights, worker::FindWeights(options.weights));
  const std::string& run = weights.run_directory;
  if (run.empty()) {
    return InvalidArgument("'" + weights.path +
                           "' lies in no run directory, and only a run says with which model, "
                           "dataset and split to evaluate; put the file beside the recipe.toml of "
                           "its run");
  }
  ASSIGN_OR_RETURN(worker::TrainConfig config,
                   LoadRecipeFor(EvalKeys(), run + "/recipe.toml", options.overrides));
  if (!options.split.empty()) config.data.val = options.split;
  // The run's own copy: the file that its recipe names may have become another.
  const std::string copy = run + "/" + worker::kKernelFileCopy;
  if (!config.kernel_file.empty() && !NamesKernelFile(options.overrides) &&
      std::filesystem::exists(copy)) {
    config.kernel_file = copy;
  }
  std::optional<Progress> progress(std::in_place, console, "evaluation", "batches");
  const auto result = worker::EvaluateWeights(
      config, weights.path,
      [&](int64_t done, int64_t batches) { progress->Update(done, batches); });
  progress.reset();  // removes the bar
  RETURN_IF_ERROR(result.status());
  char line[160];
  std::snprintf(line, sizeof(line), "Acc@1 %.2f  loss %.6f  (%s of %s right)\n",
                100.0 * result->accuracy(), result->loss, CountText(result->correct).c_str(),
                CountText(result->samples).c_str());
  console->out << "Split " << config.data.val << ": " << line;
  if (weights.is_checkpoint) console->out << "Weights " << weights.path << "\n";
  return OkStatus();
}

}  // namespace

Command EvalCommand() {
  const auto o = std::make_shared<EvalOptions>();
  return {.name = "eval",
          .description = R"(Evaluate the trained weights of a run.

Examples:
  lockstep eval runs/lenet5-fashion-mnist
  lockstep eval runs/lenet5-fashion-mnist@best
  lockstep eval runs/lenet5-fashion-mnist@1200
  lockstep eval runs/lenet5-fashion-mnist --split train
  lockstep eval runs/lenet5-fashion-mnist data.dataset=/elsewhere/fashion-mnist.ldb
)",
          .options = {{"WEIGHTS",
                       &o->weights,
                       "RUN, RUN@best, RUN@STEP, RUN@CHECKPOINT, or the path of a run's checkpoint "
                       "or safetensors file",
                       {.required = true}},
                      Overrides(&o->overrides),
                      {"--split", &o->split, "Split; default: the recipe's data.val"}},
          .run = [o](Console* console) { return RunEval(*o, console); }};
}

}  // namespace lockstep::cluster

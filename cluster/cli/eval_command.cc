// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/eval_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cluster/recipes/key_use.h"
#include "worker/eval/evaluate.h"
#include "worker/report/finished_run.h"
#include "worker/tuning/run_kernels.h"

namespace lockstep::cluster {
namespace {

// Not-found where the directory is not that of a finished run.
Status CheckRunFile(const std::string& run, const std::string& file, const std::string& remedy) {
  std::error_code error;
  if (std::filesystem::is_regular_file(run + "/" + file, error)) return OkStatus();
  if (!std::filesystem::is_directory(run, error)) {
    return NotFound("there is no run directory '" + run +
                    "'; `lockstep train` says where it puts one");
  }
  return NotFound("'" + run + "' has no " + file + ": " + remedy);
}

bool NamesKernelFile(const std::vector<std::string>& overrides) {
  return std::any_of(overrides.begin(), overrides.end(), [](const std::string& override) {
    return override.starts_with("train.kernel_file=");
  });
}

}  // namespace

Status RunEval(const EvalOptions& options, Console* console) {
  const std::string& run = options.run_directory;
  RETURN_IF_ERROR(CheckRunFile(run, "recipe.toml", "it is not the directory of a run"));
  const bool ended = std::filesystem::exists(run + "/summary.json");
  RETURN_IF_ERROR(
      CheckRunFile(run, "model.safetensors",
                   ended ? "the run was stopped or has failed (its summary.json says why); the "
                           "same `lockstep train` command goes on with it"
                         : "the run still runs, or was stopped: the same `lockstep "
                           "train` command goes on with it"));
  if (const Status whole = worker::VerifyFinishedRun(run).status(); !whole.ok()) {
    return Status(whole.code(), whole.message() +
                                    "; the run's `lockstep train` command makes what it left again "
                                    "from its last checkpoint");
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
  ASSIGN_OR_RETURN(const worker::EvalResult result,
                   worker::EvaluateWeights(config, run + "/model.safetensors"));
  char line[160];
  std::snprintf(line, sizeof(line), "Acc@1 %.2f  loss %.6f  (%s of %s right)\n",
                100.0 * result.accuracy(), result.loss, CountText(result.correct).c_str(),
                CountText(result.samples).c_str());
  console->out << "Split " << config.data.val << ": " << line;
  return OkStatus();
}

}  // namespace lockstep::cluster

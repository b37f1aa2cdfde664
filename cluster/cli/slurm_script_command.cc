// SPDX-License-Identifier: Apache-2.0
// `lockstep slurm-script`: a recipe becomes a script for sbatch.
#include <unistd.h>

#include <climits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cluster/cli/command.h"
#include "cluster/cli/train_command.h"
#include "cluster/recipes/recipe.h"
#include "cluster/slurm/batch_script.h"
#include "cluster/slurm/last_stop.h"
#include "cluster/slurm/tool.h"

namespace lockstep::cluster {
namespace {

// A login node's controller may be busy.
constexpr auto kSubmitLimit = std::chrono::minutes(2);

struct SlurmScriptOptions {
  BatchScript script;
  std::optional<std::string> run_directory;
  bool submit = false;
};

// Where this very program lies; inside an image it is found on the PATH.
std::string ProgramPath(const BatchScript& script) {
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (!script.apptainer.empty() || size <= 0) return "lockstep";
  return std::string(path, static_cast<size_t>(size));
}

Status Submit(const std::string& text, const BatchScript& script, Console* console) {
  const Result<ToolOutput> said = RunTool({"sbatch"}, text, Deadline::In(kSubmitLimit));
  if (said.status().code() == StatusCode::kNotFound) {
    return FailedPrecondition(
        "there is no sbatch on the PATH: leave --submit out, and give what is printed to sbatch "
        "on a machine of the cluster");
  }
  RETURN_IF_ERROR(said.status());
  if (said->exit_code == 0) {
    console->out << said->out;
    return OkStatus();
  }
  std::string message = said->err.empty() ? LastWords(*said) : said->err;
  while (message.ends_with('\n')) message.pop_back();
  const auto has = [&](const char* words) { return message.find(words) != std::string::npos; };
  if (has("ontact slurm controller") || has("configuration source")) {
    return Unavailable("sbatch reached no controller of SLURM: " + message +
                       "\nsubmit on a machine of the cluster, or once `scontrol ping` says that "
                       "the controller is up; without --submit the script is printed");
  }
  const bool partition = has("artition");
  return InvalidArgument(
      "sbatch refused the script: " + message + "\n" +
      (partition ? "`sinfo` lists the partitions of this SLURM and their limits; --partition was " +
                       (script.partition.empty() ? "not given" : "'" + script.partition + "'")
                 : "change what it names; without --submit the script is printed"));
}

Status RunSlurmScript(const SlurmScriptOptions& options, Console* console) {
  BatchScript script = options.script;
  ASSIGN_OR_RETURN(const worker::TrainConfig config, LoadRecipe(script.recipe, script.overrides));
  script.run_directory = options.run_directory.value_or(DefaultRunDirectory(script.recipe));
  if (script.run_directory.empty()) {
    return InvalidArgument("--run is empty; name a directory, or leave --run out for " +
                           DefaultRunDirectory(script.recipe));
  }
  script.job_margin = config.run.job_margin;
  script.program = ProgramPath(script);
  // A damaged record of the last start is train's to tell.
  const auto last = ReadLastStop(script.run_directory);
  const double stop_seconds = last.ok() && last->has_value() ? (*last)->stop_seconds : 0.0;
  RETURN_IF_ERROR(CheckBatchScript(script, config.batch.lanes, stop_seconds));
  const std::string text = BatchScriptText(script);
  if (options.submit) return Submit(text, script, console);
  console->out << text;
  return OkStatus();
}

}  // namespace

Command SlurmScriptCommand() {
  const auto o = std::make_shared<SlurmScriptOptions>();
  BatchScript& script = o->script;
  return {
      .name = "slurm-script",
      .description = R"(Print a batch script that trains a recipe as a SLURM job.

Examples:
  lockstep slurm-script recipe.toml --nodes 2 --ntasks-per-node 4 > train.sh && sbatch train.sh
  lockstep slurm-script recipe.toml --nodes 1 --ntasks-per-node 4 --cpus-per-task 8 --submit
  lockstep slurm-script recipe.toml --nodes 1 --ntasks-per-node 2 --time 20 --array 30
  lockstep slurm-script recipe.toml --nodes 4 --ntasks-per-node 2 --launcher mpirun
  lockstep slurm-script recipe.toml --nodes 1 --ntasks-per-node 4 --apptainer lockstep.sif

Nothing is submitted without --submit. The job stops with a checkpoint before its time ends, and is
queued again until the run is finished; docs/slurm.md explains every line.
)",
      .options =
          {{"RECIPE", &script.recipe, "Recipe file (TOML)", {.required = true}},
           Overrides(&script.overrides),
           {"--run", &o->run_directory, "Run directory; default: runs/<the recipe's file name>"},
           {"--nodes", &script.nodes, "Nodes", {.shows_default = true}},
           {"--ntasks-per-node", &script.ntasks_per_node, "Ranks on each", {.shows_default = true}},
           {"--gpus-per-node", &script.gpus_per_node, "Devices on each; 0: a job for CPUs"},
           {"--cpus-per-task", &script.cpus_per_task, "Cores of a rank; 0: as the cluster gives"},
           {"--time",
            &script.time,
            "Time limit of one job, as sbatch takes it: minutes, HH:MM:SS, D-HH:MM:SS",
            {.shows_default = true}},
           {"--notice",
            &script.notice,
            "Seconds before that at which the run is asked to stop; more than a step and a "
            "checkpoint take",
            {.shows_default = true}},
           {"--partition", &script.partition, "Partition; default: the cluster's"},
           {"--array", &script.array,
            "So many jobs, one after the other; 0: one that is queued again"},
           {"--launcher",
            &script.launcher,
            "What starts the ranks",
            {.shows_default = true, .choices = {"srun", "mpirun"}}},
           {"--apptainer", &script.apptainer, "Image that has the program"},
           {"--submit", &o->submit, "Give the script to sbatch instead of printing it"}},
      .run = [o](Console* console) { return RunSlurmScript(*o, console); }};
}

}  // namespace lockstep::cluster

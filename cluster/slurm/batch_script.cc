// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/batch_script.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/format.h"
#include "cluster/slurm/controller.h"
#include "cluster/slurm/last_stop.h"

namespace lockstep::cluster {
namespace {

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./=:,+@%").find(c) != std::string_view::npos;
}

// What SLURM, its log names and a shell all take for a name.
std::string JobName(const std::string& recipe) {
  std::string name = std::filesystem::path(recipe).stem().string();
  for (char& c : name) {
    const bool fits = IsPlain(c) && std::string_view("./=:,+@%").find(c) == std::string_view::npos;
    if (!fits) c = '-';
  }
  return "lockstep-" + name;
}

Status CheckCount(const char* option, int64_t value, int64_t least, const char* what) {
  if (value >= least) return OkStatus();
  return InvalidArgument(std::string(option) + " " + std::to_string(value) + ": a job needs at " +
                         "least " + std::to_string(least) + " " + what);
}

Status CheckTexts(const BatchScript& script) {
  const bool plain = std::all_of(script.partition.begin(), script.partition.end(), IsPlain);
  if (!plain) {
    return InvalidArgument("--partition '" + script.partition +
                           "' is no name of a partition; `sinfo` lists those of this SLURM");
  }
  std::vector<const std::string*> words = {&script.program, &script.recipe, &script.run_directory,
                                           &script.apptainer};
  for (const std::string& one : script.overrides) words.push_back(&one);
  for (const std::string* word : words) {
    if (word->find_first_of("\n\r") == std::string::npos) continue;
    return InvalidArgument("'" + *word + "' has a line break in it, which no script can hold");
  }
  return OkStatus();
}

Status CheckTime(const BatchScript& script, double stop_seconds) {
  ASSIGN_OR_RETURN(const Duration limit, ParseTimeLimit(script.time));
  const double seconds = std::chrono::duration<double>(limit).count();
  if (script.notice < 1 || script.notice > 65535) {
    return InvalidArgument("--notice " + std::to_string(script.notice) +
                           ": SLURM takes from 1 to 65535 seconds");
  }
  if (stop_seconds > script.notice) {
    return InvalidArgument("--notice " + std::to_string(script.notice) +
                           ": a step and a checkpoint of this run have taken " +
                           Format("%.0f", std::ceil(stop_seconds)) + " s; give --notice " +
                           Format("%.0f", std::ceil(2 * stop_seconds)) + " or more");
  }
  const std::string given = "--time " + script.time + " is " + Format("%.0f", seconds) + " s, and ";
  if (seconds <= script.notice) {
    return InvalidArgument(given + "the run is asked to stop " + std::to_string(script.notice) +
                           " s before its end, to save: give a longer --time, or a shorter "
                           "--notice where one step and one save are quicker");
  }
  if (script.job_margin <= 0 || seconds > script.job_margin + stop_seconds) return OkStatus();
  const std::string measured = stop_seconds > 0
                                   ? ", and a step and a checkpoint of this run have taken " +
                                         Format("%.0f", std::ceil(stop_seconds)) + " s"
                                   : "";
  return InvalidArgument(given + "the run keeps run.job_margin = " +
                         Format("%g", script.job_margin) + " s free before its end" + measured +
                         ": it would refuse to start; give a longer --time, or set "
                         "run.job_margin lower (0: the run does not watch the job's time)");
}

std::string Directives(const BatchScript& script) {
  std::string text;
  const auto add = [&text](const std::string& option) { text += "#SBATCH --" + option + "\n"; };
  add("job-name=" + JobName(script.recipe));
  add("nodes=" + std::to_string(script.nodes));
  add("ntasks-per-node=" + std::to_string(script.ntasks_per_node));
  if (script.cpus_per_task > 0) add("cpus-per-task=" + std::to_string(script.cpus_per_task));
  if (script.gpus_per_node > 0) add("gpus-per-node=" + std::to_string(script.gpus_per_node));
  if (!script.partition.empty()) add("partition=" + script.partition);
  text += "\n# The time of one job. USR1 comes " + std::to_string(script.notice) +
          " s before its end (SLURM may send it up to a minute\n# earlier), to this script, which "
          "passes it on: the run then saves and stops.\n";
  add("time=" + script.time);
  add("signal=B:USR1@" + std::to_string(script.notice));
  text +=
      script.array > 0
          ? "\n# SLURM may put a job back into the queue when a node fails or a more important "
            "job comes. Its\n# log goes on where it stopped.\n"
          : "\n# The job may be queued again: by SLURM when a node fails or a more important job "
            "comes, and by\n# the run itself. Its log goes on where it stopped.\n";
  add("requeue");
  add("open-mode=append");
  add("output=" + JobName(script.recipe) + (script.array > 0 ? "-%A_%a.log" : "-%j.log"));
  if (script.array > 0) {
    text += "\n# " + std::to_string(script.array) +
            " short jobs, one after the other (%1): each goes on where the one before stopped.\n";
    add("array=1-" + std::to_string(script.array) + "%1");
  }
  return text;
}

std::string TrainWords(const BatchScript& script) {
  std::string words = ShellWord(script.program) + " train " + ShellWord(script.recipe) + " --run " +
                      ShellWord(script.run_directory);
  // A task of an array is followed by the next one.
  if (script.array == 0) words += " --requeue";
  if (script.nodes > 1) words += " --coordinator-listen 0.0.0.0:0 --insecure-listen";
  const bool mpirun = script.launcher == "mpirun";
  if (mpirun && script.cpus_per_task > 0) {
    words += " --cores " + std::to_string(script.cpus_per_task);
  }
  for (const std::string& one : script.overrides) words += " " + ShellWord(one);
  return words;
}

std::string LaunchLine(const BatchScript& script) {
  std::string line;
  if (script.launcher == "mpirun") {
    line = "mpirun -np " + std::to_string(script.ranks()) +
           " --map-by ppr:" + std::to_string(script.ntasks_per_node) + ":node --bind-to none";
  } else {
    line = "srun --mpi=pmix";
    if (script.cpus_per_task > 0)
      line += " --cpus-per-task=" + std::to_string(script.cpus_per_task);
  }
  line += " \\\n  ";
  if (!script.apptainer.empty()) {
    line += std::string("apptainer exec ") + (script.gpus_per_node > 0 ? "--nv " : "") +
            ShellWord(script.apptainer) + " \\\n  ";
  }
  return line + TrainWords(script);
}

std::string LaunchNotes(const BatchScript& script) {
  std::string text;
  if (script.launcher == "mpirun") {
    text +=
        "# Seconds that ranks get for a last checkpoint when mpirun itself is ended.\n"
        "export OMPI_MCA_odls_base_sigkill_timeout=10\n\n";
  }
  text += "# " + std::to_string(script.ranks()) + (script.ranks() == 1 ? " rank" : " ranks") +
          ". Any other number, up to the recipe's lanes, gives the same bits.\n";
  if (script.launcher != "mpirun" && script.cpus_per_task > 0) {
    text += "# srun does not take --cpus-per-task over from above.\n";
  }
  if (script.nodes > 1) {
    text +=
        "# Rank 0's coordinator is reached from the other nodes, in plaintext with a token: a "
        "private network.\n";
  }
  if (!script.apptainer.empty()) {
    text += "# The image needs the program and an MPI that speaks the launcher's PMIx.\n";
  }
  return text;
}

// The run has asked for it and could not do it. A task of an array is never queued again by its
// run.
std::string QueueAgainLines(const BatchScript& script) {
  if (script.array > 0) return "";
  const std::string marker = ShellWord(script.run_directory + "/" + kRequeueFile);
  return "# The run has the job queued again itself, if it has come further. Where it found no "
         "scontrol (in\n# an image, for example) it leaves this file instead.\n"
         "if [ -e " +
         marker + " ]; then rm " + marker + "; scontrol requeue \"$SLURM_JOB_ID\"; fi\n";
}

}  // namespace

std::string ShellWord(const std::string& text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), IsPlain)) return text;
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

Status CheckBatchScript(const BatchScript& script, int32_t lanes, double stop_seconds) {
  RETURN_IF_ERROR(CheckCount("--nodes", script.nodes, 1, "node"));
  RETURN_IF_ERROR(CheckCount("--ntasks-per-node", script.ntasks_per_node, 1,
                             "rank a node (--ntasks-per-node 1)"));
  RETURN_IF_ERROR(CheckCount("--gpus-per-node", script.gpus_per_node, 0, "devices"));
  RETURN_IF_ERROR(CheckCount("--cpus-per-task", script.cpus_per_task, 0, "cores"));
  RETURN_IF_ERROR(CheckCount("--array", script.array, 0, "jobs"));
  RETURN_IF_ERROR(CheckTexts(script));
  RETURN_IF_ERROR(CheckTime(script, stop_seconds));
  if (script.ranks() <= lanes) return OkStatus();
  return InvalidArgument(
      "--nodes " + std::to_string(script.nodes) + " --ntasks-per-node " +
      std::to_string(script.ntasks_per_node) + " are " + std::to_string(script.ranks()) +
      " ranks: the recipe has batch.lanes = " + std::to_string(lanes) +
      ", and a rank needs at least one lane; ask for " + std::to_string(lanes) +
      " ranks or fewer, or take a recipe with more lanes (lanes are part of the mathematics: "
      "another number gives another run)");
}

std::string BatchScriptText(const BatchScript& script) {
  return "#!/bin/bash\n# Trains " + script.recipe + " in " + script.run_directory +
         " until the run is finished. Every start goes on from the\n"
         "# last checkpoint, on any number of nodes.\n" +
         Directives(script) + "\n" + LaunchNotes(script) + LaunchLine(script) +
         " &\n"
         "train=$!\n\n"
         "# USR1, USR2 and HUP are passed on. At TERM, which SLURM sends to the ranks too, this "
         "script waits\n# for them.\n"
         "trap 'kill -USR1 \"$train\"' USR1\n"
         "trap 'kill -USR2 \"$train\"' USR2\n"
         "trap 'kill -HUP \"$train\"' HUP\n"
         "trap : TERM\n"
         "while kill -0 \"$train\" 2> /dev/null; do wait \"$train\"; done\n"
         "wait \"$train\"\n"
         "code=$?\n\n" +
         QueueAgainLines(script) +
         "exit \"$code\"  # 0: finished; 75: stopped on request; others: docs/errors.md\n";
}

}  // namespace lockstep::cluster

// SPDX-License-Identifier: Apache-2.0
// `lockstep ckpt rewind`: takes a run back to one of its checkpoints on purpose. The history from
// there on is a new branch; what the old one had written is kept beside it.
//
// In this order, so that a kill at any moment leaves the old history or the new one, whole: the
// generation is taken; the old tables, summary and weights are copied to names of their own; the
// checkpoint is copied to the new branch, which is the moment from which a resume goes on there;
// the tables are cut and the summary and weights of the old history removed.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "cluster/cli/ckpt_command.h"
#include "cluster/launch/stop_signals.h"
#include "coordinator/recovery/resume_decision.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/checkpoint/generation.h"
#include "worker/report/checkpoint_tables.h"
#include "worker/report/run_directory.h"

namespace lockstep::cluster {
namespace {

using coordinator::ResumeFindings;
using storage::CheckpointId;
using storage::CheckpointManifest;

struct CkptRewindOptions {
  std::string run;   // run directory
  int64_t step = 0;  // of a checkpoint of the branch that goes on
};

constexpr auto kPoll = std::chrono::milliseconds(100);

// Until nobody holds the run; the newest generation.
Result<int64_t> WaitForHolder(const std::string& run, Console* console) {
  const std::atomic<bool>& stop = InstallStopSignals();
  storage::Generation::Waiter waiter(run, /*takeover=*/false, {});
  std::string said;
  for (;;) {
    ASSIGN_OR_RETURN(const bool free, waiter.Poll());
    if (free) return waiter.newest();
    if (waiter.note() != said) console->err << (said = waiter.note()) << std::endl;
    if (stop.load()) return Cancelled("stopped on request; the run is as it was");
    std::this_thread::sleep_for(kPoll);
  }
}

// The checkpoint of that step of the branch that goes on.
Result<CheckpointId> Find(const CkptRewindOptions& options, const ResumeFindings& found) {
  const auto newest = coordinator::NewestCheckpoint(found);
  if (!newest) return NotFound("run '" + options.run + "' has no checkpoint to go back to");
  if (newest->step == options.step) {
    return InvalidArgument("run '" + options.run + "' stands at step " +
                           std::to_string(options.step) + " already (checkpoint " + newest->Name() +
                           "); there is nothing to go back from");
  }
  std::string steps;
  for (const CheckpointId id : found.checkpoints) {
    if (id.branch != newest->branch) continue;
    if (id.step == options.step) return id;
    steps += (steps.empty() ? "" : ", ") + std::to_string(id.step);
  }
  return NotFound("run '" + options.run + "' has no checkpoint of step " +
                  std::to_string(options.step) + " on branch " + std::to_string(newest->branch) +
                  "; it has them of steps " + steps);
}

storage::GenerationInfo InfoOf(const CheckpointManifest& parent, int32_t branch) {
  storage::GenerationInfo info;
  info.recipe_hash = parent.recipe_hash;
  info.fixed_keys = parent.fixed_keys;
  info.branch_keys = parent.branch_keys;
  info.branch = branch;
  info.parent = parent.id.Name();
  info.parent_digest = parent.digest;
  return info;
}

// Waits, as `train` does, for whoever holds the run. Errors: not-found: no checkpoint of that step
// (the message lists those there are); invalid-argument: the run stands there already; data-loss:
// the checkpoint is damaged.
Status RunCkptRewind(const CkptRewindOptions& options, Console* console) {
  const std::string& run = options.run;
  if (!FileExists(run + "/generations")) {
    return NotFound("'" + run + "' is not the directory of a run; expected what `lockstep train " +
                    "--run` was given");
  }
  ASSIGN_OR_RETURN(const int64_t after, WaitForHolder(run, console));
  ASSIGN_OR_RETURN(const ResumeFindings found, coordinator::FindWhatIsThere(run));
  ASSIGN_OR_RETURN(const CheckpointId id, Find(options, found));
  ASSIGN_OR_RETURN(const CheckpointManifest parent, storage::VerifyCheckpoint(run, id));
  RETURN_IF_ERROR(storage::CheckGoesOn(parent));
  ASSIGN_OR_RETURN(const worker::RunTables tables,
                   worker::ReadTables(storage::CheckpointPath(run, id), parent));
  const int32_t branch = coordinator::NextBranch(found);
  ASSIGN_OR_RETURN(const std::unique_ptr<storage::Generation> generation,
                   storage::Generation::Claim(run, InfoOf(parent, branch), {}, after));
  if (generation == nullptr) {
    return AlreadyExists("another process has begun to go on with run '" + run +
                         "'; wait for its end, then give the command again");
  }
  RETURN_IF_ERROR(worker::RunDirectory::KeepAside(run, id.branch));
  storage::CheckpointWriteOptions write;
  write.may_commit = [&] { return generation->CheckNewest(); };
  RETURN_IF_ERROR(storage::CopyToBranch(run, parent, branch, generation->info().number, write));
  RETURN_IF_ERROR(worker::RunDirectory::Reset(run, tables));
  console->out << "Run " << run << " went back from step "
               << CountText(coordinator::NewestCheckpoint(found)->step) << " to step "
               << CountText(id.step) << ": checkpoint " << CheckpointId{branch, id.step}.Name()
               << " begins branch " << branch << ".\n"
               << "Checkpoints of branch " << id.branch
               << " stay; its tables, summary and weights are kept under names with -b"
               << (id.branch < 10 ? "0" : "") << id.branch << ".\n"
               << "`lockstep train` with the run's recipe goes on from there.\n";
  return OkStatus();
}

}  // namespace

Command CkptRewindCommand() {
  const auto o = std::make_shared<CkptRewindOptions>();
  return {.name = "rewind",
          .description = R"(Take a run back to one of its checkpoints.

The history from there on is a new branch. What the old one wrote is kept: its checkpoints, and its
tables, summary and weights under names like digests-b01.csv.

Examples:
  lockstep ckpt ls runs/lenet5-fashion-mnist
  lockstep ckpt rewind runs/lenet5-fashion-mnist --to 470
)",
          .options = {{"RUN", &o->run, "Run directory", {.required = true}},
                      {"--to",
                       &o->step,
                       "Step of one of its checkpoints",
                       {.required = true, .range = IntegerRange{}}}},
          .run = [o](Console* console) { return RunCkptRewind(*o, console); }};
}

}  // namespace lockstep::cluster

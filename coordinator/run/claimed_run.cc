// SPDX-License-Identifier: Apache-2.0
#include "coordinator/run/claimed_run.h"

#include "coordinator/membership/assignment.h"
#include "coordinator/recovery/resume_decision.h"
#include "storage/checkpoint/checkpoint.h"

namespace lockstep::coordinator {
namespace {

storage::GenerationInfo InfoOf(const comm::RunInfo& run, const ResumeDecision& decision) {
  storage::GenerationInfo info;
  info.recipe_hash = run.recipe_hash;
  info.fixed_keys = run.fixed_keys;
  info.branch_keys = run.branch_keys;
  info.branch = decision.branch;
  info.overwrite = decision.overwrite;
  if (decision.checkpoint) {
    info.parent = decision.checkpoint->id.Name();
    info.parent_digest = decision.checkpoint->digest;
  }
  return info;
}

comm::Assignment CommonAssignment(const ResumeDecision& decision) {
  comm::Assignment common;
  common.branch = decision.branch;
  common.finished = decision.finished;
  if (decision.checkpoint) {
    common.checkpoint = "checkpoints/" + decision.checkpoint->id.Name();
    common.step = decision.checkpoint->id.step;
    common.digest = decision.checkpoint->digest;
  }
  return common;
}

}  // namespace

Result<std::unique_ptr<ClaimedRun>> ClaimRun(const comm::RegisterRequest& rank0,
                                             const ClaimOptions& options, int64_t after,
                                             const storage::Advance& advance) {
  const comm::RunInfo& run = rank0.run;
  ASSIGN_OR_RETURN(const ResumeFindings found, FindWhatIsThere(run.run_directory, advance));
  // A generation that came since we looked belongs to somebody.
  const int64_t newest = found.generations.empty() ? 0 : found.generations.back().number;
  if (newest != after) return std::unique_ptr<ClaimedRun>();
  ASSIGN_OR_RETURN(const ResumeDecision decision, DecideResume(run, rank0.member, found));
  const Epoch epoch(decision.checkpoint ? decision.checkpoint->epoch : 0);
  auto claimed = std::make_unique<ClaimedRun>();
  // This comes before the claim, so that what cannot be dealt leaves no generation.
  ASSIGN_OR_RETURN(claimed->assignments,
                   AssignmentsOf(run, rank0.member.world_size, epoch, CommonAssignment(decision)));
  ASSIGN_OR_RETURN(
      claimed->generation,
      storage::Generation::Claim(run.run_directory, InfoOf(run, decision), options.timing, after));
  if (claimed->generation == nullptr) return std::unique_ptr<ClaimedRun>();
  const int64_t number = claimed->generation->info().number;
  if (decision.remove_checkpoints) {
    RETURN_IF_ERROR(storage::RemoveAllCheckpoints(run.run_directory));
  }
  claimed->ledger = Ledger::Open({.run_directory = run.run_directory,
                                  .state_directory = options.state_directory,
                                  .generation = claimed->generation->info(),
                                  .build = rank0.member.build,
                                  .hardware = rank0.member.hardware});
  for (comm::Assignment& assignment : claimed->assignments) assignment.generation = number;
  claimed->notes = found.notes;
  claimed->notes.insert(claimed->notes.end(), decision.notes.begin(), decision.notes.end());
  return claimed;
}

}  // namespace lockstep::coordinator

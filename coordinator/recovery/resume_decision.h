// SPDX-License-Identifier: Apache-2.0
// Where a run goes on: a function of what its directory holds and of what the ranks say it is.
// Everything that changes history is a new branch; whatever would change it unasked is refused,
// with the old value, the new one and the remedies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "comm/coordinator.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/generation.h"

namespace lockstep::coordinator {

// What a run directory holds.
struct ResumeFindings {
  std::optional<storage::CheckpointManifest> checkpoint;  // what FindResume gave
  std::vector<storage::CheckpointId> checkpoints;         // all, verified or not
  std::vector<storage::GenerationInfo> generations;       // by number
  std::vector<std::string> notes;                         // what was passed over and why
};

// Reads the directory, and every byte of the checkpoint that it gives. `advance`: see FindResume.
Result<ResumeFindings> FindWhatIsThere(const std::string& run_directory,
                                       const storage::Advance& advance = {});

// The number of a branch that is begun now: one above all that were seen.
int32_t NextBranch(const ResumeFindings& found);
// The newest checkpoint of the history that goes on, whether or not it verifies; nullopt: none.
std::optional<storage::CheckpointId> NewestCheckpoint(const ResumeFindings& found);

struct ResumeDecision {
  int32_t branch = 1;
  // The checkpoint to go on from, for generation and assignment; none: step 0.
  std::optional<storage::CheckpointManifest> checkpoint;
  bool finished = false;
  bool overwrite = false;           // begun anew on purpose
  bool remove_checkpoints = false;  // those there belong to a history that was thrown away
  std::vector<std::string> notes;   // what was decided and why, one line each
};

// Fails with invalid-argument where recipe or dataset are not the run's, or it has done more steps,
// and with failed-precondition where build or hardware are not the checkpoint's.
Result<ResumeDecision> DecideResume(const comm::RunInfo& run, const comm::MemberInfo& member,
                                    const ResumeFindings& found);

}  // namespace lockstep::coordinator

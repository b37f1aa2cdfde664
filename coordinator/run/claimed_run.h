// SPDX-License-Identifier: Apache-2.0
// The step from a complete membership to a run that may begin: look into the directory, decide
// where to go on, take the generation, open the ledger, deal lanes and shards. All of it reads and
// writes files and may last.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "comm/coordinator.h"
#include "coordinator/ledger/ledger.h"
#include "coordinator/run/live_status.h"
#include "storage/checkpoint/generation.h"
#include "storage/env/files.h"

namespace lockstep::coordinator {

// What a membership holds while it runs. It is destroyed in reverse order: the ledger is closed
// while the generation is still held.
struct ClaimedRun {
  std::unique_ptr<storage::Generation> generation;
  std::unique_ptr<Ledger> ledger;             // nullptr: the run goes on without
  std::vector<comm::Assignment> assignments;  // by rank
  std::vector<std::string> notes;             // what was decided and why
  std::unique_ptr<LiveStatus> status;         // null before the run begins
};

struct ClaimOptions {
  std::string state_directory;  // for a ledger that cannot lie in the run directory; may be empty
  storage::Generation::Timing timing;
};

// Takes the generation after `after` (storage::Generation::Waiter::newest(), which nobody holds).
// Returns nullptr where another process was quicker: wait for it again. `advance`: see
// storage::FindResume.
Result<std::unique_ptr<ClaimedRun>> ClaimRun(const comm::RegisterRequest& rank0,
                                             const ClaimOptions& options, int64_t after,
                                             const storage::Advance& advance = {});

}  // namespace lockstep::coordinator

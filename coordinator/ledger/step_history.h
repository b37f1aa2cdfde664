// SPDX-License-Identifier: Apache-2.0
// The steps of a run as its own files tell them: rows of digests.csv, given to the branch they
// belong to. A ledger that is built anew is made of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "comm/coordinator.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/generation.h"

namespace lockstep::coordinator {

// The rows of digests.csv (step,loss_bits,loss,skipped,digest) that carry a digest. A line that is
// not such a row, as one torn by a crash, is passed over.
std::vector<comm::StepDigest> ParseDigestRows(std::string_view csv);

struct BranchStep {
  int32_t branch = 1;
  comm::StepDigest digest;
};

// The file does not say which branch a row is of, and after a change of branch its last rows may
// still be of the former one. So a verified checkpoint must vouch: digests are chained, hence where
// the row of its step has its digest, all rows before are its history. Rows that none vouches for
// are left out.
std::vector<BranchStep> StepsOfBranches(const std::vector<comm::StepDigest>& rows,
                                        const std::map<storage::CheckpointId, uint64_t>& verified,
                                        const std::vector<storage::GenerationInfo>& generations);

}  // namespace lockstep::coordinator

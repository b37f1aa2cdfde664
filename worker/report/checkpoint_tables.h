// SPDX-License-Identifier: Apache-2.0
// The tables of a run directory inside a checkpoint: two byte tensors, so that a table that was
// lost or changed can be written again, row by row as it was.
#pragma once

#include <string>

#include "base/status.h"
#include "storage/checkpoint/checkpoint.h"
#include "worker/report/run_tables.h"

namespace lockstep::worker {

inline constexpr char kTablesGroup[] = "tables";

// That group of a checkpoint. `tables` outlives it.
storage::TensorGroup TablesGroup(const RunTables& tables);

// Those of the checkpoint that lies at `path`. data-loss where they are not those that its manifest
// tells of, or where the last row of digests.csv is not of the manifest's step and digest.
Result<RunTables> ReadTables(const std::string& path, const storage::CheckpointManifest& manifest);

}  // namespace lockstep::worker

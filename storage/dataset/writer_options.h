// SPDX-License-Identifier: Apache-2.0
// What WriterOptions must be. Internal to storage/dataset.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "storage/dataset/writer.h"

namespace lockstep::storage {

// Fails with an invalid-argument that names what is wrong: an empty split, names or paths out of
// order, a path that is not UTF-8, a shard size out of 1 .. 2^20.
Status CheckWriterOptions(const WriterOptions& options);

// How many consecutive ids a file of records holds, in whole shards: 64 shards, and as many more as
// keep a dataset below 256 files of records and 256 of columns, so that a reader can hold all of
// them open.
int64_t IdsPerFile(int64_t samples, int64_t shard_size);

}  // namespace lockstep::storage

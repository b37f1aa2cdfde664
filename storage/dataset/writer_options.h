// SPDX-License-Identifier: Apache-2.0
// What WriterOptions must be. Internal to storage/dataset.
#pragma once

#include "base/status.h"
#include "storage/dataset/writer.h"

namespace lockstep::storage {

// Fails with an invalid-argument that names what is wrong: an empty split, names or paths out of
// order, a path that is not UTF-8, a shard size out of 1 .. 2^20.
Status CheckWriterOptions(const WriterOptions& options);

}  // namespace lockstep::storage

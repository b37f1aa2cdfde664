// SPDX-License-Identifier: Apache-2.0
// What the dump programs share: a lane plan is run once, and its results become a file.
#pragma once

#include <string>
#include <vector>

#include "worker/executor/executor.h"
#include "worker/model/compiled_model.h"
#include "worker/model/state_tensors.h"

namespace lockstep::tests {

// Runs a lane plan of the program once. The results are under their names in the plan, gradients in
// the order of elements that files have.
Result<std::vector<worker::StateTensor>> RunLane(const graph::Program& program,
                                                 const worker::Executor& executor,
                                                 const std::vector<const void*>& args);

// Writes the tensors as safetensors. Nothing is synced: the file lives as long as a test.
Status WriteDump(const std::string& path, const std::vector<worker::StateTensor>& tensors);

}  // namespace lockstep::tests

// SPDX-License-Identifier: Apache-2.0
// Where the arguments of lane and eval plans lie: batch, parameters, running statistics.
#pragma once

#include <vector>

#include "storage/loader/batch.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"

namespace lockstep::worker {

// One pointer per plan argument, found by its name.
std::vector<const void*> BindArguments(const CompiledModel& model, const graph::Plan& plan,
                                       ModelState& state, const storage::LaneBatch& batch);

}  // namespace lockstep::worker

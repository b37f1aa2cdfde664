// SPDX-License-Identifier: Apache-2.0
// Where the arguments of lane and eval plans lie: batch, parameters, running statistics, scalars.
#pragma once

#include <vector>

#include "storage/loader/batch.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"
#include "worker/step/scalar_cells.h"

namespace lockstep::worker {

// One pointer per plan argument, found by its name. The batch has a tensor of the name and type of
// each input argument. `scalars` may be null for a plan that reads none.
std::vector<const void*> BindArguments(const CompiledModel& model, const graph::Plan& plan,
                                       ModelState& state, const storage::LaneBatch& batch,
                                       const ScalarCells* scalars = nullptr);

}  // namespace lockstep::worker

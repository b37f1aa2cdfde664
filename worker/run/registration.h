// SPDX-License-Identifier: Apache-2.0
// What a rank says of itself and of its run when it registers: build, hardware kind, fingerprint,
// recipe, dataset, order.
#pragma once

#include "comm/communicator.h"
#include "comm/coordinator.h"
#include "worker/config/train_config.h"
#include "worker/model/run_setup.h"

namespace lockstep::worker {

Result<comm::RegisterRequest> MakeRegistration(const TrainConfig& config, const RunSetup& setup,
                                               const comm::Communicator& communicator);

}  // namespace lockstep::worker

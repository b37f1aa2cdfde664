// SPDX-License-Identifier: Apache-2.0
// What stands in the metadata of a run's model.safetensors beside the model's name, so that whoever
// uses the weights knows what the outputs mean and how images must be prepared.
#pragma once

#include "storage/checkpoint/safetensors.h"
#include "worker/config/train_config.h"
#include "worker/model/run_setup.h"

namespace lockstep::worker {

// JSON texts: `classes` (names, in the order of the outputs), `outputs` (how many there are; those
// behind the names have none), `image` ([H, W, C] that an evaluation gives the model, or training
// where the run has no evaluation), `augment_val` (the operations before it, where there is one),
// `channel_mean` and `channel_std` (of pixels / 255, which `normalise` without numbers uses), and
// `dataset_digest`.
storage::TensorMetadata DataMetadata(const TrainConfig& config, const RunSetup& setup);

}  // namespace lockstep::worker

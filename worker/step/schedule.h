// SPDX-License-Identifier: Apache-2.0
// Learning-rate schedules: the rate of a step in closed form, evaluated in double.
#pragma once

#include <cstdint>

#include "worker/config/train_config.h"

namespace lockstep::worker {

// The learning rate of global step `step` (0-based), given steps an epoch and in the whole run.
//
//   warm-up, step < w = warmup_epochs * steps_per_epoch:  lr (step + 1) / w    (linear)
//   constant:  lr
//   step:      lr gamma^floor((step - w) / (step_epochs * steps_per_epoch))
//   cosine:    final_lr + (lr - final_lr) (1 + cos(pi (step - w) / (total - w))) / 2
//              (Loshchilov and Hutter, SGDR, 2017; PyTorch's CosineAnnealingLR in closed form)
double LearningRate(const ScheduleConfig& schedule, double lr, int64_t step,
                    int64_t steps_per_epoch, int64_t total_steps);

}  // namespace lockstep::worker

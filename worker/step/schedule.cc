// SPDX-License-Identifier: Apache-2.0
#include "worker/step/schedule.h"

#include "base/check.h"
#include "base/math.h"

namespace lockstep::worker {

double LearningRate(const ScheduleConfig& schedule, double lr, int64_t step,
                    int64_t steps_per_epoch, int64_t total_steps) {
  const double warmup = schedule.warmup_epochs * static_cast<double>(steps_per_epoch);
  const double at = static_cast<double>(step);
  if (at < warmup) return lr * (at + 1.0) / (warmup < at + 1.0 ? at + 1.0 : warmup);
  const double after = at - warmup;
  if (schedule.name == "step") {
    const double drop = schedule.step_epochs * static_cast<double>(steps_per_epoch);
    return lr * math::Pow(schedule.gamma, static_cast<double>(static_cast<int64_t>(after / drop)));
  }
  if (schedule.name == "cosine") {
    const double length = static_cast<double>(total_steps) - warmup;
    const double phase = length > 0 ? after / length : 0.0;
    return schedule.final_lr +
           (lr - schedule.final_lr) * (1.0 + math::Cos(math::kPi * phase)) / 2.0;
  }
  CHECK(schedule.name == "constant") << "schedule " << schedule.name;
  return lr;
}

}  // namespace lockstep::worker

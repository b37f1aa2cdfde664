// SPDX-License-Identifier: Apache-2.0
#include "graph/schedules/schedule.h"

#include "base/check.h"
#include "base/suggest.h"

namespace lockstep::graph {

void ScheduleRegistry::AddErased(Schedule schedule) {
  const std::string name = schedule.name;
  CHECK(schedules_.emplace(name, std::move(schedule)).second) << "two schedules are named " << name;
}

Result<const Schedule*> ScheduleRegistry::Find(std::string_view name) const {
  const auto it = schedules_.find(name);
  if (it != schedules_.end()) return &it->second;
  std::vector<std::string> known;
  for (const auto& [other, schedule] : schedules_) known.push_back(other);
  return NotFound("schedule.name is '" + std::string(name) + "'" + Suggestion(name, known));
}

const ScheduleRegistry& ScheduleRegistry::Global() {
  static const ScheduleRegistry* registry = [] {
    auto* all = new ScheduleRegistry;
    RegisterAllSchedules(*all);
    return all;
  }();
  return *registry;
}

Result<LearningRates> LearningRates::Make(const std::string& schedule, const Attrs& options,
                                          const Run& run) {
  LearningRates rates;
  rates.run_ = run;
  ASSIGN_OR_RETURN(rates.schedule_, ScheduleRegistry::Global().Find(schedule));
  ASSIGN_OR_RETURN(rates.options_,
                   rates.schedule_->options.Complete(options, "schedule '" + schedule + "'"));
  return rates;
}

double LearningRates::At(int64_t step) const {
  if (schedule_ == nullptr) return 0.0;
  const double steps_per_epoch = static_cast<double>(run_.steps_per_epoch);
  const double warmup = run_.warmup_epochs * steps_per_epoch;
  const double at = static_cast<double>(step);
  if (at < warmup) return run_.lr * (at + 1.0) / (warmup < at + 1.0 ? at + 1.0 : warmup);
  return schedule_->rate(options_, {.lr = run_.lr,
                                    .after = at - warmup,
                                    .length = static_cast<double>(run_.total_steps) - warmup,
                                    .steps_per_epoch = steps_per_epoch});
}

}  // namespace lockstep::graph

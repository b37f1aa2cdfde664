// SPDX-License-Identifier: Apache-2.0
// rate = lr
#include "graph/schedules/schedule.h"

namespace lockstep::graph::schedules::constant {

void Register(ScheduleRegistry& registry) {
  registry.Add<NoAttrs>({.name = "constant",
                         .doc = "the base rate at every step",
                         .rate = [](const NoAttrs&, const SchedulePoint& at) { return at.lr; }});
}

}  // namespace lockstep::graph::schedules::constant

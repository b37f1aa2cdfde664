// SPDX-License-Identifier: Apache-2.0
// rate = lr gamma^floor(after / (step_epochs * steps_per_epoch)): PyTorch's StepLR.
#include "base/math.h"
#include "graph/schedules/schedule.h"

namespace lockstep::graph::schedules::step {
namespace {

struct StepOptions {
  double step_epochs = 30.0;
  double gamma = 0.1;

  template <typename V>
  void Visit(V&& v) {
    v("step_epochs", step_epochs, Says("epochs between drops").Within(kPositive));
    v("gamma", gamma, Says("factor of a drop").Within({.low = 0, .high = 1, .low_open = true}));
  }
};

double Rate(const StepOptions& options, const SchedulePoint& at) {
  const double drop = options.step_epochs * at.steps_per_epoch;
  const auto drops = static_cast<int64_t>(at.after / drop);
  return at.lr * math::Pow(options.gamma, static_cast<double>(drops));
}

}  // namespace

void Register(ScheduleRegistry& registry) {
  registry.Add<StepOptions>(
      {.name = "step", .doc = "drops by a factor every so many epochs", .rate = Rate});
}

}  // namespace lockstep::graph::schedules::step

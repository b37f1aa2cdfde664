// SPDX-License-Identifier: Apache-2.0
// rate = final_lr + (lr - final_lr) (1 + cos(pi after / length)) / 2: Loshchilov and Hutter, SGDR,
// 2017; PyTorch's CosineAnnealingLR in closed form.
#include "base/math.h"
#include "graph/schedules/schedule.h"

namespace lockstep::graph::schedules::cosine {
namespace {

struct CosineOptions {
  double final_lr = 0.0;

  template <typename V>
  void Visit(V&& v) {
    v("final_lr", final_lr, Says("learning rate at the end").Within(kNotNegative));
  }
};

double Rate(const CosineOptions& options, const SchedulePoint& at) {
  const double phase = at.length > 0 ? at.after / at.length : 0.0;
  return options.final_lr + (at.lr - options.final_lr) * (1.0 + math::Cos(math::kPi * phase)) / 2.0;
}

std::optional<OptionConflict> FindConflict(const CosineOptions& options, double lr) {
  if (options.final_lr <= lr) return std::nullopt;
  return OptionConflict{{"final_lr"},
                        "schedule.final_lr = " + OptionText(options.final_lr) +
                            " is above optimizer.lr = " + OptionText(lr) +
                            ": a cosine schedule falls"};
}

}  // namespace

void Register(ScheduleRegistry& registry) {
  registry.Add<CosineOptions>({.name = "cosine",
                               .doc = "falls along half a cosine to the end of the run",
                               .rate = Rate,
                               .conflict = FindConflict});
}

}  // namespace lockstep::graph::schedules::cosine

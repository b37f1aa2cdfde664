// SPDX-License-Identifier: Apache-2.0
// rate = lr (1 - after / length)^power: PyTorch's PolynomialLR over the whole run; with power 0.9
// the "poly" rule of semantic segmentation (Chen et al., DeepLab, 2017).
#include <algorithm>

#include "base/math.h"
#include "graph/schedules/schedule.h"

namespace lockstep::graph::schedules::polynomial {
namespace {

struct PolynomialOptions {
  double power = 1.0;

  template <typename V>
  void Visit(V&& v) {
    v("power", power, Says("power of what is left of the run").Within(kPositive));
  }
};

double Rate(const PolynomialOptions& options, const SchedulePoint& at) {
  const double left = at.length > 0 ? std::max(0.0, 1.0 - at.after / at.length) : 1.0;
  return at.lr * math::Pow(left, options.power);
}

}  // namespace

void Register(ScheduleRegistry& registry) {
  registry.Add<PolynomialOptions>({.name = "polynomial",
                                   .doc = "falls to 0 with a power of what is left of the run",
                                   .rate = Rate});
}

}  // namespace lockstep::graph::schedules::polynomial

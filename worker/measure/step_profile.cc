// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/step_profile.h"

#include <algorithm>
#include <functional>
#include <map>

#include "base/check.h"

namespace lockstep::worker {
namespace {

// Every executor that runs in a step, with how often it does for each lane or, where it belongs to
// the update, in all.
void ForEachExecutor(const CompiledModel& model,
                     const std::function<void(const Executor&, bool of_lane, int64_t runs)>& fn) {
  for (size_t phase = 0; phase < model.phases(); ++phase) {
    fn(*model.lane_executors(phase).rbegin()->second, true, 1);
  }
  std::map<CompiledModel::UpdateKey, int64_t> blocks;
  for (const graph::Block& block : model.space().blocks()) ++blocks[model.UpdateKeyOf(block)];
  for (const auto* executors : {&model.measure_executors(), &model.update_executors()}) {
    for (const auto& [key, executor] : *executors) fn(*executor, false, blocks.at(key));
  }
  for (const auto& executor : model.update_running_executors()) fn(*executor, false, 1);
}

double LeastMs(const ops::Cost& cost, const Roofline& roofline) {
  double seconds = 0.0;
  if (roofline.gflops > 0) seconds = 1e-9 * static_cast<double>(cost.flops) / roofline.gflops;
  if (roofline.gbytes_per_second > 0) {
    seconds =
        std::max(seconds, 1e-9 * static_cast<double>(cost.bytes) / roofline.gbytes_per_second);
  }
  return 1e3 * seconds;
}

ProfileRow RowOf(const graph::PlanNode& node, int64_t runs, const Roofline& roofline) {
  const ops::Cost cost = node.spec.op->cost(node.spec);
  ProfileRow row;
  row.nodes = runs;
  row.flops = runs * cost.flops;
  row.bytes = runs * cost.bytes;
  const int64_t flops = node.candidate.flops > 0 ? node.candidate.flops : cost.flops;
  row.least_ms = static_cast<double>(runs) * LeastMs({flops, cost.bytes}, roofline);
  return row;
}

void Add(const ProfileRow& part, ProfileRow* to) {
  to->nodes += part.nodes;
  to->flops += part.flops;
  to->bytes += part.bytes;
  to->least_ms += part.least_ms;
  to->measured_ms += part.measured_ms;
  to->update_ms += part.update_ms;
}

// Adds to the row of that name, made at the end where there is none.
class NamedRows {
 public:
  explicit NamedRows(std::vector<ProfileRow>* rows) : rows_(rows) {}
  void Add(const std::string& name, const ProfileRow& part) {
    const auto [at, is_new] = index_.try_emplace(name, rows_->size());
    if (is_new) rows_->push_back({.name = name});
    worker::Add(part, &(*rows_)[at->second]);
  }

 private:
  std::vector<ProfileRow>* rows_;
  std::map<std::string, size_t> index_;
};

}  // namespace

double ProfileRow::gflops() const {
  return measured_ms > 0 ? 1e-6 * static_cast<double>(flops) / measured_ms : 0.0;
}

double ProfileRow::share_of_step_ms(int32_t lanes_at_once) const {
  return (measured_ms - update_ms) / lanes_at_once + update_ms;
}

ProfileReading ReadProfile(const CompiledModel& model) {
  ProfileReading reading;
  ForEachExecutor(model, [&](const Executor& executor, bool, int64_t) {
    const std::vector<int64_t> nodes = executor.node_nanoseconds();
    reading.insert(reading.end(), nodes.begin(), nodes.end());
  });
  return reading;
}

StepProfile ProfileStep(const CompiledModel& model, int32_t lanes, const Roofline& roofline,
                        const ProfileReading& spent, int64_t steps) {
  StepProfile profile;
  profile.total.name = "total";
  NamedRows layers(&profile.layers), kinds(&profile.kinds);
  size_t at = 0;
  ForEachExecutor(model, [&](const Executor& executor, bool of_lane, int64_t runs) {
    for (const graph::PlanNode& node : executor.plan().nodes) {
      ProfileRow row = RowOf(node, of_lane ? lanes * runs : runs, roofline);
      if (!spent.empty()) {
        CHECK_LT(at, spent.size());
        row.measured_ms = 1e-6 * static_cast<double>(spent[at++]) / static_cast<double>(steps);
        if (!of_lane) row.update_ms = row.measured_ms;
      }
      layers.Add(node.spec.path.empty() ? "-" : node.spec.path, row);
      kinds.Add(node.spec.op->name + " (" + node.candidate.kernel + ")", row);
      Add(row, &profile.total);
    }
  });
  CHECK_EQ(at, spent.size());
  return profile;
}

std::vector<ProfileRow> Slowest(std::vector<ProfileRow> rows, size_t count) {
  std::stable_sort(rows.begin(), rows.end(), [](const ProfileRow& a, const ProfileRow& b) {
    return a.measured_ms > b.measured_ms;
  });
  if (rows.size() > count) rows.resize(count);
  return rows;
}

}  // namespace lockstep::worker

// SPDX-License-Identifier: Apache-2.0
// The plan. `Verifier` runs through the nodes in order and keeps a map of the arena: which value
// lies at which bytes (`holds_`). A read must find its value whole in the place that the plan
// names. A write takes the values under it out of the map, and none of them may be read again, but
// for an input that this very node may overwrite. It trusts nothing that the planner has worked
// out: lifetimes come from the graph.
#include "graph/plan/verify_plan.h"

#include <algorithm>
#include <map>

#include "graph/ir/liveness.h"
#include "graph/plan/memory.h"

namespace lockstep::graph {
namespace {

class Verifier {
 public:
  Verifier(const Graph& live, const Plan& plan)
      : live_(live),
        plan_(plan),
        last_use_(LastUses(live)),
        result_of_(static_cast<size_t>(live.value_count()), -1),
        written_(plan.results.size(), false) {}

  Status Run() {
    if (plan_.nodes.size() != live_.nodes().size() || plan_.args != live_.args()) {
      return Internal("plan " + plan_.name + ": its nodes or arguments are not its graph's");
    }
    RETURN_IF_ERROR(VerifyPreparedMemory());
    for (size_t n = 0; n < plan_.nodes.size(); ++n) RETURN_IF_ERROR(VerifyNode(n));
    return VerifyResults();
  }

 private:
  static constexpr int32_t kWorkspace = -1;

  struct Range {
    int64_t end = 0;
    int32_t value = kWorkspace;  // id of the value that lies there
  };

  Status Fail(size_t n, const std::string& what) const {
    const Node& node = live_.nodes()[n];
    return Internal("plan " + plan_.name + ", node " + std::to_string(n) + ", layer '" + node.path +
                    "', " + node.op->name + ": " + what);
  }

  // "%12 (relu of 'layer1/0')".
  std::string Name(int32_t value) const {
    if (value == kWorkspace) return "the workspace";
    const Node& node = live_.nodes()[static_cast<size_t>(live_.ProducerOf(Value{value}))];
    return "%" + std::to_string(value) + " (" + node.op->name + " of '" + node.path + "')";
  }

  Status VerifyNode(size_t n) {
    const Node& node = live_.nodes()[n];
    const PlanNode& planned = plan_.nodes[n];
    const ops::NodeSpec spec = live_.SpecOf(node);
    if (planned.spec.op != node.op || planned.spec.attrs != node.attrs ||
        planned.spec.in != spec.in || planned.spec.out != spec.out ||
        planned.spec.path != node.path || planned.recomputed != node.recomputed ||
        planned.in.size() != spec.in.size() || planned.out.size() != spec.out.size()) {
      return Fail(n, "is not the graph's node");
    }
    for (size_t i = 0; i < node.in.size(); ++i) RETURN_IF_ERROR(VerifyRead(n, i));
    RETURN_IF_ERROR(VerifyPrepared(n));
    if (const int64_t bytes = planned.workspace_bytes; bytes > 0) {
      RETURN_IF_ERROR(Write(n, planned.workspace_offset, bytes, kWorkspace, 0));
    }
    for (size_t k = 0; k < node.out.size(); ++k) RETURN_IF_ERROR(VerifyWrite(n, k));
    if (planned.workspace_bytes > 0) holds_.erase(planned.workspace_offset);
    return OkStatus();
  }

  // A prepared input is a parameter's copy, made by the kernel of this node or of one like it.
  Status VerifyPrepared(size_t n) const {
    const PlanNode& planned = plan_.nodes[n];
    const ops::Candidate& candidate = planned.candidate;
    if (planned.prepared < 0) {
      const bool enough = planned.workspace_bytes == candidate.workspace_bytes;
      return enough ? OkStatus() : Fail(n, "its workspace is not what its kernel asks for");
    }
    const auto p = static_cast<size_t>(planned.prepared);
    if (p >= plan_.prepared.size()) return Fail(n, "its prepared input does not exist");
    const PreparedParameter& made = plan_.prepared[p];
    if (made.node < 0 || made.node > static_cast<int32_t>(n)) {
      return Fail(n, "its prepared input is made by no node before it");
    }
    const PlanNode& maker = plan_.nodes[static_cast<size_t>(made.node)];
    if (NodeText(maker.spec) != NodeText(planned.spec) ||
        maker.candidate.kernel != candidate.kernel ||
        maker.candidate.algorithm != candidate.algorithm) {
      return Fail(n, "its prepared input is made by another kernel");
    }
    const auto input = static_cast<size_t>(candidate.prepared_input);
    const bool reads = candidate.prepared_input >= 0 && input < live_.nodes()[n].in.size() &&
                       live_.ArgOf(live_.nodes()[n].in[input]) == made.arg && made.arg >= 0 &&
                       live_.args()[static_cast<size_t>(made.arg)].kind == ArgKind::kParameter;
    if (!reads) return Fail(n, "its prepared input is not the parameter that it reads");
    const bool enough = made.bytes == candidate.prepared_bytes &&
                        planned.workspace_bytes == candidate.workspace_bytes_if_prepared;
    return enough ? OkStatus() : Fail(n, "its workspace is not what its kernel asks for");
  }

  // The copies of parameters lie apart.
  Status VerifyPreparedMemory() const {
    int64_t end = 0;
    for (const PreparedParameter& made : plan_.prepared) {
      if (made.offset < end || made.offset % plan_.alignment != 0 || made.bytes < 0) {
        return Internal("plan " + plan_.name + ": prepared parameters overlap, or are not aligned");
      }
      end = made.offset + made.bytes;
    }
    if (end <= plan_.prepared_bytes) return OkStatus();
    return Internal("plan " + plan_.name + ": prepared parameters end after their memory");
  }

  Status VerifyRead(size_t n, size_t i) const {
    const Value v = live_.nodes()[n].in[i];
    const Place& place = plan_.nodes[n].in[i];
    const std::string input = "input " + std::to_string(i);
    if (const int32_t arg = live_.ArgOf(v); arg >= 0) {
      const bool right = place.kind == Place::Kind::kArg && place.index == arg;
      return right ? OkStatus() : Fail(n, input + " is not read from its argument");
    }
    if (place.kind == Place::Kind::kResult) {
      const bool right = result_of_[static_cast<size_t>(v.id)] == place.index;
      return right ? OkStatus() : Fail(n, input + " is not the result it is read from");
    }
    if (place.kind != Place::Kind::kArena) return Fail(n, input + " is read from an argument");
    const int64_t bytes = live_.TypeOf(v).bytes();
    if (bytes == 0) return OkStatus();
    const auto found = holds_.find(place.offset);
    if (found != holds_.end() && found->second.value == v.id &&
        found->second.end == place.offset + bytes) {
      return OkStatus();
    }
    return Fail(n, input + ", " + Name(v.id) + ", is not whole at byte " +
                       std::to_string(place.offset) + ": " +
                       (found == holds_.end() ? "nothing begins there"
                                              : Name(found->second.value) + " lies there"));
  }

  Status VerifyWrite(size_t n, size_t k) {
    const Value v = live_.nodes()[n].out[k];
    const Place& place = plan_.nodes[n].out[k];
    if (place.kind == Place::Kind::kArena) {
      return Write(n, place.offset, live_.TypeOf(v).bytes(), v.id, k);
    }
    const auto r = static_cast<size_t>(place.index);
    if (place.kind != Place::Kind::kResult || r >= live_.results().size() || r >= written_.size() ||
        live_.results()[r].value != v) {
      return Fail(n, "output " + std::to_string(k) + " is written to what is not its result");
    }
    if (written_[r]) return Fail(n, "result '" + live_.results()[r].name + "' is written twice");
    written_[r] = true;
    result_of_[static_cast<size_t>(v.id)] = place.index;
    return OkStatus();
  }

  // `value`, output k of node n or its workspace, comes to lie at [begin, begin + bytes).
  Status Write(size_t n, int64_t begin, int64_t bytes, int32_t value, size_t k) {
    if (begin < 0 || begin % plan_.alignment != 0 || begin + bytes > plan_.arena_bytes) {
      return Fail(n, Name(value) + " at byte " + std::to_string(begin) + ", " +
                         std::to_string(bytes) + " long, is not aligned or not in the arena of " +
                         std::to_string(plan_.arena_bytes));
    }
    if (bytes == 0) return OkStatus();
    auto it = holds_.lower_bound(begin);
    if (it != holds_.begin() && std::prev(it)->second.end > begin) --it;
    while (it != holds_.end() && it->first < begin + bytes) {
      const bool same_place = it->first == begin && it->second.end == begin + bytes;
      if (Alive(it->second.value, n) && !(same_place && MayTake(n, it->second.value, value, k))) {
        return Fail(n, Name(value) + " is written over " + Name(it->second.value) +
                           ", which is still to be read, at byte " + std::to_string(it->first));
      }
      it = holds_.erase(it);
    }
    holds_[begin] = {begin + bytes, value};
    return OkStatus();
  }

  // Whether what lies there is this node's workspace, or read by this node or a later one.
  bool Alive(int32_t value, size_t n) const {
    return value == kWorkspace || last_use_[static_cast<size_t>(value)] >= static_cast<int32_t>(n);
  }

  // Whether output k of node n may lie where `old` does.
  bool MayTake(size_t n, int32_t old, int32_t value, size_t k) const {
    if (old == kWorkspace || value == kWorkspace) return false;
    const Node& node = live_.nodes()[n];
    const auto found = std::find(node.in.begin(), node.in.end(), Value{old});
    if (found == node.in.end() || std::count(node.in.begin(), node.in.end(), *found) != 1 ||
        last_use_[static_cast<size_t>(old)] != static_cast<int32_t>(n)) {
      return false;
    }
    const std::pair<int, int> pair{static_cast<int>(found - node.in.begin()), static_cast<int>(k)};
    const auto& pairs = node.op->may_alias;
    const auto allowed = std::find(pairs.begin(), pairs.end(), pair);
    return allowed != pairs.end() &&
           ops::RunsInPlace(plan_.nodes[n].candidate, static_cast<size_t>(allowed - pairs.begin()));
  }

  Status VerifyResults() const {
    const auto fail = [&](size_t r, const std::string& what) {
      return Internal("plan " + plan_.name + ": result '" + plan_.results[r].name + "' " + what);
    };
    if (plan_.results.size() != live_.results().size()) {
      return Internal("plan " + plan_.name + ": its results are not its graph's");
    }
    for (size_t r = 0; r < plan_.results.size(); ++r) {
      const PlanResult& result = plan_.results[r];
      const Value v = live_.results()[r].value;
      if (result.name != live_.results()[r].name || result.type != live_.TypeOf(v)) {
        return fail(r, "is not the graph's");
      }
      bool right = written_[r];
      if (result.copy_of_arg >= 0) {
        right = !right && live_.ArgOf(v) == result.copy_of_arg;
      } else if (result.copy_of_result >= 0) {
        const auto first = static_cast<size_t>(result.copy_of_result);
        right = !right && first < r && written_[first] && live_.results()[first].value == v;
      }
      if (!right) return fail(r, "is written never, or twice");
    }
    return OkStatus();
  }

  const Graph& live_;
  const Plan& plan_;
  const std::vector<int32_t> last_use_;
  std::map<int64_t, Range> holds_;  // by first byte; ranges never overlap
  std::vector<int32_t> result_of_;  // by value: the result it was written to, or -1
  std::vector<bool> written_;       // by result
};

}  // namespace

Status VerifyPlan(const Graph& live, const Plan& plan) { return Verifier(live, plan).Run(); }

}  // namespace lockstep::graph

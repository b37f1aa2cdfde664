// SPDX-License-Identifier: Apache-2.0
#include "coordinator/ledger/step_history.h"

#include <charconv>
#include <optional>

#include "base/hash.h"

namespace lockstep::coordinator {
namespace {

using storage::CheckpointId;

std::optional<comm::StepDigest> ParseRow(std::string_view line) {
  std::string_view fields[5];
  for (size_t i = 0; i < 5; ++i) {
    const size_t comma = line.find(',');
    if ((comma == std::string_view::npos) != (i == 4)) return std::nullopt;
    fields[i] = line.substr(0, comma);
    if (i < 4) line.remove_prefix(comma + 1);
  }
  comm::StepDigest row;
  const char* last = fields[0].data() + fields[0].size();
  const auto [end, error] = std::from_chars(fields[0].data(), last, row.step);
  if (error != std::errc() || end != last || row.step < 0) return std::nullopt;
  if (!ParseHex64(fields[1], &row.loss_bits)) return std::nullopt;
  if (!ParseHex64(fields[4], &row.digest)) return std::nullopt;
  return row;
}

// Where a branch began: the checkpoint of another branch that its first generation went on from.
std::map<int32_t, CheckpointId> RootsOf(const std::vector<storage::GenerationInfo>& generations) {
  std::map<int32_t, CheckpointId> roots;
  for (const auto& generation : generations) {
    const auto parent = CheckpointId::Parse(generation.parent);
    if (parent && parent->branch < generation.branch) roots.try_emplace(generation.branch, *parent);
  }
  return roots;
}

// The branch that `step` of the history of `vouched` was made on.
int32_t BranchOf(int64_t step, CheckpointId vouched, const std::map<int32_t, CheckpointId>& roots) {
  int32_t branch = vouched.branch;
  for (auto root = roots.find(branch); root != roots.end() && step <= root->second.step;
       root = roots.find(branch)) {
    branch = root->second.branch;  // strictly lower each time
  }
  return branch;
}

}  // namespace

std::vector<comm::StepDigest> ParseDigestRows(std::string_view csv) {
  std::vector<comm::StepDigest> rows;
  while (!csv.empty()) {
    const size_t end = csv.find('\n');
    if (end == std::string_view::npos) break;  // torn
    if (const auto row = ParseRow(csv.substr(0, end))) rows.push_back(*row);
    csv.remove_prefix(end + 1);
  }
  return rows;
}

std::vector<BranchStep> StepsOfBranches(const std::vector<comm::StepDigest>& rows,
                                        const std::map<CheckpointId, uint64_t>& verified,
                                        const std::vector<storage::GenerationInfo>& generations) {
  std::optional<CheckpointId> vouched;
  for (const comm::StepDigest& row : rows) {
    for (const auto& [id, digest] : verified) {
      const bool later = !vouched || id.step > vouched->step ||
                         (id.step == vouched->step && id.branch > vouched->branch);
      if (id.step == row.step && digest == row.digest && later) vouched = id;
    }
  }
  std::vector<BranchStep> steps;
  if (!vouched) return steps;
  const auto roots = RootsOf(generations);
  for (const comm::StepDigest& row : rows) {
    if (row.step <= vouched->step) steps.push_back({BranchOf(row.step, *vouched, roots), row});
  }
  return steps;
}

}  // namespace lockstep::coordinator

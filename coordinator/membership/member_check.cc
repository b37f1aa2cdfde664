// SPDX-License-Identifier: Apache-2.0
#include "coordinator/membership/member_check.h"

#include <type_traits>

#include "coordinator/recovery/key_difference.h"

namespace lockstep::coordinator {
namespace {

std::string TextOf(const std::string& value) { return value.empty() ? "(none)" : value; }
std::string TextOf(bool value) { return value ? "yes" : "no"; }
std::string TextOf(const Hash128Value& value) { return value.ToHex(); }
template <typename T>
requires std::is_arithmetic_v<T> std::string TextOf(T value) { return std::to_string(value); }

// Keeps the first difference.
class Comparison {
 public:
  Comparison(const comm::MemberInfo& rank0, const comm::MemberInfo& other)
      : rank0_(NameOf(rank0)), other_(NameOf(other)) {}

  template <typename T>
  void Same(StatusCode code, const std::string& field, const T& first, const T& other,
            const std::string& remedy) {
    if (first != other) Differ(code, field + ": " + TextOf(first), TextOf(other), remedy);
  }
  void SameKeys(const std::string& first, const std::string& other, const std::string& unlisted,
                const std::string& remedy) {
    const auto differences = DifferencesOf(first, other, unlisted);
    if (differences.empty()) return;
    const KeyDifference& difference = differences.front();
    Differ(StatusCode::kInvalidArgument, difference.name + ": " + difference.before, difference.now,
           remedy);
  }
  const Status& status() const { return status_; }

 private:
  void Differ(StatusCode code, const std::string& first, const std::string& other,
              const std::string& remedy) {
    if (!status_.ok()) return;
    status_ = Status(code, other_ + " differs from " + rank0_ + " in " + first + " there, " +
                               other + " here; " + remedy);
  }

  std::string rank0_, other_;
  Status status_;
};

}  // namespace

std::string NameOf(const comm::MemberInfo& member) {
  return "rank " + std::to_string(member.rank.value) + " (" + member.host + ", pid " +
         std::to_string(member.pid) + ")";
}

Status CheckSameRun(const comm::RegisterRequest& rank0, const comm::RegisterRequest& other) {
  constexpr auto kRecipe = StatusCode::kInvalidArgument;
  constexpr auto kProgram = StatusCode::kFailedPrecondition;
  const std::string same_command = "start every rank with the same command";
  const std::string same_program = "start the same program on every rank";
  const std::string same_machine = "take machines of one kind, or kernels that are equal on all";
  const comm::RunInfo &a = rank0.run, &b = other.run;
  Comparison compare(rank0.member, other.member);
  compare.Same(kRecipe, "world size", rank0.member.world_size, other.member.world_size,
               same_command);
  compare.Same(kProgram, "build", rank0.member.build, other.member.build, same_program);
  compare.Same(kProgram, "hardware", rank0.member.hardware, other.member.hardware, same_machine);
  compare.Same(kProgram, "fingerprint", Hex64(rank0.member.fingerprint),
               Hex64(other.member.fingerprint), same_machine);
  compare.Same(kRecipe, "run directory", a.run_directory, b.run_directory, same_command);
  compare.SameKeys(a.fixed_keys, b.fixed_keys, a.unlisted_keys, same_command);
  compare.SameKeys(a.branch_keys, b.branch_keys, a.unlisted_keys, same_command);
  compare.Same(kRecipe, "recipe hash", Hex64(a.recipe_hash), Hex64(b.recipe_hash), same_command);
  compare.Same(kRecipe, "dataset digest", a.dataset_digest, b.dataset_digest,
               "give every rank the same dataset");
  compare.Same(kRecipe, "samples", a.samples, b.samples, same_command);
  compare.Same(kRecipe, "shard size", a.shard_size, b.shard_size, same_command);
  compare.Same(kRecipe, "window shards", a.window_shards, b.window_shards, same_command);
  compare.Same(kRecipe, "lane batch", a.lane_batch, b.lane_batch, same_command);
  compare.Same(kRecipe, "lanes", a.lanes, b.lanes, same_command);
  compare.Same(kRecipe, "seed", a.seed, b.seed, same_command);
  compare.Same(kRecipe, "total steps", a.total_steps, b.total_steps, same_command);
  compare.Same(kRecipe, "--takeover", a.takeover, b.takeover, same_command);
  compare.Same(kRecipe, "--overwrite", a.overwrite, b.overwrite, same_command);
  compare.Same(kRecipe, "--new-bits", a.new_bits, b.new_bits, same_command);
  compare.Same(kRecipe, "heartbeat limit", a.heartbeat_limit, b.heartbeat_limit, same_command);
  return compare.status();
}

}  // namespace lockstep::coordinator

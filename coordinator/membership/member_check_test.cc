// SPDX-License-Identifier: Apache-2.0
#include "coordinator/membership/member_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

comm::RegisterRequest SomeRank(int32_t rank) {
  comm::RegisterRequest request;
  request.member = {.rank = Rank(rank),
                    .world_size = 4,
                    .host = "node" + std::to_string(rank),
                    .pid = 100 + rank,
                    .build = "build-1",
                    .hardware = "cpu",
                    .fingerprint = 7};
  request.run.run_directory = "/runs/a";
  request.run.fixed_keys = "model.name=mlp\n";
  return request;
}

TEST(CheckSameRun, RanksOfOneRunAreEqualButForWhereTheyAre) {
  EXPECT_TRUE(CheckSameRun(SomeRank(0), SomeRank(3)).ok());
}

TEST(CheckSameRun, EveryDifferenceIsNamedWithBothValues) {
  const auto refused = [](StatusCode code, const char* field, const char* there, const char* here,
                          auto change) {
    comm::RegisterRequest other = SomeRank(2);
    change(&other);
    const Status status = CheckSameRun(SomeRank(0), other);
    EXPECT_EQ(status.code(), code) << field;
    EXPECT_THAT(status.message(),
                AllOf(HasSubstr("rank 2 (node2, pid 102) differs from rank 0 (node0, pid 100)"),
                      HasSubstr(field), HasSubstr(there), HasSubstr(here)));
  };
  constexpr auto kProgram = StatusCode::kFailedPrecondition;
  constexpr auto kRecipe = StatusCode::kInvalidArgument;
  refused(kProgram, "build", "build-1", "build-2", [](auto* r) { r->member.build = "build-2"; });
  refused(kProgram, "hardware", "cpu", "gpu", [](auto* r) { r->member.hardware = "gpu"; });
  refused(kProgram, "fingerprint", "0000000000000007", "0000000000000008",
          [](auto* r) { r->member.fingerprint = 8; });
  refused(kRecipe, "world size", "4", "5", [](auto* r) { r->member.world_size = 5; });
  refused(kRecipe, "run directory", "/runs/a", "/runs/b",
          [](auto* r) { r->run.run_directory = "/runs/b"; });
  refused(kRecipe, "model.name", "mlp", "(none)", [](auto* r) { r->run.fixed_keys = ""; });
  refused(kRecipe, "lr", "(none)", "1", [](auto* r) { r->run.branch_keys = "lr=1\n"; });
  refused(kRecipe, "recipe hash", "0", "1", [](auto* r) { r->run.recipe_hash = 1; });
  refused(kRecipe, "dataset digest", "00", "01", [](auto* r) { r->run.dataset_digest = {1, 0}; });
  refused(kRecipe, "samples", "0", "9", [](auto* r) { r->run.samples = 9; });
  refused(kRecipe, "shard size", "0", "9", [](auto* r) { r->run.shard_size = 9; });
  refused(kRecipe, "window shards", "0", "9", [](auto* r) { r->run.window_shards = 9; });
  refused(kRecipe, "lane batch", "0", "9", [](auto* r) { r->run.lane_batch = 9; });
  refused(kRecipe, "lanes", "1", "9", [](auto* r) { r->run.lanes = 9; });
  refused(kRecipe, "seed", "0", "9", [](auto* r) { r->run.seed = 9; });
  refused(kRecipe, "total steps", "0", "9", [](auto* r) { r->run.total_steps = 9; });
  refused(kRecipe, "--takeover", "no", "yes", [](auto* r) { r->run.takeover = true; });
  refused(kRecipe, "--overwrite", "no", "yes", [](auto* r) { r->run.overwrite = true; });
  refused(kRecipe, "--new-bits", "no", "yes", [](auto* r) { r->run.new_bits = true; });
  refused(kRecipe, "heartbeat limit", "10", "3", [](auto* r) { r->run.heartbeat_limit = 3; });
}

}  // namespace
}  // namespace lockstep::coordinator

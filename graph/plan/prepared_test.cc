// SPDX-License-Identifier: Apache-2.0
// Which parameters a plan has prepared, and what VerifyPlan finds wrong about them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "graph/ir/builder.h"
#include "graph/plan/memory.h"
#include "graph/plan/plan.h"
#include "graph/plan/verify_plan.h"

namespace lockstep::graph {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kCopyBytes = 100, kWorkspace = 640, kWorkspaceIfPrepared = 512;

// Prepares its second input.
class PreparingFamily : public ops::KernelFamily {
 public:
  std::string_view name() const override { return "preparing"; }
  Result<std::vector<ops::Candidate>> Candidates(const ops::NodeSpec&,
                                                 const DeviceSpec&) const override {
    ops::Candidate c = {"preparing", "only", kWorkspace};
    c.prepared_input = 1;
    c.prepared_bytes = kCopyBytes;
    c.workspace_bytes_if_prepared = kWorkspaceIfPrepared;
    return std::vector<ops::Candidate>{c};
  }
  Result<std::unique_ptr<ops::Kernel>> Make(const ops::NodeSpec&, const ops::Candidate&,
                                            Device*) const override {
    return Internal("only planned here");
  }
};

Result<ops::TensorTypes> First(const NoAttrs&, std::span<const TensorType> in) {
  return ops::TensorTypes{in[0]};
}
void Nothing(const NoAttrs&, const ops::ReferenceArgs&) {}

class PreparedTest : public testing::Test {
 protected:
  void SetUp() override {
    registry_.Add<NoAttrs>(
        {.name = "op", .infer = First, .reference_f32 = Nothing, .reference_f64 = Nothing});
    registry_.AddKernel("op", std::make_shared<PreparingFamily>());
    device_.reference_kernels_only = false;
    // first and again read w alike; wide reads it in another shape of x; other reads v; last
    // reads an activation.
    GraphBuilder b("prepared", registry_);
    const TensorType small{DType::kFloat32, {2, 3}}, large{DType::kFloat32, {4, 3}};
    const Value x = b.graph().AddArg("x", ArgKind::kInput, small);
    const Value y = b.graph().AddArg("y", ArgKind::kInput, large);
    const Value w = b.graph().AddArg("w", ArgKind::kParameter, small);
    const Value v = b.graph().AddArg("v", ArgKind::kParameter, small);
    const Value first = Emit(b, "first", x, w);
    const Value again = Emit(b, "again", first, w);
    const Value wide = Emit(b, "wide", y, w);
    const Value other = Emit(b, "other", again, v);
    b.graph().AddResult("wide", wide);
    b.graph().AddResult("last", Emit(b, "last", other, again));
    Result<Graph> graph = std::move(b).Finish();
    CHECK(graph.ok()) << graph.status();
    graph_ = std::make_unique<Graph>(*std::move(graph));
    plan_ = Compiled(/*prepare=*/true);
  }

  static Value Emit(GraphBuilder& b, const std::string& path, Value x, Value w) {
    b.SetPath(path);
    return b.Emit1("op", {}, {x, w});
  }

  Plan Compiled(bool prepare) const {
    const auto plan = Compile(*graph_, device_, {}, {.prepare_parameters = prepare});
    CHECK(plan.ok()) << plan.status();
    return **plan;
  }

  void ExpectFound(const std::string& what) const {
    const Status status = VerifyPlan(*graph_, plan_);
    EXPECT_EQ(status.code(), StatusCode::kInternal);
    EXPECT_THAT(status.message(), HasSubstr(what));
  }

  ops::OpRegistry registry_;
  DeviceSpec device_ = ReferenceCpuSpec();
  std::unique_ptr<Graph> graph_;
  Plan plan_;
};

TEST_F(PreparedTest, EachParameterIsCopiedOnceForNodesThatReadItAlike) {
  ASSERT_EQ(plan_.nodes.size(), 5u);
  std::vector<int32_t> entries;
  for (const PlanNode& node : plan_.nodes) entries.push_back(node.prepared);
  EXPECT_THAT(entries, testing::ElementsAre(0, 0, 1, 2, -1));
  ASSERT_EQ(plan_.prepared.size(), 3u);
  EXPECT_EQ(plan_.prepared[1].arg, 2);
  EXPECT_EQ(plan_.prepared[1].node, 2);
  EXPECT_EQ(plan_.prepared[2].arg, 3);
  EXPECT_EQ(plan_.prepared_bytes, 3 * Aligned(kCopyBytes));
  EXPECT_EQ(plan_.nodes[0].workspace_bytes, kWorkspaceIfPrepared);
  EXPECT_EQ(plan_.nodes[4].workspace_bytes, kWorkspace);
}

TEST_F(PreparedTest, WithoutTheOptionNothingIsPrepared) {
  const Plan plan = Compiled(/*prepare=*/false);
  EXPECT_TRUE(plan.prepared.empty());
  EXPECT_EQ(plan.prepared_bytes, 0);
  for (const PlanNode& node : plan.nodes) {
    EXPECT_EQ(node.prepared, -1);
    EXPECT_EQ(node.workspace_bytes, kWorkspace);
  }
}

TEST_F(PreparedTest, VerifyFindsACopyOfAnotherParameter) {
  plan_.nodes[3].prepared = 0;
  ExpectFound("layer 'other', op: its prepared input is not the parameter that it reads");
}

TEST_F(PreparedTest, VerifyFindsACopyForAnotherNode) {
  plan_.nodes[2].prepared = 0;
  ExpectFound("layer 'wide', op: its prepared input is made by another kernel");
}

TEST_F(PreparedTest, VerifyFindsACopyThatDoesNotExist) {
  plan_.nodes[0].prepared = 3;
  ExpectFound("layer 'first', op: its prepared input does not exist");
}

TEST_F(PreparedTest, VerifyFindsAPreparedActivation) {
  plan_.prepared.push_back({-1, 4, plan_.prepared_bytes, kCopyBytes});
  plan_.prepared_bytes += Aligned(kCopyBytes);
  plan_.nodes[4].prepared = 3;
  ExpectFound("layer 'last', op: its prepared input is not the parameter that it reads");
}

TEST_F(PreparedTest, VerifyFindsTooSmallAWorkspace) {
  plan_.nodes[4].workspace_bytes = kWorkspaceIfPrepared;
  ExpectFound("layer 'last', op: its workspace is not what its kernel asks for");
}

TEST_F(PreparedTest, VerifyFindsCopiesThatOverlapOrEndBehindTheirMemory) {
  const int64_t offset = std::exchange(plan_.prepared[1].offset, 64);
  ExpectFound("prepared parameters overlap");
  plan_.prepared[1].offset = offset;
  plan_.prepared_bytes -= Aligned(kCopyBytes);
  ExpectFound("prepared parameters end after their memory");
}

}  // namespace
}  // namespace lockstep::graph

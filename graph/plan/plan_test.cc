// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/plan.h"

#include <gtest/gtest.h>

#include "graph/ir/builder.h"
#include "graph/ir/text.h"
#include "graph/passes/dead_code.h"
#include "graph/plan/testing/bottleneck_lane.h"
#include "graph/plan/verify_plan.h"
#include "graph/program/program.h"

namespace lockstep::graph {
namespace {

Result<Program> MakeProgram(const Model& model) {
  ProgramOptions options = DescribedFor(model);
  // Large images only make the check slow: the plan's form is that of a small one.
  options.image = model.image[0] > 64 ? Shape{64, 64, 3} : model.image;
  options.lane_batch = 8;
  return Program::Make(options);
}

// Within 5 %, or 16 KiB where a plan has a few buffers that cannot be packed better.
void ExpectNearItsLowerBound(const Plan& plan, const std::string& what) {
  EXPECT_GE(plan.arena_bytes, plan.arena_lower_bound) << what;
  if (plan.arena_bytes - plan.arena_lower_bound <= 16 << 10) return;
  EXPECT_LE(static_cast<double>(plan.arena_bytes),
            1.05 * static_cast<double>(plan.arena_lower_bound))
      << what << ", " << plan.name;
}

TEST(Compile, PlansOfAllModelsAreSoundAndNearTheirLowerBound) {
  for (const Model& model : Models()) {
    const Result<Program> program = MakeProgram(model);
    ASSERT_TRUE(program.ok()) << program.status();
    for (int64_t rows : {1, 8, 33}) {
      for (const Result<Graph>& graph : {program->Lane(rows), program->Eval(rows)}) {
        const auto plan = Compile(*graph, ReferenceCpuSpec());
        ASSERT_TRUE(plan.ok()) << plan.status();
        EXPECT_TRUE(VerifyPlan(RemoveDeadCode(*graph), **plan).ok());
        ExpectNearItsLowerBound(**plan, std::string(model.name) + ", " + std::to_string(rows));
      }
    }
  }
}

// Two random layers that would draw the same numbers.
TEST(Compile, RefusesAGraphThatMeansNothing) {
  const Result<Graph> graph = GraphFromText(
      "graph g\n"
      "  %0 = input \"x\" f32[2,3,3,4]\n"
      "  %1, %2 = dropout(%0) {p=0.25} @\"drop\" : f32[2,3,3,4], u8[2,3,3,4]\n"
      "  %3, %4 = dropout(%1) {p=0.25} @\"drop\" : f32[2,3,3,4], u8[2,3,3,4]\n"
      "  return \"y\" %3\n"
      "end\n");
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto plan = Compile(*graph, ReferenceCpuSpec());
  EXPECT_NE(plan.status().message().find("share the path 'drop'"), std::string::npos)
      << plan.status();
}

TEST(Compile, PlansOfResidualNetworksAreNearTheirLowerBound) {
  for (int64_t rows : {1, 32}) {
    for (const std::vector<int>& blocks : {std::vector{3, 4, 6, 3}, std::vector{3, 8, 36, 3}}) {
      const Graph lane = BottleneckLane{.blocks = blocks, .rows = rows}.Make();
      const auto plan = Compile(lane, ReferenceCpuSpec());
      ASSERT_TRUE(plan.ok()) << plan.status();
      ExpectNearItsLowerBound(**plan, std::to_string(lane.nodes().size()) + " nodes");
    }
  }
}

// y0 = y1 = x; either output may be x's buffer.
void Copy(const NoAttrs&, const ops::ReferenceArgs& args) {
  for (int64_t i = 0; i < args.in_shape(0).elements(); ++i) {
    const float x = args.in<float>(0)[i];
    args.out<float>(0)[i] = args.out<float>(1)[i] = x;
  }
}
Result<ops::TensorTypes> TwoOfTheSame(const NoAttrs&, std::span<const TensorType> in) {
  return ops::TensorTypes{in[0], in[0]};
}

TEST(Compile, TwoOutputsNeverTakeTheSameInputsBuffer) {
  ops::OpRegistry registry;
  registry.Add<NoAttrs>({.name = "two",
                         .infer = TwoOfTheSame,
                         .reference_f32 = Copy,
                         .reference_f64 = Copy,
                         .may_alias = {{0, 0}, {0, 1}}});
  GraphBuilder b("twice", registry);
  const Value x = b.graph().AddArg("x", ArgKind::kInput, {DType::kFloat32, {4}});
  const std::vector<Value> first = b.Emit("two", {}, std::vector<Value>{x});
  const std::vector<Value> second = b.Emit("two", {}, std::vector<Value>{first[0]});
  const std::vector<Value> third = b.Emit("two", {}, std::vector<Value>{second[1]});
  b.graph().AddResult("y", third[0]);
  const Result<Graph> graph = std::move(b).Finish();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto plan = Compile(*graph, ReferenceCpuSpec());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(VerifyPlan(*graph, **plan).ok());
  const PlanNode& node = (*plan)->nodes[1];
  EXPECT_EQ(node.out[0].offset, node.in[0].offset) << "the first output runs in place";
  EXPECT_NE(node.out[1].offset, node.out[0].offset);
}

// A plan is proved before anything runs by it: whatever made its memory too small is found here.
TEST(Compile, RefusesAPlanWhoseBuffersAreSmallerThanTheirValues) {
  const Result<Program> program = MakeProgram(Models()[3]);
  ASSERT_TRUE(program.ok());
  PlanOptions options;
  options.guard_bytes = -64;
  const auto plan = Compile(*program->Lane(8), ReferenceCpuSpec(), {}, options);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), StatusCode::kInternal) << plan.status();
  EXPECT_NE(plan.status().message().find("plan lane"), std::string::npos) << plan.status();
}

TEST(Compile, IsAPureFunction) {
  const Result<Program> program = MakeProgram(Models()[3]);
  ASSERT_TRUE(program.ok());
  const auto a = Compile(*program->Lane(8), ReferenceCpuSpec());
  const auto b = Compile(*program->Lane(8), ReferenceCpuSpec());
  ASSERT_TRUE(a.ok() && b.ok());
  ASSERT_EQ((*a)->nodes.size(), (*b)->nodes.size());
  EXPECT_EQ((*a)->arena_bytes, (*b)->arena_bytes);
  for (size_t i = 0; i < (*a)->nodes.size(); ++i) {
    EXPECT_EQ((*a)->nodes[i].workspace_offset, (*b)->nodes[i].workspace_offset);
    for (size_t k = 0; k < (*a)->nodes[i].out.size(); ++k) {
      EXPECT_EQ((*a)->nodes[i].out[k].offset, (*b)->nodes[i].out[k].offset);
    }
  }
}

TEST(Compile, NamesTheLayerThatHasNoKernel) {
  const Result<Program> program = MakeProgram(Models()[0]);
  ASSERT_TRUE(program.ok());
  DeviceSpec gpu;
  gpu.kind = DeviceKind::kCuda;
  gpu.name = "a GPU";
  const auto plan = Compile(*program->Lane(8), gpu);
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(plan.status().message().find("layer 'conv1': no kernel for conv2d on a GPU"),
            std::string::npos)
      << plan.status();
}

TEST(Compile, DropsWhatNoResultNeeds) {
  const Result<Graph> graph = GraphFromText(
      "graph g\n"
      "  %0 = input \"x\" f32[4]\n"
      "  %1 = relu(%0) {} @\"used\" : f32[4]\n"
      "  %2 = tanh(%0) {} @\"unused\" : f32[4]\n"
      "  return \"y\" %1\n"
      "end\n");
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto plan = Compile(*graph, ReferenceCpuSpec());
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ((*plan)->nodes.size(), 1u);
  EXPECT_EQ((*plan)->nodes[0].spec.path, "used");
  EXPECT_EQ((*plan)->args.size(), 1u);
}

}  // namespace
}  // namespace lockstep::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/plan.h"

#include <gtest/gtest.h>

#include "graph/ir/text.h"
#include "graph/program/program.h"

namespace lockstep::graph {
namespace {

Result<Program> MakeProgram(const Model& model) {
  ProgramOptions options;
  options.model = std::string(model.name);
  options.image = model.image;
  options.lane_batch = 8;
  return Program::Make(options);
}

// The arena ranges a node reads and writes never meet, but for the pairs its op may alias; and no
// node writes over a value that a later node still reads.
void ExpectPlanIsSound(const Plan& plan) {
  for (const PlanNode& node : plan.nodes) {
    for (size_t o = 0; o < node.out.size(); ++o) {
      if (node.out[o].kind != Place::Kind::kArena) continue;
      const int64_t begin = node.out[o].offset, end = begin + node.spec.out[o].bytes();
      EXPECT_LE(end, plan.arena_bytes);
      for (size_t i = 0; i < node.in.size(); ++i) {
        if (node.in[i].kind != Place::Kind::kArena) continue;
        const int64_t in_begin = node.in[i].offset, in_end = in_begin + node.spec.in[i].bytes();
        if (end <= in_begin || in_end <= begin) continue;
        const std::pair<int, int> alias{static_cast<int>(i), static_cast<int>(o)};
        const auto& allowed = node.spec.op->may_alias;
        EXPECT_TRUE(std::find(allowed.begin(), allowed.end(), alias) != allowed.end() &&
                    begin == in_begin)
            << plan.name << ": " << node.spec.op->name << " at " << node.spec.path;
      }
    }
  }
}

TEST(Compile, PlansOfAllModelsAreSoundAndNearTheirLowerBound) {
  for (const Model& model : Models()) {
    const Result<Program> program = MakeProgram(model);
    ASSERT_TRUE(program.ok()) << program.status();
    for (const Result<Graph>& graph : {program->Lane(8), program->Eval(8)}) {
      const auto plan = Compile(*graph, ReferenceCpuSpec());
      ASSERT_TRUE(plan.ok()) << plan.status();
      ExpectPlanIsSound(**plan);
      EXPECT_LE(static_cast<double>((*plan)->arena_bytes),
                1.05 * static_cast<double>((*plan)->arena_lower_bound))
          << model.name << " " << (*plan)->name;
    }
  }
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

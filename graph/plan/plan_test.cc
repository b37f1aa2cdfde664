// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "graph/ir/builder.h"
#include "graph/ir/text.h"
#include "graph/passes/dead_code.h"
#include "graph/plan/memory.h"
#include "graph/program/program.h"

namespace lockstep::graph {
namespace {

Result<Program> MakeProgram(const Model& model) {
  ProgramOptions options;
  options.model = std::string(model.name);
  // Large images only make the check slow: the plan's form is that of a small one.
  options.image = model.image[0] > 64 ? Shape{64, 64, 3} : model.image;
  options.lane_batch = 8;
  return Program::Make(options);
}

// Runs the plan over an arena whose cells remember which value was last written there: every read
// finds its value whole, no two outputs of a node meet, and an output meets an input only where the
// op says that it may.
class SoundnessCheck {
 public:
  SoundnessCheck(const Graph& live, const Plan& plan)
      : live_(live),
        plan_(plan),
        holds_(static_cast<size_t>(plan.arena_bytes / kBufferAlignment), kNothing) {}

  void Run() {
    ASSERT_EQ(plan_.nodes.size(), live_.nodes().size());
    for (size_t n = 0; n < plan_.nodes.size(); ++n) {
      const Node& node = live_.nodes()[n];
      const PlanNode& planned = plan_.nodes[n];
      SCOPED_TRACE(plan_.name + ": " + node.op->name + " at " + node.path);
      for (size_t i = 0; i < node.in.size(); ++i) {
        if (planned.in[i].kind != Place::Kind::kArena) continue;
        ForCells(planned.in[i], planned.spec.in[i].bytes(), [&](int32_t& holds) {
          EXPECT_EQ(holds, node.in[i].id) << "input " << i << " was overwritten";
        });
      }
      const int64_t workspace = planned.candidate.workspace_bytes;
      if (workspace > 0) {
        const Place place{Place::Kind::kArena, 0, planned.workspace_offset};
        ForCells(place, workspace, [&](int32_t& holds) {
          for (size_t i = 0; i < node.in.size(); ++i) EXPECT_NE(holds, node.in[i].id);
          holds = kWorkspace - static_cast<int32_t>(n);
        });
      }
      for (size_t k = 0; k < node.out.size(); ++k) {
        if (planned.out[k].kind == Place::Kind::kArena) Write(n, k);
      }
    }
  }

 private:
  static constexpr int32_t kNothing = -1;
  static constexpr int32_t kWorkspace = -2;  // of node n: kWorkspace - n

  template <typename F>
  void ForCells(const Place& place, int64_t bytes, F&& visit) {
    EXPECT_LE(place.offset + bytes, plan_.arena_bytes);
    for (int64_t at = place.offset; at < place.offset + bytes; at += kBufferAlignment) {
      visit(holds_[static_cast<size_t>(at / kBufferAlignment)]);
    }
  }

  void Write(size_t n, size_t k) {
    const Node& node = live_.nodes()[n];
    const PlanNode& planned = plan_.nodes[n];
    ForCells(planned.out[k], planned.spec.out[k].bytes(), [&](int32_t& holds) {
      EXPECT_NE(holds, kWorkspace - static_cast<int32_t>(n))
          << "output " << k << " lies in the workspace";
      for (size_t j = 0; j < k; ++j) EXPECT_NE(holds, node.out[j].id) << "outputs share memory";
      for (size_t i = 0; i < node.in.size(); ++i) {
        if (holds != node.in[i].id || planned.in[i].kind != Place::Kind::kArena) continue;
        const std::pair<int, int> alias{static_cast<int>(i), static_cast<int>(k)};
        EXPECT_EQ(std::count(node.op->may_alias.begin(), node.op->may_alias.end(), alias), 1)
            << "input " << i << " and output " << k;
        EXPECT_EQ(planned.in[i].offset, planned.out[k].offset);
      }
    });
    ForCells(planned.out[k], planned.spec.out[k].bytes(),
             [&](int32_t& holds) { holds = node.out[k].id; });
  }

  const Graph& live_;
  const Plan& plan_;
  std::vector<int32_t> holds_;  // by cell of kBufferAlignment bytes: the value's id
};

void ExpectPlanIsSound(const Graph& graph, const Plan& plan) {
  const Graph live = RemoveDeadCode(graph);
  SoundnessCheck(live, plan).Run();
}

TEST(Compile, PlansOfAllModelsAreSoundAndNearTheirLowerBound) {
  for (const Model& model : Models()) {
    const Result<Program> program = MakeProgram(model);
    ASSERT_TRUE(program.ok()) << program.status();
    for (const Result<Graph>& graph : {program->Lane(8), program->Eval(8)}) {
      const auto plan = Compile(*graph, ReferenceCpuSpec());
      ASSERT_TRUE(plan.ok()) << plan.status();
      ExpectPlanIsSound(*graph, **plan);
      EXPECT_LE(static_cast<double>((*plan)->arena_bytes),
                1.05 * static_cast<double>((*plan)->arena_lower_bound))
          << model.name << " " << (*plan)->name;
    }
  }
}

// y0 = y1 = x; either output may be x's buffer.
void Copy(const ops::NoAttrs&, const ops::ReferenceArgs& args) {
  for (int64_t i = 0; i < args.in_shape(0).elements(); ++i) {
    const float x = args.in<float>(0)[i];
    args.out<float>(0)[i] = args.out<float>(1)[i] = x;
  }
}
Result<ops::TensorTypes> TwoOfTheSame(const ops::NoAttrs&, std::span<const TensorType> in) {
  return ops::TensorTypes{in[0], in[0]};
}

TEST(Compile, TwoOutputsNeverTakeTheSameInputsBuffer) {
  ops::OpRegistry registry;
  registry.Add<ops::NoAttrs>({.name = "two",
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
  ExpectPlanIsSound(*graph, **plan);
  const PlanNode& node = (*plan)->nodes[1];
  EXPECT_EQ(node.out[0].offset, node.in[0].offset) << "the first output runs in place";
  EXPECT_NE(node.out[1].offset, node.out[0].offset);
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

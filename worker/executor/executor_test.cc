// SPDX-License-Identifier: Apache-2.0
#include "worker/executor/executor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/aligned_buffer.h"
#include "base/check.h"
#include "base/device/cpu/cpu_device.h"
#include "graph/ir/builder.h"
#include "graph/ir/text.h"

namespace lockstep::worker {
namespace {

struct alignas(64) Matrix {
  float at[4] = {0, 0, 0, 0};  // 2 x 2
};

// Three products by x, of which the first two are in the arena.
constexpr const char* kChain =
    "graph chain\n"
    "  %0 = input \"x\" f32[2,2]\n"
    "  %1 = matmul(%0, %0) {transpose_a=false, transpose_b=false} @\"first\" : f32[2,2]\n"
    "  %2 = matmul(%1, %0) {transpose_a=false, transpose_b=false} @\"second\" : f32[2,2]\n"
    "  %3 = matmul(%2, %0) {transpose_a=false, transpose_b=false} @\"third\" : f32[2,2]\n"
    "  return \"y\" %3\n"
    "end\n";

graph::Plan PlanOf(const char* text) {
  const Result<graph::Graph> graph = graph::GraphFromText(text);
  CHECK(graph.ok()) << graph.status();
  const auto plan = graph::Compile(*graph, ReferenceCpuSpec());
  CHECK(plan.ok()) << plan.status();
  return **plan;
}

class ExecutorTest : public testing::Test {
 protected:
  Status Run(const graph::Plan& plan, bool poison, bool checked = false) {
    auto executor =
        Executor::Make(std::make_shared<const graph::Plan>(plan), &device_, {.poison = poison});
    CHECK(executor.ok()) << executor.status();
    const std::vector<const void*> args = {x_.at};
    std::vector<void*> results;
    for (size_t i = 0; i < plan.results.size(); ++i) results.push_back(y_[i].at);
    auto arena = AlignedBuffer::Make(static_cast<size_t>(plan.arena_bytes));
    CHECK(arena.ok());
    std::fill_n(static_cast<float*>(arena->data()), plan.arena_bytes / 4, 0.0f);
    const RunBindings bindings{args, results, arena->data(), {}};
    return checked ? (*executor)->RunChecked(bindings, nullptr)
                   : (*executor)->Run(bindings, nullptr);
  }

  CpuDevice device_{ReferenceCpuSpec()};
  Matrix x_ = {{1, 1, 0, 1}};
  Matrix y_[4];
};

TEST_F(ExecutorTest, RunsTheNodesInOrder) {
  ASSERT_TRUE(Run(PlanOf(kChain), false).ok());
  EXPECT_EQ(y_[0].at[1], 4.0f);
}

TEST_F(ExecutorTest, AProfileHasATimeForEveryNodeAndChangesNothing) {
  const auto plan = std::make_shared<const graph::Plan>(PlanOf(kChain));
  const auto plain = Executor::Make(plan, &device_, {});
  const auto profiled = Executor::Make(plan, &device_, {.profile = true});
  ASSERT_TRUE(plain.ok() && profiled.ok());
  const std::vector<const void*> args = {x_.at};
  const std::vector<void*> results = {y_[0].at};
  auto arena = AlignedBuffer::Make(static_cast<size_t>(plan->arena_bytes));
  ASSERT_TRUE(arena.ok());
  const RunBindings bindings{args, results, arena->data(), {}};
  EXPECT_EQ((*profiled)->node_nanoseconds(), std::vector<int64_t>(3, 0)) << "before the first run";
  ASSERT_TRUE((*profiled)->Run(bindings, nullptr).ok());
  EXPECT_EQ((*profiled)->node_nanoseconds().size(), 3u);
  EXPECT_EQ(y_[0].at[1], 4.0f);
  ASSERT_TRUE((*plain)->Run(bindings, nullptr).ok());
  EXPECT_TRUE((*plain)->node_nanoseconds().empty());
}

TEST_F(ExecutorTest, PoisonChangesNothingOfASoundPlan) {
  ASSERT_TRUE(Run(PlanOf(kChain), true).ok());
  EXPECT_EQ(y_[0].at[1], 4.0f);
}

TEST_F(ExecutorTest, PoisonShowsAReadOfABufferThatIsDead) {
  graph::Plan plan = PlanOf(kChain);
  plan.nodes[2].in[0] = plan.nodes[0].out[0];  // the first product, dead after the second
  ASSERT_TRUE(Run(plan, false).ok());
  EXPECT_EQ(y_[0].at[1], 3.0f) << "without poison the mistake looks like a result";
  ASSERT_TRUE(Run(plan, true).ok());
  EXPECT_TRUE(std::isnan(y_[0].at[1]));
}

TEST_F(ExecutorTest, PoisonShowsAReadOfABufferNotYetWritten) {
  graph::Plan plan = PlanOf(kChain);
  plan.nodes[0].in[1] = plan.nodes[1].out[0];
  ASSERT_TRUE(Run(plan, false).ok());
  EXPECT_FALSE(std::isnan(y_[0].at[1]));
  ASSERT_TRUE(Run(plan, true).ok());
  EXPECT_TRUE(std::isnan(y_[0].at[1]));
}

TEST_F(ExecutorTest, CheckedRunsPoisonToo) {
  graph::Plan plan = PlanOf(kChain);
  plan.nodes[2].in[0] = plan.nodes[0].out[0];
  const Status status = Run(plan, /*poison=*/true, /*checked=*/true);
  EXPECT_EQ(status.code(), StatusCode::kNonFinite);
  EXPECT_NE(status.message().find("layer 'third'"), std::string::npos) << status;
}

TEST_F(ExecutorTest, CheckedNamesTheFirstBadLayerAndOp) {
  x_ = {{1e15f, 1e15f, 1e15f, 1e15f}};  // squared 2e30, then beyond 3.4e38
  const Status status = Run(PlanOf(kChain), false, /*checked=*/true);
  EXPECT_EQ(status.code(), StatusCode::kNonFinite);
  EXPECT_NE(status.message().find("layer 'second': output 0 of matmul, f32[2,2]"),
            std::string::npos)
      << status;
}

TEST_F(ExecutorTest, CheckedGivesTheSameResultsWhereAllIsFinite) {
  ASSERT_TRUE(Run(PlanOf(kChain), false, /*checked=*/true).ok());
  EXPECT_EQ(y_[0].at[1], 4.0f);
}

TEST_F(ExecutorTest, ResultsThatRepeatAnArgumentOrAResultAreCopies) {
  const graph::Plan plan = PlanOf(
      "graph repeats\n"
      "  %0 = input \"x\" f32[2,2]\n"
      "  %1 = matmul(%0, %0) {transpose_a=false, transpose_b=false} @\"a\" : f32[2,2]\n"
      "  return \"x\" %0\n"
      "  return \"y\" %1\n"
      "  return \"y again\" %1\n"
      "  return \"x again\" %0\n"
      "end\n");
  for (bool checked : {false, true}) {
    for (Matrix& y : y_) y = {};
    ASSERT_TRUE(Run(plan, /*poison=*/true, checked).ok());
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(y_[0].at[i], x_.at[i]);
      EXPECT_EQ(y_[3].at[i], x_.at[i]);
      EXPECT_EQ(y_[2].at[i], y_[1].at[i]);
    }
    EXPECT_EQ(y_[1].at[1], 2.0f);
  }
}

// y = x, and one element written behind y, or before it.
template <int kAt>
void WriteBeside(const NoAttrs&, const ops::ReferenceArgs& args) {
  float* y = args.out<float>(0);
  std::copy_n(args.in<float>(0), 4, y);
  y[kAt] = 7.0f;
}
Result<ops::TensorTypes> SameType(const NoAttrs&, std::span<const TensorType> in) {
  return ops::TensorTypes{in[0]};
}

TEST_F(ExecutorTest, CanariesNameTheLayerThatWritesBesideItsBuffers) {
  ops::OpRegistry registry;
  const auto add = [&](std::string name, auto* reference) {
    registry.Add<NoAttrs>({.name = std::move(name),
                           .infer = SameType,
                           .reference_f32 = reference,
                           .reference_f64 = reference});
  };
  add("copy", WriteBeside<3>);
  add("behind", WriteBeside<4>);
  add("before", WriteBeside<-1>);
  for (const std::string op : {"copy", "behind", "before"}) {
    graph::GraphBuilder b("guarded", registry);
    const graph::Value x = b.graph().AddArg("x", graph::ArgKind::kInput, {DType::kFloat32, {2, 2}});
    // Kept alive, so that the culprit's output lies behind it.
    b.SetPath("first");
    const graph::Value first = b.Emit1("copy", {}, {x});
    b.SetPath("culprit");
    const graph::Value second = b.Emit1(op, {}, {first});
    b.SetPath("last");
    b.graph().AddResult("y", b.Emit1("copy", {}, {second}));
    ASSERT_TRUE(b.status().ok()) << b.status();
    const auto plan = graph::Compile(b.graph(), ReferenceCpuSpec(), {}, {.guard_bytes = 64});
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ((*plan)->nodes[1].out[0].offset, 128) << "one buffer of 16 bytes, one guard of 64";
    EXPECT_TRUE(Run(**plan, /*poison=*/false).ok()) << "without poison nobody looks";
    const Status status = Run(**plan, /*poison=*/true);
    if (op == "copy") {
      EXPECT_TRUE(status.ok()) << status;
      continue;
    }
    EXPECT_EQ(status.code(), StatusCode::kInternal);
    EXPECT_NE(status.message().find("layer 'culprit', " + op + ": wrote beside its buffers"),
              std::string::npos)
        << status;
    EXPECT_NE(
        status.message().find(op == "behind" ? "output 0 of 'culprit'" : "output 0 of 'first'"),
        std::string::npos)
        << status;
  }
}

}  // namespace
}  // namespace lockstep::worker

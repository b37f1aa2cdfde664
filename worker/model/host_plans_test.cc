// SPDX-License-Identifier: Apache-2.0
// Plans of all models for this machine, with all kernels: none falls back to plain loops where the
// time goes, and their memory is near its lower bound.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/device/cpu_isa.h"
#include "graph/passes/dead_code.h"
#include "graph/plan/lane_plan.h"
#include "graph/plan/verify_plan.h"
#include "graph/program/program.h"
#include "ops/core/reference_kernel.h"
#include "worker/device/host_spec.h"

namespace lockstep::worker {
namespace {

using graph::Graph;
using graph::Plan;

bool HasOnednn() {
  const auto& kernels = ops::OpRegistry::Global().Find("conv2d")->kernels;
  return std::any_of(kernels.begin(), kernels.end(),
                     [](const auto& family) { return family->name() == "onednn"; });
}

Result<graph::Program> MakeProgram(const graph::Model& model, const Shape& image, int64_t rows) {
  graph::ProgramOptions options = graph::DescribedFor(model);
  options.model_options.classes = 10;
  options.image = image;
  options.lane_batch = rows;
  options.rewrite = true;
  return graph::Program::Make(options);
}

DeviceSpec HostSpec(int32_t threads) {
  Result<DeviceSpec> spec = HostCpuSpec("native", threads);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return *std::move(spec);
}

// Ops of few or no operations, or of one row per step, for which plain loops are enough.
bool MayBePlainLoops(const std::string& op) {
  for (const char* name : {"fill", "reshape", "scale", "confusion_matrix", "class_counts",
                           "top_k_correct", "adaptive_avg_pool2d", "adaptive_avg_pool2d_grad",
                           "batch_norm_totals", "running_average"}) {
    if (op == name) return true;
  }
  return false;
}

// Whether all its tensors are single numbers: the sum of two losses.
bool IsOfNumbers(const ops::NodeSpec& node) {
  const auto single = [](const TensorType& type) { return type.shape.elements() == 1; };
  return std::all_of(node.in.begin(), node.in.end(), single) &&
         std::all_of(node.out.begin(), node.out.end(), single);
}

void ExpectFastKernels(const Plan& plan, const std::string& what) {
  for (const graph::PlanNode& node : plan.nodes) {
    const std::string& op = node.spec.op->name;
    EXPECT_EQ(node.candidate.algorithm.find("ref"), std::string::npos)
        << what << ", layer '" << node.spec.path << "': " << op << " takes oneDNN's "
        << node.candidate.algorithm;
    if (MayBePlainLoops(op) || IsOfNumbers(node.spec)) continue;
    EXPECT_NE(node.candidate.kernel, ops::kReferenceKernel)
        << what << ", layer '" << node.spec.path << "': " << op;
  }
}

Graph ResNet50Lane(int64_t size, int64_t rows) {
  const Result<const graph::Model*> model = graph::FindModel("resnet50");
  CHECK(model.ok()) << model.status();
  const auto program = MakeProgram(**model, {size, size, 3}, rows);
  CHECK(program.ok()) << program.status();
  Result<Graph> lane = program->Lane(rows);
  CHECK(lane.ok()) << lane.status();
  return *std::move(lane);
}

void ExpectNearItsLowerBound(const Plan& plan, const std::string& what) {
  EXPECT_LE(static_cast<double>(plan.arena_bytes),
            1.05 * static_cast<double>(plan.arena_lower_bound))
      << what << ", " << plan.name;
}

TEST(HostPlansTest, OfAllModelsTakeNoPlainLoopsWhereTheTimeGoes) {
  if (!HasOnednn()) GTEST_SKIP() << "built without oneDNN (LOCKSTEP_ONEDNN=OFF)";
  for (const graph::Model& model : graph::Models()) {
    const Shape image = model.image[0] > 64 ? Shape{64, 64, 3} : model.image;
    const auto program = MakeProgram(model, image, 4);
    ASSERT_TRUE(program.ok()) << program.status();
    for (const int32_t threads : {1, 2}) {
      const std::string what = std::string(model.name) + ", T = " + std::to_string(threads);
      for (const Result<Graph>& graph : {program->Lane(4), program->Eval(4)}) {
        ASSERT_TRUE(graph.ok()) << graph.status();
        const auto plan = graph::Compile(*graph, HostSpec(threads));
        ASSERT_TRUE(plan.ok()) << plan.status();
        EXPECT_TRUE(graph::VerifyPlan(graph::RemoveDeadCode(*graph), **plan).ok()) << what;
        ExpectFastKernels(**plan, what);
        ExpectNearItsLowerBound(**plan, what);
      }
    }
  }
}

TEST(HostPlansTest, OfResNet50HaveItsWeightsPreparedOnceEvenWhereBlocksAreRecomputed) {
  if (!HasOnednn()) GTEST_SKIP() << "built without oneDNN (LOCKSTEP_ONEDNN=OFF)";
  const Graph lane = ResNet50Lane(64, 4);
  const graph::PlanOptions prepare = {.prepare_parameters = true};
  const auto without = graph::CompileLane(lane, HostSpec(1));
  const auto once = graph::CompileLane(lane, HostSpec(1), {}, {}, prepare);
  const auto blocks = graph::CompileLane(lane, HostSpec(1),
                                         {graph::RecomputePolicy::Kind::kBlocks, 0}, {}, prepare);
  ASSERT_TRUE(without.ok() && once.ok() && blocks.ok());
  EXPECT_GT((*once)->prepared.size(), 10u);
  EXPECT_LE((*once)->arena_bytes, (*without)->arena_bytes);
  EXPECT_EQ((*blocks)->prepared.size(), (*once)->prepared.size());
  EXPECT_EQ((*blocks)->prepared_bytes, (*once)->prepared_bytes);
}

// The kernels of a layer, by op.
std::map<std::string, std::string> KernelsOf(const Plan& plan, const std::string& layer) {
  std::map<std::string, std::string> kernels;
  for (const graph::PlanNode& node : plan.nodes) {
    if (node.spec.path == layer) kernels[node.spec.op->name] = node.candidate.kernel;
  }
  return kernels;
}

TEST(HostPlansTest, OfResNet50TakeFewerProductsWhereWindowsAreSquareWithManyChannelsAndTiles) {
  if (!HasOnednn()) GTEST_SKIP() << "built without oneDNN (LOCKSTEP_ONEDNN=OFF)";
  if (HostCpuIsa() == CpuIsa::kBaseline) GTEST_SKIP() << "needs AVX2";
  const auto plan = graph::CompileLane(ResNet50Lane(224, 8), HostSpec(2));
  ASSERT_TRUE(plan.ok()) << plan.status();
  const std::map<std::string, std::string> winograd = {
      {"conv2d", "winograd"}, {"conv2d_data_grad", "winograd"}, {"conv2d_weight_grad", "winograd"}};
  EXPECT_EQ(KernelsOf(**plan, "layer1/1/conv2"), winograd);
  EXPECT_EQ(KernelsOf(**plan, "layer3/1/conv2"), winograd);
  for (const char* layer : {"conv1", "layer1/1/conv1", "layer2/0/conv2"}) {  // 7x7, 1x1, strided
    for (const auto& [op, kernel] : KernelsOf(**plan, layer)) {
      EXPECT_NE(kernel, "winograd") << layer << ", " << op;
    }
  }
  const auto few = graph::CompileLane(ResNet50Lane(64, 1), HostSpec(2));  // 4 tiles in layer3
  ASSERT_TRUE(few.ok()) << few.status();
  for (const auto& [op, kernel] : KernelsOf(**few, "layer3/1/conv2")) {
    EXPECT_NE(kernel, "winograd") << op;
  }
}

TEST(HostPlansTest, OfResNet50AtFullSizeRecomputeBlocksInLessThanThreeFifths) {
  if (!HasOnednn()) GTEST_SKIP() << "built without oneDNN (LOCKSTEP_ONEDNN=OFF)";
  const Graph lane = ResNet50Lane(224, 32);
  const auto whole = graph::CompileLane(lane, HostSpec(1));
  const auto blocks =
      graph::CompileLane(lane, HostSpec(1), {graph::RecomputePolicy::Kind::kBlocks, 0});
  ASSERT_TRUE(whole.ok() && blocks.ok()) << blocks.status();
  ExpectFastKernels(**whole, "resnet50");
  ExpectNearItsLowerBound(**whole, "resnet50");
  ExpectNearItsLowerBound(**blocks, "resnet50 with blocks recomputed");
  EXPECT_LT(static_cast<double>((*blocks)->arena_bytes),
            0.6 * static_cast<double>((*whole)->arena_bytes));
}

}  // namespace
}  // namespace lockstep::worker

// SPDX-License-Identifier: Apache-2.0
// Plans for a device that has kernels for some ops only: made up here, since plans need no device.
// Values are f64: the GPU kernels that the program has are for f32.
#include "graph/plan/expand_for_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "graph/ir/text.h"
#include "graph/ir/verify.h"
#include "graph/passes/fuse.h"
#include "graph/plan/lane_plan.h"
#include "graph/plan/verify_plan.h"

namespace lockstep::graph {
namespace {

using ::testing::HasSubstr;
using Names = std::vector<std::string>;

// A kernel of a GPU, for planning.
class GpuFamily : public ops::KernelFamily {
 public:
  explicit GpuFamily(uint32_t in_place) : in_place_(in_place) {}
  std::string_view name() const override { return "gpu"; }
  Result<std::vector<ops::Candidate>> Candidates(const ops::NodeSpec&,
                                                 const DeviceSpec& device) const override {
    if (device.kind != DeviceKind::kCuda) return FailedPrecondition("runs on a GPU only");
    ops::Candidate candidate{"gpu", "only", /*workspace_bytes=*/100};
    candidate.in_place = in_place_;
    return std::vector<ops::Candidate>{candidate};
  }
  Result<std::unique_ptr<ops::Kernel>> Make(const ops::NodeSpec&, const ops::Candidate&,
                                            Device*) const override {
    return Internal("only planned here");
  }

 private:
  const uint32_t in_place_;
};

DeviceSpec Gpu() {
  DeviceSpec spec;
  spec.kind = DeviceKind::kCuda;
  spec.name = "a GPU";
  spec.buffer_alignment = 256;
  return spec;
}

Names OpsOf(const Graph& graph) {
  Names names;
  for (const Node& node : graph.nodes()) names.push_back(node.op->name);
  return names;
}

class ExpandForDeviceTest : public testing::Test {
 protected:
  void SetUp() override { ops::RegisterAllOps(registry_); }

  void AddKernels(const Names& ops, uint32_t in_place = ~uint32_t{0}) {
    for (const std::string& op : ops) {
      registry_.AddKernel(op, std::make_shared<GpuFamily>(in_place));
    }
  }
  Graph Parse(const std::string& text) const {
    Result<Graph> graph = GraphFromText(text, registry_);
    CHECK(graph.ok()) << graph.status();
    return *std::move(graph);
  }
  // batch_norm_relu_train with a sum in it, then tanh.
  Graph Fused() const {
    const Graph plain = Parse(
        "graph g\n"
        "  %0 = input \"x\" f64[2,3,3,4]\n"
        "  %1 = param \"gamma\" f64[4]\n"
        "  %2 = param \"beta\" f64[4]\n"
        "  %3, %4, %5, %6 = batch_norm_train(%0, %1, %2) {eps=1e-05} @\"bn\" : f64[2,3,3,4], "
        "f64[4], f64[4], f64[4]\n"
        "  %7 = add(%3, %0) {} @\"sum\" : f64[2,3,3,4]\n"
        "  %8 = relu(%7) {} @\"relu\" : f64[2,3,3,4]\n"
        "  %9 = tanh(%8) {} @\"tanh\" : f64[2,3,3,4]\n"
        "  return \"y\" %9\n  return \"mean\" %4\nend\n");
    Graph fused = Fuse(plain, registry_).graph;
    CHECK_EQ(fused.nodes().size(), 2u);
    return fused;
  }
  PlanOptions Options() const {
    PlanOptions options;
    options.registry = &registry_;
    return options;
  }

  ops::OpRegistry registry_;
};

TEST_F(ExpandForDeviceTest, AFusedNodeWithoutAKernelStandsAsItsParts) {
  AddKernels({"batch_norm_train", "add", "relu", "tanh"});
  const auto made = ExpandForDevice(Fused(), Gpu(), registry_);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(OpsOf(made->graph), (Names{"batch_norm_train", "add", "relu", "tanh"}));
  EXPECT_EQ(made->expanded, (std::vector<ExpandedNode>{{"bn", "batch_norm_relu_train"}}));
  EXPECT_TRUE(VerifyGraph(made->graph).ok());
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(made->graph.nodes()[i].path, "bn");
  EXPECT_EQ(made->graph.results()[1].value, made->graph.nodes()[0].out[1]) << "the mean";
  EXPECT_EQ(OpsOf(Fuse(made->graph, registry_).graph), OpsOf(Fused())) << "the same meaning";
}

TEST_F(ExpandForDeviceTest, WhatHasAKernelStaysFused) {
  AddKernels({"batch_norm_relu_train", "tanh"});
  const auto made = ExpandForDevice(Fused(), Gpu(), registry_);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->graph, Fused());
  EXPECT_TRUE(made->expanded.empty());
}

TEST_F(ExpandForDeviceTest, OnACpuEverythingStaysFused) {
  const auto made = ExpandForDevice(Fused(), ReferenceCpuSpec(), registry_);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->graph, Fused());
}

TEST_F(ExpandForDeviceTest, ThePlanSaysWhatWasExpandedAndIsAlignedAsTheDeviceWants) {
  AddKernels({"batch_norm_train", "add", "relu", "tanh"});
  for (const auto& plan :
       {Compile(Fused(), Gpu(), {}, Options()), CompileLane(Fused(), Gpu(), {}, {}, Options())}) {
    ASSERT_TRUE(plan.ok()) << plan.status();
    ASSERT_EQ((*plan)->expanded.size(), 1u);
    EXPECT_EQ((*plan)->expanded[0].op, "batch_norm_relu_train");
    EXPECT_EQ((*plan)->alignment, 256);
    ASSERT_FALSE((*plan)->buffers.empty());
    for (const PlanBuffer& buffer : (*plan)->buffers) EXPECT_EQ(buffer.offset % 256, 0);
    EXPECT_EQ((*plan)->arena_bytes % 256, 0);
  }
}

TEST_F(ExpandForDeviceTest, APartWithoutAKernelIsNamedWithItsLayer) {
  AddKernels({"batch_norm_train", "add", "tanh"});
  const auto plan = Compile(Fused(), Gpu(), {}, Options());
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.status().message(), HasSubstr("layer 'bn': no kernel for relu on a GPU"));
}

TEST_F(ExpandForDeviceTest, OutputsTakeOverBuffersOnlyWhereTheKernelCanRunSo) {
  const char* const chain =
      "graph g\n"
      "  %0 = input \"x\" f64[4]\n"
      "  %1 = tanh(%0) {} @\"a\" : f64[4]\n"
      "  %2 = relu(%1) {} @\"b\" : f64[4]\n"
      "  %3 = tanh(%2) {} @\"c\" : f64[4]\n"
      "  return \"y\" %3\nend\n";
  AddKernels({"tanh"});
  AddKernels({"relu"}, /*in_place=*/0);
  const auto apart = Compile(Parse(chain), Gpu(), {}, Options());
  ASSERT_TRUE(apart.ok()) << apart.status();
  EXPECT_NE((*apart)->nodes[1].in[0].offset, (*apart)->nodes[1].out[0].offset);
  const auto cpu = Compile(Parse(chain), ReferenceCpuSpec(), {}, Options());
  ASSERT_TRUE(cpu.ok()) << cpu.status();
  EXPECT_EQ((*cpu)->nodes[1].in[0].offset, (*cpu)->nodes[1].out[0].offset);
  Plan wrong = **cpu;  // a kernel that cannot is found by the proof of a plan
  wrong.nodes[1].candidate.in_place = 0;
  EXPECT_EQ(VerifyPlan(Parse(chain), wrong).code(), StatusCode::kInternal);
}

}  // namespace
}  // namespace lockstep::graph

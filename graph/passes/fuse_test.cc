// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/fuse.h"

#include <gtest/gtest.h>

#include "graph/ir/text.h"
#include "graph/ir/verify.h"

namespace lockstep::graph {
namespace {

Graph Parse(const std::string& text) {
  Result<Graph> graph = GraphFromText(text);
  EXPECT_TRUE(graph.ok()) << graph.status();
  return *std::move(graph);
}

std::vector<std::string> OpsOf(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes()) names.push_back(node.op->name);
  return names;
}

using Names = std::vector<std::string>;

constexpr char kNorm[] =
    "graph g\n"
    "  %0 = input \"x\" f32[2,3,3,4]\n"
    "  %1 = param \"gamma\" f32[4]\n"
    "  %2 = param \"beta\" f32[4]\n"
    "  %3, %4, %5, %6 = batch_norm_train(%0, %1, %2) {eps=1e-05} @\"bn\" : f32[2,3,3,4], f32[4], "
    "f32[4], f32[4]\n";

TEST(FuseTest, NormAndReluBecomeOneNodeUnderTheNormsPath) {
  const Graph graph = Parse(std::string(kNorm) +
                            "  %7 = relu(%3) {} @\"relu\" : f32[2,3,3,4]\n"
                            "  return \"y\" %7\n  return \"mean\" %4\nend\n");
  const Rewritten fused = Fuse(graph);
  EXPECT_EQ(OpsOf(fused.graph), Names{"batch_norm_relu_train"});
  EXPECT_EQ(fused.graph.nodes()[0].path, "bn");
  EXPECT_TRUE(VerifyGraph(fused.graph).ok());
  EXPECT_EQ(fused.graph.results()[0].value, fused.graph.nodes()[0].out[0]);
  EXPECT_EQ(fused.graph.results()[1].value, fused.graph.nodes()[0].out[1]);
  EXPECT_FALSE(fused.renamed[3].valid()) << "the intermediate value is gone";
}

TEST(FuseTest, TheLongestChainWinsAndStandsWhereItsLastNodeStood) {
  const Graph graph = Parse(std::string(kNorm) +
                            "  %7 = relu(%0) {} @\"other\" : f32[2,3,3,4]\n"
                            "  %8 = add(%3, %7) {} @\"sum\" : f32[2,3,3,4]\n"
                            "  %9 = relu(%8) {} @\"relu\" : f32[2,3,3,4]\n"
                            "  return \"y\" %9\nend\n");
  const Rewritten fused = Fuse(graph);
  EXPECT_EQ(OpsOf(fused.graph), (Names{"relu", "batch_norm_relu_train"}));
  EXPECT_EQ(fused.graph.nodes()[1].in[3], fused.graph.nodes()[0].out[0]);
}

TEST(FuseTest, ASumWithTheOperandsTheOtherWayIsAnotherForm) {
  const Graph graph = Parse(std::string(kNorm) +
                            "  %7 = add(%0, %3) {} @\"sum\" : f32[2,3,3,4]\n"
                            "  %8 = relu(%7) {} @\"relu\" : f32[2,3,3,4]\n"
                            "  return \"y\" %8\nend\n");
  EXPECT_EQ(OpsOf(Fuse(graph).graph), (Names{"batch_norm_train", "add", "relu"}));
}

TEST(FuseTest, AnIntermediateValueThatIsReadElsewhereOrReturnedStays) {
  const std::string relu = "  %7 = relu(%3) {} @\"relu\" : f32[2,3,3,4]\n";
  const Names apart = {"batch_norm_train", "relu"};
  EXPECT_EQ(OpsOf(Fuse(Parse(std::string(kNorm) + relu +
                             "  return \"y\" %7\n  return \"before\" %3\nend\n"))
                      .graph),
            apart);
  EXPECT_EQ(OpsOf(Fuse(Parse(std::string(kNorm) + relu +
                             "  %8 = add(%3, %7) {} @\"sum\" : f32[2,3,3,4]\n"
                             "  return \"y\" %8\nend\n"))
                      .graph),
            (Names{"batch_norm_train", "relu", "add"}));
}

TEST(FuseTest, ConvolutionTakesBiasAndActivation) {
  const std::string conv =
      "graph g\n"
      "  %0 = input \"x\" f32[2,5,5,3]\n"
      "  %1 = param \"w\" f32[4,3,3,3]\n"
      "  %2 = param \"b\" f32[4]\n"
      "  %3 = conv2d(%0, %1) {stride_h=1, stride_w=1, padding_h=0, padding_w=0, dilation_h=1, "
      "dilation_w=1, groups=1} @\"conv\" : f32[2,3,3,4]\n"
      "  %4 = bias_add(%3, %2) {} @\"conv\" : f32[2,3,3,4]\n";
  const Rewritten with = Fuse(Parse(conv + "  %5 = relu(%4) {} @\"act\" : f32[2,3,3,4]\n"
                                           "  return \"y\" %5\nend\n"));
  ASSERT_EQ(OpsOf(with.graph), Names{"conv2d_bias"});
  EXPECT_EQ(std::get<std::string>(*with.graph.nodes()[0].attrs.Find("activation")), "relu");
  const Rewritten without = Fuse(Parse(conv + "  return \"y\" %4\nend\n"));
  ASSERT_EQ(OpsOf(without.graph), Names{"conv2d_bias"});
  EXPECT_EQ(std::get<std::string>(*without.graph.nodes()[0].attrs.Find("activation")), "none");
}

// The gradients of a value that a convolution of 1x1, or of 3x3, and something else read.
std::string Join(const std::string& w, const std::string& padding) {
  return "graph g\n"
         "  %0 = input \"dy\" f32[2,5,5,3]\n"
         "  %1 = param \"w\" f32" +
         w +
         "\n  %2 = input \"other\" f32[2,5,5,4]\n"
         "  %3 = conv2d_data_grad(%0, %1) {stride_h=1, stride_w=1, padding_h=" +
         padding + ", padding_w=" + padding +
         ", dilation_h=1, dilation_w=1, groups=1, in_h=5, in_w=5} @\"conv\" : f32[2,5,5,4]\n"
         "  %4 = add(%2, %3) {} @\"conv\" : f32[2,5,5,4]\n"
         "  return \"dx\" %4\nend\n";
}

TEST(FuseTest, AGradientOfPointwiseConvolutionIsAddedToTheOther) {
  EXPECT_EQ(OpsOf(Fuse(Parse(Join("[3,1,1,4]", "0"))).graph), Names{"conv2d_data_grad_add"});
  EXPECT_EQ(OpsOf(Fuse(Parse(Join("[3,3,3,4]", "1"))).graph), (Names{"conv2d_data_grad", "add"}));
}

TEST(FuseTest, AnAveragePoolsGradientTakesThatOfTheTanhBeforeIt) {
  const Rewritten fused =
      Fuse(Parse("graph g\n"
                 "  %0 = input \"dy\" f32[2,2,2,3]\n"
                 "  %1 = input \"t\" f32[2,4,4,3]\n"
                 "  %2 = avg_pool2d_grad(%0) {kernel_h=2, kernel_w=2, stride_h=2, stride_w=2, "
                 "padding_h=0, padding_w=0, count_include_pad=true, in_h=4, in_w=4} @\"pool\" : "
                 "f32[2,4,4,3]\n"
                 "  %3 = tanh_grad(%1, %2) {} @\"act\" : f32[2,4,4,3]\n"
                 "  return \"dx\" %3\nend\n"));
  EXPECT_EQ(OpsOf(fused.graph), Names{"avg_pool2d_tanh_grad"});
}

}  // namespace
}  // namespace lockstep::graph

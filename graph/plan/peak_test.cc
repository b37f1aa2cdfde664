// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/peak.h"

#include <gtest/gtest.h>

#include "graph/ir/text.h"

namespace lockstep::graph {
namespace {

TEST(LargestAtPeak, NamesWhatIsAliveThereLargestFirst) {
  const Result<Graph> graph = GraphFromText(
      "graph g\n"
      "  %0 = input \"x\" f32[16,32]\n"
      "  %1 = matmul(%0, %0) {transpose_a=true, transpose_b=false} @\"large\" : f32[32,32]\n"
      "  %2 = matmul(%0, %0) {transpose_a=false, transpose_b=true} @\"small\" : f32[16,16]\n"
      "  %3 = matmul(%0, %1) {transpose_a=false, transpose_b=false} @\"middle\" : f32[16,32]\n"
      "  %4 = matmul(%2, %3) {transpose_a=false, transpose_b=false} @\"last\" : f32[16,32]\n"
      "  %5 = tanh(%4) {} @\"tanh\" : f32[16,32]\n"
      "  return \"y\" %5\n"
      "end\n");
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto plan = Compile(*graph, ReferenceCpuSpec());
  ASSERT_TRUE(plan.ok()) << plan.status();
  std::vector<PeakTensor> tensors;
  for (const PeakTensor& t : LargestAtPeak(**plan, 100)) {
    if (t.what != "workspace") tensors.push_back(t);
  }
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].path, "large");
  EXPECT_EQ(tensors[0].op, "matmul");
  EXPECT_EQ(tensors[0].what, "f32[32,32]");
  EXPECT_EQ(tensors[0].bytes, 4096);
  EXPECT_EQ(tensors[1].path, "middle");
  EXPECT_EQ(tensors[2].path, "small");
  EXPECT_EQ(LargestAtPeak(**plan, 1).size(), 1u);
}

}  // namespace
}  // namespace lockstep::graph

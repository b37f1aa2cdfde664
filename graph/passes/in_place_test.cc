// SPDX-License-Identifier: Apache-2.0
#include "graph/passes/in_place.h"

#include <gtest/gtest.h>

#include "graph/ir/text.h"

namespace lockstep::graph {
namespace {

// The ids of the values that %0, %1, ... take over; -1 for none. Arguments are not in the arena.
std::vector<int32_t> Ids(const std::string& body) {
  const Result<Graph> graph = GraphFromText("graph g\n" + body + "end\n");
  EXPECT_TRUE(graph.ok()) << graph.status();
  std::vector<bool> in_arena;
  for (int32_t id = 0; id < graph->value_count(); ++id) {
    in_arena.push_back(graph->ArgOf(Value{id}) < 0);
  }
  std::vector<int32_t> ids;
  for (Value v : TakeOvers(*graph, in_arena)) ids.push_back(v.id);
  return ids;
}

TEST(TakeOvers, AnOutputTakesTheBufferOfAnInputThatDies) {
  EXPECT_EQ(Ids("  %0 = input \"x\" f32[4]\n"
                "  %1 = tanh(%0) {} @\"a\" : f32[4]\n"
                "  %2 = relu(%1) {} @\"b\" : f32[4]\n"),
            (std::vector<int32_t>{-1, -1, 1}))
      << "an argument's buffer is never taken";
}

TEST(TakeOvers, NotWhereTheInputIsReadLater) {
  EXPECT_EQ(Ids("  %0 = input \"x\" f32[4]\n"
                "  %1 = tanh(%0) {} @\"a\" : f32[4]\n"
                "  %2 = relu(%1) {} @\"b\" : f32[4]\n"
                "  %3 = add(%1, %2) {} @\"c\" : f32[4]\n"),
            (std::vector<int32_t>{-1, -1, -1, 1}))
      << "add may take either input: the first";
}

TEST(TakeOvers, NotWhereTheInputIsReadTwice) {
  EXPECT_EQ(Ids("  %0 = input \"x\" f32[4]\n"
                "  %1 = tanh(%0) {} @\"a\" : f32[4]\n"
                "  %2 = add(%1, %1) {} @\"b\" : f32[4]\n"),
            (std::vector<int32_t>{-1, -1, -1}));
}

TEST(TakeOvers, NotWhereTheOpDoesNotSaySo) {
  EXPECT_EQ(Ids("  %0 = input \"x\" f32[2,2]\n"
                "  %1 = relu(%0) {} @\"a\" : f32[2,2]\n"
                "  %2 = matmul(%1, %0) {transpose_a=false, transpose_b=false} @\"b\" : f32[2,2]\n"),
            (std::vector<int32_t>{-1, -1, -1}));
}

}  // namespace
}  // namespace lockstep::graph

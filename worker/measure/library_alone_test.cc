// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/library_alone.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/device/cpu/cpu_device.h"

namespace lockstep::worker {
namespace {

TrainConfig TwoLanes() {
  TrainConfig config;
  config.model.name = "convnet-bn";
  config.batch = {.lanes = 2, .lane_batch = 4, .lane_threads = 1};
  config.run.lanes_at_once = 2;
  return config;
}

TEST(LibraryAloneTest, OnlyTheLibrarysNodesAndTheirParametersAreKept) {
  const auto setup = SetUpWithoutData(TwoLanes(), {32, 32, 3}, 10, /*profile=*/false);
  ASSERT_TRUE(setup.ok()) << setup.status();
  const graph::Plan& whole = setup->model->Lane(4).plan();
  const graph::Plan library = LibraryNodesOf(whole);
  const auto is_library = [](const graph::PlanNode& node) { return node.family->is_library(); };
  EXPECT_EQ(static_cast<ptrdiff_t>(library.nodes.size()),
            std::count_if(whole.nodes.begin(), whole.nodes.end(), is_library));
  EXPECT_TRUE(std::all_of(library.nodes.begin(), library.nodes.end(), is_library));
  EXPECT_LT(library.nodes.size(), whole.nodes.size());
  EXPECT_EQ(library.arena_bytes, whole.arena_bytes);
  // Each kept node is given the copy that it was given before, made by a node that is kept.
  size_t given = 0;
  for (const graph::PlanNode& node : library.nodes) {
    if (node.prepared < 0) continue;
    ++given;
    const auto before = std::find_if(whole.nodes.begin(), whole.nodes.end(), [&](const auto& n) {
      return n.spec.path == node.spec.path && n.spec.op == node.spec.op;
    });
    ASSERT_NE(before, whole.nodes.end());
    ASSERT_LT(static_cast<size_t>(node.prepared), library.prepared.size());
    const auto& copy = library.prepared[static_cast<size_t>(node.prepared)];
    EXPECT_EQ(copy.offset, whole.prepared[static_cast<size_t>(before->prepared)].offset);
    EXPECT_EQ(library.nodes[static_cast<size_t>(copy.node)].spec.op, node.spec.op);
  }
  EXPECT_GE(given, library.prepared.size());
}

TEST(LibraryAloneTest, BothPartsAreMeasured) {
  const TrainConfig config = TwoLanes();
  const auto setup = SetUpWithoutData(config, {32, 32, 3}, 10, /*profile=*/false);
  ASSERT_TRUE(setup.ok()) << setup.status();
  for (const LibraryPart part : {LibraryPart::kOfThePlan, LibraryPart::kAllItHas}) {
    const Result<double> ms = MeasureLibraryAlone(config, *setup, part, /*warmup=*/1, /*steps=*/3);
    ASSERT_TRUE(ms.ok()) << ms.status();
    EXPECT_GT(*ms, 0.0);
  }
}

TEST(LibraryAloneTest, WhatDoesNotFitIsRefused) {
  const TrainConfig config = TwoLanes();
  auto setup = SetUpWithoutData(config, {32, 32, 3}, 10, /*profile=*/false);
  ASSERT_TRUE(setup.ok()) << setup.status();
  DeviceSpec small = setup->device->spec();
  small.memory_bytes = 1024;
  const auto first = std::move(setup->device);  // the setup's plans refer to it
  setup->device = std::make_unique<CpuDevice>(small);
  const auto ms = MeasureLibraryAlone(config, *setup, LibraryPart::kOfThePlan, 0, 1);
  EXPECT_EQ(ms.status().code(), StatusCode::kResourceExhausted) << ms.status();
}

}  // namespace
}  // namespace lockstep::worker

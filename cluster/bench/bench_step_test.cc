// SPDX-License-Identifier: Apache-2.0
// The report of `bench step`: what it says of the step and of where the time goes, and what it
// refuses. Nothing is asserted of how long anything takes.
#include "cluster/bench/bench_step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "storage/kernel_file/kernel_file.h"
#include "worker/device/host_spec.h"
#include "worker/measure/tuner.h"

namespace lockstep::cluster {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

BenchStepOptions Small() {
  BenchStepOptions options;
  options.model = "convnet-bn";
  options.image = "8x8x1";
  options.lanes = 2;
  options.lane_batch = 4;
  options.cores = 1;
  options.steps = 3;
  options.warmup = 1;
  return options;
}

// Rows of the table whose head begins so; it ends with an empty line.
int64_t RowsBelow(const std::string& head, const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line) && !line.starts_with(head)) {
  }
  int64_t rows = 0;
  while (std::getline(lines, line) && !line.empty()) ++rows;
  return rows;
}

TEST(BenchStepTest, NamesLanesThreadsAndLaneBatchAndTheSlowest) {
  std::ostringstream out;
  const Status status = RunBenchStep(Small(), out);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(
      out.str(),
      AllOf(HasSubstr("convnet-bn, images 8x8x1, 10 classes, fp32, sgd"),
            HasSubstr("V = 2 lanes, T = 1 threads per lane, lane_batch = 4: 8 images per step; "
                      "lanes at once 1"),
            HasSubstr("images a second"), HasSubstr("memory planned"), HasSubstr("memory measured"),
            HasSubstr("slowest layers"), HasSubstr("slowest ops"), HasSubstr("3 steps after 1")));
}

TEST(BenchStepTest, ProfileListsEveryLayerAndKind) {
  BenchStepOptions options = Small();
  std::ostringstream some, all;
  ASSERT_TRUE(RunBenchStep(options, some).ok());
  options.profile = true;
  ASSERT_TRUE(RunBenchStep(options, all).ok());
  EXPECT_EQ(RowsBelow("slowest layers", some.str()), 5);
  EXPECT_EQ(RowsBelow("slowest ops", some.str()), 5);
  EXPECT_GT(RowsBelow("layer, forward and backward", all.str()), 5);
  EXPECT_GT(RowsBelow("op (kernel)", all.str()), 5);
  EXPECT_THAT(all.str(),
              AllOf(HasSubstr("\nblock1/conv "), HasSubstr("\nblock2/bn "), HasSubstr("\nupdate "),
                    HasSubstr("\nfill (reference) "), HasSubstr("\nconv2d_bias_weight_grad (")));
}

TEST(BenchStepTest, TheJsonHasTheFigures) {
  BenchStepOptions options = Small();
  options.json = ::testing::TempDir() + "/bench_step.json";
  options.library = true;
  std::ostringstream out;
  ASSERT_TRUE(RunBenchStep(options, out).ok());
  std::ifstream file(options.json);
  const auto json = nlohmann::json::parse(file);
  EXPECT_EQ(json["lanes"], 2);
  EXPECT_EQ(json["lane_batch"], 4);
  EXPECT_EQ(json["lane_threads"], 1);
  EXPECT_EQ(json["images_per_step"], 8);
  EXPECT_EQ(json["step_ms"]["all"].size(), 3u);
  EXPECT_LE(json["step_ms"]["min"], json["step_ms"]["median"]);
  EXPECT_LE(json["step_ms"]["median"], json["step_ms"]["max"]);
  EXPECT_GT(json["images_per_second"], 0.0);
  EXPECT_GT(json["library_ms"], 0.0);
  EXPECT_GT(json["library_all_ms"], 0.0);
  EXPECT_GT(json["memory"]["planned_bytes"], 0);
  EXPECT_LT(json["last_loss"], json["first_loss"]);
  int64_t layer_flops = 0, op_flops = 0;
  for (const auto& row : json["layers"]) layer_flops += row["flops"].get<int64_t>();
  for (const auto& row : json["ops"]) op_flops += row["flops"].get<int64_t>();
  EXPECT_GT(layer_flops, 0);
  EXPECT_EQ(layer_flops, op_flops);
}

TEST(BenchStepTest, WhatDoesNotFitIsRefusedBeforeItIsMade) {
  BenchStepOptions options = Small();
  options.image = "32768x32768x1";  // a terabyte of activations a lane
  options.lanes = options.cores = 32;
  options.library = true;
  std::ostringstream out;
  const Status status = RunBenchStep(options, out);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
  EXPECT_THAT(status.message(), HasSubstr("the plan needs"));
  EXPECT_EQ(out.str(), "");
}

TEST(BenchStepTest, ImagesBeyondWhatTheLibraryCountsAreRefused) {
  BenchStepOptions options = Small();
  options.image = "65536x65536x1";
  std::ostringstream out;
  const Status status = RunBenchStep(options, out);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(),
              AnyOf(HasSubstr("no kernel for batch_norm_relu_train"), HasSubstr("the plan needs")));
}

TEST(BenchStepTest, AJsonOfNamesThatAreNoUtf8IsStillJson) {
  const std::string kernels = ::testing::TempDir() + "/bench_step_\xff.json";
  BenchStepOptions options = Small();
  const auto spec = worker::HostCpuSpec("native", options.threads);
  ASSERT_TRUE(spec.ok()) << spec.status();
  const auto file = worker::MakeKernelFile(*spec, {});
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(WriteFileAtomic(kernels, *storage::EncodeKernelFile(*file)).ok());
  options.kernel_file = kernels;
  options.json = ::testing::TempDir() + "/bench_step_utf8.json";
  std::ostringstream out;
  const Status status = RunBenchStep(options, out);
  ASSERT_TRUE(status.ok()) << status;
  std::ifstream written(options.json);
  const auto json = nlohmann::json::parse(written);
  EXPECT_THAT(json["kernel_file"].get<std::string>(), HasSubstr("bench_step_\uFFFD.json"));
}

TEST(BenchStepTest, AModelIsMeasuredOnItsOwnImagesUnlessToldOtherwise) {
  BenchStepOptions options = Small();
  options.image = "";
  options.steps = 1;
  options.warmup = 0;
  std::ostringstream out;
  ASSERT_TRUE(RunBenchStep(options, out).ok());
  EXPECT_THAT(out.str(), HasSubstr("images 28x28x1"));
}

TEST(BenchStepTest, ASegmenterIsMeasuredWithTheLossOfMasks) {
  BenchStepOptions options = Small();
  options.model = "mini-unet";
  options.image = "8x8x3";
  options.lane_batch = options.steps = 1;
  options.profile = true;
  std::ostringstream out;
  const Status status = RunBenchStep(options, out);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(out.str(), HasSubstr("\npixel_cross_entropy_grad ("));
}

TEST(BenchStepTest, WhatIsFrozenHasNoGradient) {
  BenchStepOptions options = Small();
  options.profile = true;
  options.freeze = {"*", "!fc.*"};
  std::ostringstream out;
  Status status = RunBenchStep(options, out);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(out.str(), AllOf(HasSubstr("sgd, some parameters frozen\n"), HasSubstr("\nsgd ("),
                               Not(HasSubstr("\nconv2d_bias_weight_grad ("))));
  options.freeze = {"no.such.layer"};
  std::ostringstream nothing;
  status = RunBenchStep(options, nothing);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(status.message(), HasSubstr("no.such.layer"));
}

TEST(BenchStepTest, RefusesWhatItCannotMeasure) {
  std::ostringstream out;
  for (const char* image : {"8x8", "8x8x", "8x8x1x1", "0x8x1", "8xax1", "-8x8x1", "8x8x1 ", "x"}) {
    BenchStepOptions options = Small();
    options.image = image;
    const Status status = RunBenchStep(options, out);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << image;
    EXPECT_THAT(status.message(), HasSubstr("'" + std::string(image) + "'"));
  }
  BenchStepOptions options = Small();
  options.steps = 0;
  EXPECT_EQ(RunBenchStep(options, out).code(), StatusCode::kInvalidArgument);
  options = Small();
  options.model = "convnet-bm";
  EXPECT_THAT(RunBenchStep(options, out).message(), HasSubstr("did you mean 'convnet-bn'?"));
  EXPECT_EQ(out.str(), "");
}

TEST(BenchStepTest, AJsonFileThatCannotBeWrittenIsNamed) {
  BenchStepOptions options = Small();
  options.json = "/no/such/folder/step.json";
  std::ostringstream out;
  const Status status = RunBenchStep(options, out);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr(options.json));
}

}  // namespace
}  // namespace lockstep::cluster

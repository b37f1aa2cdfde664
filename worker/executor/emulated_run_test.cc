// SPDX-License-Identifier: Apache-2.0
// Whole lanes, forward, loss and gradients, through the executor on the emulated device: the bits
// are the CPU's, whatever stands still and whatever is poisoned, and a call that fails is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/device/cpu/cpu_device.h"
#include "base/device/cpu_isa.h"
#include "base/device/emulated/emulated_device.h"
#include "base/device/memory_access.h"
#include "graph/plan/lane_plan.h"
#include "graph/plan/testing/bottleneck_lane.h"
#include "graph/program/program.h"
#include "worker/executor/executor.h"
#include "worker/measure/made_up_values.h"

namespace lockstep::worker {
namespace {

using ::testing::HasSubstr;
using Results = std::vector<std::string>;  // the bytes of each

// All kernels of this machine.
DeviceSpec HostSpec() {
  DeviceSpec spec = ReferenceCpuSpec();
  spec.reference_kernels_only = false;
  spec.isa = NameOf(HostCpuIsa());
  return spec;
}

graph::Graph LeNetLane() {
  graph::ProgramOptions options;
  options.model = "lenet5";
  options.model_options.classes = 10;
  options.image = {28, 28, 1};
  options.lane_batch = 3;
  const auto program = graph::Program::Make(options);
  CHECK(program.ok()) << program.status();
  const auto lane = program->Lane(3);
  CHECK(lane.ok()) << lane.status();
  return *lane;
}

// Bottlenecks, shortcuts, strides and batch norm.
graph::Graph ResNetLane() {
  return graph::BottleneckLane{.blocks = {1, 2}, .width = 4, .rows = 2, .side = 32, .classes = 5}
      .Make();
}

// A plan on a device with made-up arguments. Buffers come before the stream that uses them.
class LaneRun {
 public:
  static Result<std::unique_ptr<LaneRun>> Make(std::shared_ptr<const graph::Plan> plan,
                                               Device* device, Executor::Options options) {
    std::unique_ptr<LaneRun> run(new LaneRun());
    ASSIGN_OR_RETURN(run->executor_, Executor::Make(plan, device, options));
    const auto allocate = [&](int64_t bytes, const char* what) {
      return device->Allocate(MemoryKind::kDevice, static_cast<size_t>(bytes), what);
    };
    ASSIGN_OR_RETURN(run->arena_, allocate(plan->arena_bytes, "arena"));
    ASSIGN_OR_RETURN(run->prepared_, allocate(plan->prepared_bytes, "prepared"));
    for (const graph::Arg& arg : plan->args) {
      std::string values(static_cast<size_t>(arg.type.bytes()), '\0');
      FillMadeUp(arg.type, run->args_.size(), values.data());
      run->values_.push_back(std::move(values));
      ASSIGN_OR_RETURN(DeviceBuffer buffer, allocate(arg.type.bytes(), "arguments"));
      run->args_.push_back(std::move(buffer));
    }
    for (const graph::PlanResult& result : plan->results) {
      ASSIGN_OR_RETURN(DeviceBuffer buffer, allocate(result.type.bytes(), "results"));
      run->results_.push_back(std::move(buffer));
      run->read_.emplace_back(static_cast<size_t>(result.type.bytes()), '\0');
    }
    ASSIGN_OR_RETURN(run->stream_, device->MakeStream("lane", 0));
    run->memory_.emplace(*device, run->stream_.get());
    return run;
  }

  // Enqueues all, results and all.
  Status Launch(bool checked = false) {
    std::vector<const void*> args;
    std::vector<void*> results;
    for (size_t i = 0; i < args_.size(); ++i) {
      memory_->Copy(args_[i].data(), values_[i].data(), values_[i].size());
      args.push_back(args_[i].data());
    }
    for (DeviceBuffer& result : results_) results.push_back(result.data());
    const graph::Plan& plan = executor_->plan();
    for (size_t i = 0; i < plan.prepared.size(); ++i) {
      RETURN_IF_ERROR(executor_->Prepare(i, args, prepared_.data(), stream_.get()));
    }
    const RunBindings bindings{.args = args,
                               .results = results,
                               .arena = arena_.data(),
                               .step = {.seed = 1, .step = 2, .lane = 3},
                               .prepared = prepared_.data()};
    RETURN_IF_ERROR(checked ? executor_->RunChecked(bindings, stream_.get())
                            : executor_->Run(bindings, stream_.get()));
    for (size_t i = 0; i < results_.size(); ++i) {
      memory_->Copy(read_[i].data(), results_[i].data(), read_[i].size());
    }
    return OkStatus();
  }
  Result<Results> Collect() {
    RETURN_IF_ERROR(memory_->Wait());
    return read_;
  }

 private:
  LaneRun() = default;

  std::unique_ptr<Executor> executor_;
  std::vector<std::string> values_, read_;
  std::vector<DeviceBuffer> args_, results_;
  DeviceBuffer arena_, prepared_;
  std::unique_ptr<Stream> stream_;
  std::optional<MemoryAccess> memory_;
};

Result<Results> RunOn(Device* device, const std::shared_ptr<const graph::Plan>& plan,
                      Executor::Options options = {}, bool checked = false) {
  ASSIGN_OR_RETURN(const auto run, LaneRun::Make(plan, device, options));
  RETURN_IF_ERROR(run->Launch(checked));
  return run->Collect();
}

struct Net {
  const char* name;
  graph::Graph (*lane)();
};

class EmulatedRun : public testing::TestWithParam<Net> {
 protected:
  std::shared_ptr<const graph::Plan> PlanOf(const graph::PlanOptions& options = {}) const {
    const auto plan = graph::CompileLane(GetParam().lane(), HostSpec(), {}, {}, options);
    CHECK(plan.ok()) << plan.status();
    return *plan;
  }
  static Results OnCpu(const std::shared_ptr<const graph::Plan>& plan) {
    CpuDevice cpu(HostSpec());
    const Result<Results> results = RunOn(&cpu, plan);
    CHECK(results.ok()) << results.status();
    return *results;
  }

  EmulatedDevice device_{HostSpec()};
};
INSTANTIATE_TEST_SUITE_P(Nets, EmulatedRun,
                         testing::Values(Net{"LeNet", LeNetLane}, Net{"ResNet", ResNetLane}),
                         [](const auto& info) { return info.param.name; });

TEST_P(EmulatedRun, LossAndGradientsHaveTheCpusBits) {
  const auto plan = PlanOf();
  const Results expected = OnCpu(plan);
  const Result<Results> results = RunOn(&device_, plan);
  ASSERT_TRUE(results.ok()) << results.status();
  int different_from_zero = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((*results)[i], expected[i]) << plan->results[i].name;
    if (expected[i].find_first_not_of('\0') != std::string::npos) ++different_from_zero;
  }
  EXPECT_GT(different_from_zero, 10) << "gradients that are zero prove nothing";
  EXPECT_EQ(device_.counts().launches, static_cast<int64_t>(plan->nodes.size()));
  EXPECT_EQ(device_.counts().host_waits, 1) << "a run waits for nothing";
  EXPECT_TRUE(device_.memory()->ours.empty());
}

TEST_P(EmulatedRun, PreparedParametersGiveTheSameBits) {
  const auto plan = PlanOf({.prepare_parameters = true});
  const Result<Results> results = RunOn(&device_, plan);
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(*results, OnCpu(PlanOf()));
}

TEST_P(EmulatedRun, PoisonAndChecksReachBehindTheWall) {
  const auto plan = PlanOf({.guard_bytes = 64});
  const Result<Results> results = RunOn(&device_, plan, {.poison = true}, /*checked=*/true);
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(*results, OnCpu(plan));
}

TEST_P(EmulatedRun, ARunIsLaunchedWhileItsStreamStandsStill) {
  const auto plan = PlanOf();
  const auto run = LaneRun::Make(plan, &device_, {});
  ASSERT_TRUE(run.ok()) << run.status();
  device_.Hold("lane");
  ASSERT_TRUE((*run)->Launch().ok());
  EXPECT_EQ(device_.counts().host_waits, 0);
  device_.Release("lane");
  const Result<Results> results = (*run)->Collect();
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(*results, OnCpu(plan));
}

TEST_P(EmulatedRun, LanesOnStreamsOfTheirOwnDoNotDisturbOneAnother) {
  const auto plan = PlanOf();
  const Results expected = OnCpu(plan);
  std::vector<std::unique_ptr<LaneRun>> runs;
  for (int i = 0; i < 3; ++i) {
    auto run = LaneRun::Make(plan, &device_, {});
    ASSERT_TRUE(run.ok()) << run.status();
    ASSERT_TRUE((*run)->Launch().ok());
    runs.push_back(*std::move(run));
  }
  for (const auto& run : runs) {
    const Result<Results> results = run->Collect();
    ASSERT_TRUE(results.ok()) << results.status();
    EXPECT_EQ(*results, expected);
  }
}

TEST_P(EmulatedRun, EveryCallThatFailsIsToldAndNothingLeaks) {
  const auto plan = PlanOf({.prepare_parameters = true});
  const Results expected = OnCpu(plan);
  int64_t failed = 0;
  for (int64_t call = 1;; ++call) {
    device_.FailCall(call);
    const Result<Results> results = RunOn(&device_, plan);
    device_.FailCall(0);
    ASSERT_TRUE(device_.memory()->ours.empty()) << "after call " << call;
    if (results.ok()) {  // all calls of a run have failed once
      EXPECT_EQ(*results, expected);
      break;
    }
    ++failed;
    EXPECT_EQ(results.status().code(), StatusCode::kUnavailable) << results.status();
    EXPECT_THAT(results.status().message(), HasSubstr("as it was told to"));
  }
  EXPECT_GT(failed, static_cast<int64_t>(plan->nodes.size()));
}

TEST(EmulatedRunFailures, AFailedLaunchNamesLayerAndOp) {
  EmulatedDevice device(HostSpec());
  const auto plan = graph::CompileLane(LeNetLane(), HostSpec());
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto run = LaneRun::Make(*plan, &device, {});
  ASSERT_TRUE(run.ok()) << run.status();
  device.FailCall(static_cast<int64_t>((*plan)->args.size()) + 1);  // behind the copies
  const Status status = (*run)->Launch();
  ASSERT_FALSE(status.ok());
  const ops::NodeSpec& first = (*plan)->nodes[0].spec;
  EXPECT_THAT(status.message(), testing::AllOf(HasSubstr("Launch of kernel"), HasSubstr(first.path),
                                               HasSubstr(first.op->name)));
}

}  // namespace
}  // namespace lockstep::worker

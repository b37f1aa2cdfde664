// SPDX-License-Identifier: Apache-2.0
// The tuner on kernels that move a held clock instead of computing: nothing here depends on how
// fast the machine is.
#include "worker/measure/tuner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/device/cpu/cpu_device.h"
#include "base/device/emulated/emulated_device.h"
#include "worker/device/host_spec.h"

namespace lockstep::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Fake {
  std::string algorithm;
  int64_t milliseconds = 1;
  bool repeats = true;        // gives the same bits each time
  bool deterministic = true;  // says so
  int64_t workspace_bytes = 0;
  bool writes_all = true;  // of its output
};

// Kernels that take their time on the clock of the test.
class FakeFamily : public ops::KernelFamily {
 public:
  FakeFamily(std::vector<Fake> fakes, HeldClock* clock, std::vector<std::string>* runs)
      : fakes_(std::move(fakes)), clock_(clock), runs_(runs) {}
  std::string_view name() const override { return "fake"; }
  Result<std::vector<ops::Candidate>> Candidates(const ops::NodeSpec&,
                                                 const DeviceSpec&) const override {
    std::vector<ops::Candidate> candidates;
    for (const Fake& f : fakes_) {
      candidates.push_back({"fake", f.algorithm, f.workspace_bytes, f.deterministic});
    }
    return candidates;
  }
  Result<std::unique_ptr<ops::Kernel>> Make(const ops::NodeSpec& node, const ops::Candidate& c,
                                            Device*) const override {
    for (const Fake& f : fakes_) {
      if (f.algorithm == c.algorithm) {
        return std::unique_ptr<ops::Kernel>(
            std::make_unique<FakeKernel>(f, node.out[0].bytes(), clock_, runs_));
      }
    }
    return Internal("no such fake");
  }

 private:
  class FakeKernel : public ops::Kernel {
   public:
    FakeKernel(Fake fake, int64_t bytes, HeldClock* clock, std::vector<std::string>* runs)
        : fake_(std::move(fake)), bytes_(bytes), clock_(clock), runs_(runs) {}
    Status Run(const ops::RunArgs& args, Stream*) const override {
      clock_->Advance(std::chrono::milliseconds(fake_.milliseconds));
      runs_->push_back(fake_.algorithm);
      const auto written = static_cast<size_t>(fake_.writes_all ? bytes_ : bytes_ - 1);
      std::memset(args.out[0], fake_.repeats ? 1 : static_cast<int>(runs_->size() & 0xff), written);
      return OkStatus();
    }

   private:
    const Fake fake_;
    const int64_t bytes_;
    HeldClock* const clock_;
    std::vector<std::string>* const runs_;
  };

  const std::vector<Fake> fakes_;
  HeldClock* const clock_;
  std::vector<std::string>* const runs_;
};

Result<ops::TensorTypes> Same(const NoAttrs&, std::span<const TensorType> in) {
  return ops::TensorTypes{in[0]};
}

void Nothing(const NoAttrs&, const ops::ReferenceArgs&) {
  FAIL() << "the reference kernel is no contender";
}

class TunerTest : public testing::Test {
 protected:
  // An op of one node whose kernels are these, then the reference.
  ops::NodeSpec Node(const std::string& op, std::vector<Fake> fakes, int64_t elements = 4) {
    registry_.Add<NoAttrs>(
        {.name = op, .infer = Same, .reference_f32 = Nothing, .reference_f64 = Nothing});
    if (!fakes.empty()) {
      registry_.AddKernel(op, std::make_shared<FakeFamily>(std::move(fakes), &clock_, &runs_));
    }
    const TensorType type{DType::kFloat32, {elements}};
    return {registry_.Find(op), {}, {type}, {type}, "layer"};
  }

  Result<TuneReport> Tuned(const std::vector<ops::NodeSpec>& nodes, double seconds = 60.0) {
    return TunedOn(&device_, nodes, seconds);
  }

  Result<TuneReport> TunedOn(Device* device, const std::vector<ops::NodeSpec>& nodes,
                             double seconds = 60.0) {
    TuneOptions options;
    options.seconds = seconds;
    options.clock = &clock_;
    options.progress = [this](int64_t, int64_t, const ops::NodeSpec& node) {
      begun_.push_back(node.op->name);
    };
    return TuneNodes(nodes, device, options);
  }

  // Algorithms that were chosen.
  std::vector<std::string> Chosen(const std::vector<ops::NodeSpec>& nodes, double seconds = 60.0) {
    const Result<TuneReport> report = Tuned(nodes, seconds);
    EXPECT_TRUE(report.ok()) << report.status();
    std::vector<std::string> algorithms;
    if (!report.ok()) return algorithms;
    for (const TunedChoice& c : report->choices) algorithms.push_back(c.choice.algorithm);
    return algorithms;
  }

  static DeviceSpec Spec() {
    DeviceSpec spec = ReferenceHostSpec();
    spec.reference_kernels_only = false;
    return spec;
  }

  ops::OpRegistry registry_;
  HeldClock clock_;
  std::vector<std::string> runs_, begun_;
  CpuDevice device_{Spec()};
};

TEST_F(TunerTest, RecordsTheFastestWithItsTimeAndTheFirsts) {
  const ops::NodeSpec node = Node("op", {{"a", 40}, {"b", 30}, {"c", 20}, {"d", 25}});
  const Result<TuneReport> report = Tuned({node, node});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->nodes, 1) << "equal nodes are one";
  EXPECT_EQ(report->with_choice, 1);
  EXPECT_EQ(report->decided, 1);
  ASSERT_EQ(report->choices.size(), 1u);
  const storage::KernelFileChoice expected = {"op{} f32[4] -> f32[4]", "fake", "c", 20.0, 40.0};
  EXPECT_EQ(report->choices[0].choice, expected);
  EXPECT_EQ(report->choices[0].first, "fake a");
  EXPECT_EQ(report->choices[0].choice.key(), graph::NodeKey(node));
}

// What each device must come to alike.
TEST_F(TunerTest, ChoosesAndDropsTheSameOnADeviceWithMemoryOfItsOwn) {
  EmulatedDevice emulated(Spec());
  const ops::NodeSpec node = Node("op", {{"a", 50},
                                         {.algorithm = "b", .repeats = false},
                                         {.algorithm = "c", .writes_all = false},
                                         {"d", 30}});
  for (Device* const device : {static_cast<Device*>(&device_), static_cast<Device*>(&emulated)}) {
    const Result<TuneReport> report = TunedOn(device, {node});
    ASSERT_TRUE(report.ok()) << report.status();
    ASSERT_EQ(report->choices.size(), 1u);
    EXPECT_EQ(report->choices[0].choice.algorithm, "d");
    EXPECT_EQ(report->choices[0].choice.milliseconds, 30.0);
    EXPECT_EQ(report->dropped.size(), 2u);
  }
  EXPECT_GT(emulated.counts().launches, 0);
  EXPECT_TRUE(emulated.memory()->ours.empty());
}

TEST_F(TunerTest, AFailureOfTheDeviceEndsTheTuning) {
  EmulatedDevice emulated(Spec());
  const ops::NodeSpec node = Node("op", {{"a", 50}, {"b", 30}});
  for (int64_t call = 1;; ++call) {
    emulated.FailCall(call);
    const Result<TuneReport> report = TunedOn(&emulated, {node});
    emulated.FailCall(0);
    ASSERT_TRUE(emulated.memory()->ours.empty()) << "after call " << call;
    if (report.ok()) {
      EXPECT_GT(call, 30) << "all calls have failed once";
      break;
    }
    EXPECT_EQ(report.status().code(), StatusCode::kUnavailable) << report.status();
  }
}

TEST_F(TunerTest, NothingIsRecordedWithinTheMargin) {
  EXPECT_THAT(Chosen({Node("near", {{"a", 100}, {"b", 96}})}), ElementsAre());
  EXPECT_THAT(Chosen({Node("clear", {{"a", 100}, {"b", 94}})}), ElementsAre("b"));
}

TEST_F(TunerTest, DropsAKernelWhoseBitsDifferBetweenTwoRuns) {
  const Result<TuneReport> report =
      Tuned({Node("op", {{"a", 50}, {.algorithm = "b", .repeats = false}, {"c", 30}})});
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->choices.size(), 1u);
  EXPECT_EQ(report->choices[0].choice.algorithm, "c");
  EXPECT_THAT(report->dropped, ElementsAre("op{} f32[4] -> f32[4]: fake b"));
}

TEST_F(TunerTest, DropsAKernelThatLeavesAPartOfItsOutputAsItWas) {
  EXPECT_THAT(Chosen({Node("op", {{"a", 50}, {.algorithm = "b", .writes_all = false}})}),
              ElementsAre());
}

TEST_F(TunerTest, AFirstKernelWhoseBitsDifferIsReplacedEvenByASlowerOneAndLate) {
  const ops::NodeSpec node = Node("op", {{.algorithm = "a", .repeats = false}, {"b", 30}});
  const Result<TuneReport> report = Tuned({node}, /*seconds=*/0.01);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->choices.size(), 1u);
  EXPECT_EQ(report->choices[0].choice.algorithm, "b");
  EXPECT_EQ(report->choices[0].choice.milliseconds, 30.0);
  EXPECT_EQ(report->choices[0].choice.first_milliseconds, 0.0);
}

TEST_F(TunerTest, FailsWhereNoKernelRepeatsItsBits) {
  const Result<TuneReport> report = Tuned(
      {Node("op", {{.algorithm = "a", .repeats = false}, {.algorithm = "b", .repeats = false}})});
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.status().message(),
              HasSubstr("none of the 2 kernels tried for op{} f32[4] -> f32[4]"));
}

TEST_F(TunerTest, AFirstKernelWithoutRivalsIsNotTimed) {
  const Result<TuneReport> report =
      Tuned({Node("op", {{"a", 50}, {.algorithm = "b", .repeats = false}})});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->decided, 1) << "it is decided";
  EXPECT_TRUE(report->choices.empty());
  EXPECT_THAT(runs_, ElementsAre("a", "a", "b", "b")) << "twice each, for their bits";
}

TEST_F(TunerTest, TimesNeitherWhatIsNotDeterministicNorWhatIsAboveTheCap) {
  EXPECT_THAT(Chosen({Node("op", {{"a", 50},
                                  {.algorithm = "b", .deterministic = false},
                                  {.algorithm = "c", .workspace_bytes = int64_t{1} << 40},
                                  {"d", 20}})}),
              ElementsAre("d"));
  EXPECT_THAT(runs_, ::testing::Each(::testing::AnyOf("a", "d")));
}

TEST_F(TunerTest, TimesEightAndNoMore) {
  std::vector<Fake> fakes;
  for (char c = 'a'; c <= 'i'; ++c) fakes.push_back({std::string(1, c), 100 - 10 * (c - 'a')});
  EXPECT_THAT(Chosen({Node("op", fakes)}), ElementsAre("h"));
}

TEST_F(TunerTest, AloneWithTheReferenceKernelANodeHasNothingToChoose) {
  const Result<TuneReport> report = Tuned({Node("one", {{"a", 50}}), Node("none", {})});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->nodes, 2);
  EXPECT_EQ(report->with_choice, 0);
  EXPECT_TRUE(runs_.empty());
}

TEST_F(TunerTest, TakesTheDearestFirstAndBeginsNoneWhenTheTimeIsOver) {
  const std::vector<ops::NodeSpec> nodes = {Node("small", {{"a", 50}, {"b", 1}}, 4),
                                            Node("large", {{"a", 50}, {"b", 1}}, 4000),
                                            Node("middle", {{"a", 50}, {"b", 1}}, 40)};
  const Result<TuneReport> report = Tuned(nodes, /*seconds=*/0.4);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(begun_, ElementsAre("large", "middle"));
  EXPECT_EQ(report->with_choice, 3);
  EXPECT_EQ(report->decided, 1) << "the second was cut off and keeps its first kernel";
  ASSERT_EQ(report->choices.size(), 1u);
  EXPECT_THAT(report->choices[0].choice.node, HasSubstr("large"));
}

TEST_F(TunerTest, AWishToStopEndsItBeforeTheNextKernel) {
  std::atomic<bool> stop{false};
  TuneOptions options;
  options.clock = &clock_;
  options.stop = &stop;
  options.progress = [&](int64_t done, int64_t, const ops::NodeSpec&) { stop = done == 1; };
  const std::vector<ops::NodeSpec> nodes = {Node("large", {{"a", 50}, {"b", 1}}, 4000),
                                            Node("small", {{"c", 50}, {"d", 1}}, 4)};
  EXPECT_EQ(TuneNodes(nodes, &device_, options).status().code(), StatusCode::kCancelled);
  EXPECT_GT(std::count(runs_.begin(), runs_.end(), "b"), 0);
  EXPECT_EQ(std::count(runs_.begin(), runs_.end(), "c"), 0);
}

TEST_F(TunerTest, AHopelessKernelIsRunLessThanTheOthers) {
  EXPECT_THAT(Chosen({Node("op", {{"a", 10}, {"b", 1000}})}), ElementsAre());
  EXPECT_EQ(std::count(runs_.begin(), runs_.end(), "b"), 3) << "twice for its bits, once for time";
  EXPECT_GE(std::count(runs_.begin(), runs_.end(), "a"), 7);
}

}  // namespace
}  // namespace lockstep::worker

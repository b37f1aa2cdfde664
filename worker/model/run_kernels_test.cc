// SPDX-License-Identifier: Apache-2.0
// What a kernel file does to a run, and every reason to refuse one.
#include "worker/model/run_kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/hash.h"
#include "storage/kernel_file/kernel_file.h"
#include "worker/device/host_spec.h"
#include "worker/measure/tuner.h"
#include "worker/model/run_setup.h"

namespace lockstep::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class RunKernelsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(RemoveTree(folder_).ok());
    ASSERT_TRUE(MakeDirs(folder_).ok());
    config_.model.name = "lenet5";
    config_.batch = {1, 4, 1};
    config_.kernel_file = path_;
    spec_ = *HostCpuSpec("native", 1);
    const Result<storage::KernelFile> file = MakeKernelFile(spec_, {});
    ASSERT_TRUE(file.ok()) << file.status();
    file_ = *file;
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(folder_).ok()); }

  static std::string TextOf(const storage::KernelFile& file) {
    const Result<std::string> text = EncodeKernelFile(file);
    EXPECT_TRUE(text.ok()) << text.status();
    return text.ok() ? *text : "";
  }
  void Write(const storage::KernelFile& file) { WriteText(path_, TextOf(file)); }
  static void WriteText(const std::string& path, const std::string& text) {
    const Status written = WriteFileAtomic(path, text);
    EXPECT_TRUE(written.ok()) << written;
  }
  Result<RunKernels> Load() const { return LoadRunKernels(config_, spec_); }
  Result<RunSetup> Made() const {
    return SetUpWithoutData(config_, {28, 28, 1}, 10, /*profile=*/false);
  }

  // Refused, and the message names the file and says what to do.
  void ExpectRefused(StatusCode code, const ::testing::Matcher<const std::string&>& says) const {
    const Result<RunKernels> loaded = Load();
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.status().code(), code) << loaded.status();
    EXPECT_THAT(loaded.status().message(),
                AllOf(HasSubstr("kernel file '" + path_ + "'"), HasSubstr("lockstep tune"), says));
    EXPECT_FALSE(Made().ok()) << "a run must not begin";
  }

  const std::string folder_ = testing::TempDir() + "/lockstep-run-kernels-" +
                              testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string path_ = folder_ + "/k.json";
  TrainConfig config_;
  DeviceSpec spec_;
  storage::KernelFile file_;
};

// A node of the lane plan that more than one kernel can run, and what it does not take by itself.
struct Second {
  ops::NodeSpec node;
  ops::Candidate candidate;
};
std::optional<Second> FindSecond(const RunSetup& setup) {
  for (const graph::PlanNode& node : setup.model->Lane(4).plan().nodes) {
    const auto options = *graph::KernelOptions(node.spec, setup.device->spec());
    if (options.size() > 1) return Second{node.spec, options[1].candidate};
  }
  return std::nullopt;
}

TEST_F(RunKernelsTest, WithoutAFileNothingIsReadAndTheHashIsZero) {
  config_.kernel_file.clear();
  const Result<RunKernels> kernels = Load();
  ASSERT_TRUE(kernels.ok()) << kernels.status();
  EXPECT_EQ(kernels->hash, 0u);
  EXPECT_TRUE(kernels->path.empty() && kernels->choices.by_node.empty());
}

TEST_F(RunKernelsTest, PlansTakeThePlantedChoice) {
  config_.kernel_file.clear();
  const Result<RunSetup> before = Made();
  ASSERT_TRUE(before.ok()) << before.status();
  const std::optional<Second> second = FindSecond(*before);
  ASSERT_TRUE(second) << "every op has its reference kernel beside another";
  file_.choices = {{graph::NodeText(second->node), second->candidate.kernel,
                    second->candidate.algorithm, 1.0, 2.0},
                   {"unknown{} -> f32[7]", "none", "at all", 1.0, 2.0}};
  std::sort(file_.choices.begin(), file_.choices.end(),
            [](const auto& a, const auto& b) { return a.node < b.node; });
  Write(file_);
  config_.kernel_file = path_;
  const Result<RunSetup> after = Made();
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->kernels.hash, storage::KernelFileHash(TextOf(file_)));
  const auto& first_nodes = before->model->Lane(4).plan().nodes;
  const auto& nodes = after->model->Lane(4).plan().nodes;
  ASSERT_EQ(nodes.size(), first_nodes.size());
  int changed = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const bool planted = graph::NodeKey(nodes[i].spec) == graph::NodeKey(second->node);
    const ops::Candidate& expected = planted ? second->candidate : first_nodes[i].candidate;
    EXPECT_EQ(nodes[i].candidate.kernel, expected.kernel);
    EXPECT_EQ(nodes[i].candidate.algorithm, expected.algorithm);
    changed += planted ? 1 : 0;
  }
  EXPECT_GE(changed, 1);
}

TEST_F(RunKernelsTest, AChoiceThatIsGoneIsAnErrorThatNamesTheFile) {
  config_.kernel_file.clear();
  const Result<RunSetup> before = Made();
  ASSERT_TRUE(before.ok()) << before.status();
  const ops::NodeSpec& node = before->model->Lane(4).plan().nodes[0].spec;
  file_.choices = {{graph::NodeText(node), "onednn", "jit:gone", 1.0, 2.0}};
  Write(file_);
  config_.kernel_file = path_;
  const Result<RunSetup> setup = Made();
  ASSERT_FALSE(setup.ok());
  EXPECT_EQ(setup.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(setup.status().message(),
              AllOf(HasSubstr("kernel file '" + path_ + "'"), HasSubstr("'jit:gone'"),
                    HasSubstr(graph::NodeText(node)), HasSubstr("lockstep tune")));
}

TEST_F(RunKernelsTest, RefusesAFileThatIsNotThere) {
  ExpectRefused(StatusCode::kNotFound, HasSubstr("k.json"));
}

TEST_F(RunKernelsTest, RefusesATornOrEditedFile) {
  const std::string text = TextOf(file_);
  WriteText(path_, text.substr(0, text.size() / 2));
  ExpectRefused(StatusCode::kDataLoss, HasSubstr(""));
  std::string edited = text;
  edited.replace(edited.find("\"threads\": 1"), 12, "\"threads\": 2");
  WriteText(path_, edited);
  ExpectRefused(StatusCode::kDataLoss, HasSubstr("its hash is"));
}

TEST_F(RunKernelsTest, RefusesAFileOfAnotherBuild) {
  const std::string build = file_.build;
  file_.build = "00000000000000aa";
  Write(file_);
  ExpectRefused(StatusCode::kFailedPrecondition,
                AllOf(HasSubstr("build"), HasSubstr("00000000000000aa"), HasSubstr(build)));
}

TEST_F(RunKernelsTest, RefusesAFileOfAnotherHardwareKind) {
  const std::string hardware = file_.hardware;
  file_.hardware = "abacus";
  Write(file_);
  ExpectRefused(StatusCode::kFailedPrecondition,
                AllOf(HasSubstr("hardware"), HasSubstr("'abacus'"), HasSubstr(hardware)));
}

TEST_F(RunKernelsTest, RefusesAFileOfAnotherInstructionSetOrNumberOfThreads) {
  storage::KernelFile other = file_;
  other.isa = "z80";
  Write(other);
  ExpectRefused(StatusCode::kFailedPrecondition,
                AllOf(HasSubstr("train.cpu_isa"), HasSubstr("'z80'"), HasSubstr(spec_.isa)));
  other = file_;
  other.threads = 3;
  Write(other);
  ExpectRefused(StatusCode::kFailedPrecondition,
                AllOf(HasSubstr("batch.lane_threads"), HasSubstr("'3'"), HasSubstr("'1'")));
}

TEST_F(RunKernelsTest, RefusesAFileBesideReferenceKernels) {
  Write(file_);
  config_.kernels = "reference";
  const Result<RunKernels> loaded = Load();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(loaded.status().message(), AllOf(HasSubstr(path_), HasSubstr("reference")));
}

TEST_F(RunKernelsTest, ARunThatGoesOnReadsItsCopyAndABeginningTheRecipesFile) {
  Write(file_);
  config_.run.directory = folder_ + "/run";
  ASSERT_TRUE(MakeDirs(config_.run.directory).ok());
  EXPECT_EQ(Load()->path, path_) << "there is no copy yet";
  const std::string copy = config_.run.directory + "/kernels.json";
  storage::KernelFile other = file_;
  other.choices = {{"unknown{} -> f32[7]", "none", "at all", 1.0, 2.0}};
  WriteText(copy, TextOf(other));
  const Result<RunKernels> kernels = Load();
  ASSERT_TRUE(kernels.ok()) << kernels.status();
  EXPECT_EQ(kernels->path, copy);
  EXPECT_EQ(kernels->text, TextOf(other));
  ASSERT_TRUE(RemoveTree(path_).ok());
  EXPECT_TRUE(Load().ok()) << "the recipe's file is needed no more";
  Write(file_);
  config_.run.overwrite = true;
  EXPECT_EQ(Load()->path, path_);
  config_.run.overwrite = false;
  config_.run.new_bits = true;
  EXPECT_EQ(Load()->path, path_);
  config_.run.new_bits = false;
  WriteText(copy, "torn");
  const Result<RunKernels> torn = Load();
  ASSERT_FALSE(torn.ok()) << "the recipe's file is no fallback";
  EXPECT_EQ(torn.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(torn.status().message(),
              AllOf(HasSubstr("'" + copy + "'"), HasSubstr("that the run began with")));
}

TEST_F(RunKernelsTest, FixedKeysTellTheFilesHashInTheirOrder) {
  Write(file_);
  const Result<RunKernels> kernels = Load();
  ASSERT_TRUE(kernels.ok()) << kernels.status();
  const std::string line = "train.kernel_file=" + Hex64(kernels->hash) + "\n";
  EXPECT_EQ(FixedKeysOf(config_, *kernels), line);
  config_.fixed_keys = "batch.lanes=2\ntrain.seed=3\n";
  EXPECT_EQ(FixedKeysOf(config_, *kernels), "batch.lanes=2\n" + line + "train.seed=3\n");
  config_.fixed_keys = "batch.lanes=2\n";
  EXPECT_EQ(FixedKeysOf(config_, *kernels), "batch.lanes=2\n" + line);
  EXPECT_EQ(FixedKeysOf(config_, RunKernels{}), config_.fixed_keys);
}

TEST_F(RunKernelsTest, TuningARecipesModelGivesAFileThatItsRunsTake) {
  config_.kernel_file.clear();
  const Result<RunSetup> setup = Made();
  ASSERT_TRUE(setup.ok()) << setup.status();
  TuneOptions options;
  options.seconds = 0.5;
  const Result<TuneReport> report = Tune(*setup->model, setup->device.get(), options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->nodes, report->with_choice) << "some ops have one kernel";
  EXPECT_LE(report->decided, report->with_choice);
  const Result<storage::KernelFile> file = MakeKernelFile(setup->device->spec(), *report);
  ASSERT_TRUE(file.ok()) << file.status();
  Write(*file);
  config_.kernel_file = path_;
  const Result<RunSetup> tuned = Made();
  ASSERT_TRUE(tuned.ok()) << tuned.status();
  EXPECT_EQ(tuned->kernels.choices.by_node.size(), report->choices.size());
}

}  // namespace
}  // namespace lockstep::worker

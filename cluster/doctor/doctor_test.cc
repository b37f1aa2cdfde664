// SPDX-License-Identifier: Apache-2.0
// The doctor on planted machines: folders that stand for /proc and /sys, variables and limits made
// up. What this machine is like is asserted nowhere.
#include "cluster/doctor/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/device/device_spec.h"
#include "base/file.h"
#include "cluster/doctor/checks.h"

namespace lockstep::cluster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

comm::Environment Variables(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto at = values.find(name);
    if (at == values.end()) return std::nullopt;
    return at->second;
  };
}

Finding Named(const Findings& findings, const std::string& topic) {
  for (const Finding& finding : findings) {
    if (finding.topic == topic) return finding;
  }
  ADD_FAILURE() << "no finding " << topic;
  return {};
}

bool Has(const Findings& findings, const std::string& topic) {
  for (const Finding& finding : findings) {
    if (finding.topic == topic) return true;
  }
  return false;
}

class DoctorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "/doctor_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    root_ = std::filesystem::path(root_).lexically_normal().string();
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Plant(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  std::string root_;
};

TEST_F(DoctorTest, CpuIsNamedAndAQuotaBelowTheMaskIsAWarning) {
  Plant("/proc/cpuinfo",
        "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: Planted CPU\n\n"
        "processor\t: 1\nmodel name\t: Another\n");
  Plant("/sys/devices/system/cpu/cpu0/cache/index0/level", "1\n");
  Plant("/sys/devices/system/cpu/cpu0/cache/index0/type", "Data\n");
  Plant("/sys/devices/system/cpu/cpu0/cache/index0/size", "48K\n");
  Findings findings = CheckCpu(root_, 4);
  EXPECT_THAT(Named(findings, "cpu").text,
              AllOf(HasSubstr("Planted CPU (family 25, model 17)"), HasSubstr("L1 Data 48K")));
  EXPECT_EQ(Named(findings, "cores").verdict, Verdict::kOk);
  Plant("/proc/self/cgroup", "0::/\n");
  Plant("/sys/fs/cgroup/cpu.max", "250000 100000\n");
  const Finding cores = Named(CheckCpu(root_, 4), "cores");
  EXPECT_EQ(cores.verdict, Verdict::kWarning);
  EXPECT_THAT(cores.text, HasSubstr("4 in the affinity mask"));
  EXPECT_THAT(cores.text, HasSubstr("2.5"));
  EXPECT_THAT(cores.remedy, HasSubstr("run.cores = 2"));
  EXPECT_EQ(Named(CheckCpu(root_, 2), "cores").verdict, Verdict::kOk);
}

TEST_F(DoctorTest, LittleMemoryIsAWarningAndAControlGroupsLimitIsTold) {
  Plant("/proc/meminfo", "MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable: 4194304 kB\n");
  EXPECT_EQ(CheckMemory(root_).front().verdict, Verdict::kOk);
  EXPECT_EQ(CheckMemory(root_).front().text, "4.0 GiB available of 8.0 GiB");
  Plant("/proc/self/cgroup", "0::/\n");
  Plant("/sys/fs/cgroup/memory.max", "3221225472\n");
  EXPECT_EQ(CheckMemory(root_).front().verdict, Verdict::kOk) << "plans are checked against it";
  EXPECT_THAT(CheckMemory(root_).front().text, HasSubstr("control group allows 3.0 GiB"));
  Plant("/sys/fs/cgroup/memory.max", "1048576\n");
  EXPECT_EQ(CheckMemory(root_).front().verdict, Verdict::kWarning);
  Plant("/sys/fs/cgroup/memory.max", "max\n");
  Plant("/proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 1000 kB\n");
  EXPECT_THAT(CheckMemory(root_).front().remedy, HasSubstr("lockstep explain"));
}

TEST_F(DoctorTest, ASlowClockIsAWarning) {
  const std::string path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  for (const char* source : {"tsc", "kvm-clock", "arch_sys_counter"}) {
    Plant(path, std::string(source) + "\n");
    EXPECT_EQ(CheckClock(root_).front().verdict, Verdict::kOk) << source;
  }
  Plant(path, "hpet\n");
  EXPECT_EQ(CheckClock(root_).front().verdict, Verdict::kWarning);
}

TEST_F(DoctorTest, VariablesThatMakePlansHangAreProblems) {
  EXPECT_FALSE(Has(CheckThreadVariables(Variables({}), 4), "OMP_DYNAMIC"));
  EXPECT_FALSE(Has(CheckThreadVariables(Variables({{"OMP_DYNAMIC", "false"}}), 4), "OMP_DYNAMIC"));
  for (const char* on : {"true", "TRUE", "1"}) {
    const Findings findings = CheckThreadVariables(Variables({{"OMP_DYNAMIC", on}}), 4);
    EXPECT_EQ(Named(findings, "OMP_DYNAMIC").verdict, Verdict::kProblem) << on;
  }
  for (const char* few : {"3", "0", "four", ""}) {
    const Finding limit =
        Named(CheckThreadVariables(Variables({{"OMP_THREAD_LIMIT", few}}), 4), "OMP_THREAD_LIMIT");
    EXPECT_EQ(limit.verdict, Verdict::kProblem) << few;
    EXPECT_THAT(limit.remedy, HasSubstr("at least 4"));
  }
  EXPECT_FALSE(
      Has(CheckThreadVariables(Variables({{"OMP_THREAD_LIMIT", "4"}}), 4), "OMP_THREAD_LIMIT"));
}

TEST_F(DoctorTest, BindingByOpenMpIsAWarningAndOtherVariablesAreTold) {
  const Findings bound = CheckThreadVariables(Variables({{"OMP_PROC_BIND", "close"}}), 2);
  EXPECT_EQ(Named(bound, "openmp").verdict, Verdict::kWarning);
  const Findings plain = CheckThreadVariables(
      Variables({{"OMP_NUM_THREADS", "2"}, {"OPENBLAS_CORETYPE", "Haswell"}}), 2);
  EXPECT_EQ(Named(plain, "openmp").verdict, Verdict::kOk);
  EXPECT_THAT(Named(plain, "openmp").text, HasSubstr("OMP_NUM_THREADS=2"));
  EXPECT_THAT(Named(plain, "openblas").text, HasSubstr("OPENBLAS_CORETYPE=Haswell"));
}

TEST_F(DoctorTest, EveryVariableThatALibraryReadsIsToldWithWhatComesOfIt) {
  EXPECT_EQ(Named(CheckLibraryVariables(Variables({})), "library variables").verdict, Verdict::kOk);
  const Findings findings = CheckLibraryVariables(
      Variables({{"ONEDNN_MAX_CPU_ISA", "AVX2"}, {"LD_PRELOAD", "x.so"}, {"GRPC_TRACE", "all"}}));
  EXPECT_EQ(findings.size(), 3u);
  const Finding isa = Named(findings, "ONEDNN_MAX_CPU_ISA");
  EXPECT_EQ(isa.verdict, Verdict::kWarning);
  EXPECT_THAT(isa.text, AllOf(HasSubstr("'AVX2'"), HasSubstr("oneDNN"), HasSubstr("cpu_isa")));
  EXPECT_THAT(Named(findings, "LD_PRELOAD").text, HasSubstr("recorded build"));
  EXPECT_EQ(Named(findings, "GRPC_TRACE").verdict, Verdict::kOk);
}

TEST_F(DoctorTest, ThreadsThatCanBeStartedAreToldWithTheLimits) {
  const Finding threads = CheckRoomHere(2);
  EXPECT_EQ(threads.verdict, Verdict::kOk);
  EXPECT_THAT(threads.text, HasSubstr("18 can be started"));
}

TEST_F(DoctorTest, AMissingMpiPluginIsAWarningThatNamesIt) {
  const Findings findings =
      CheckMpi(Variables({{"LOCKSTEP_MPI_PLUGIN", "/no/such/plugin.so"}}), 1, 2);
  EXPECT_EQ(Named(findings, "mpi").verdict, Verdict::kWarning);
  EXPECT_THAT(Named(findings, "mpi").text, HasSubstr("/no/such/plugin.so"));
  EXPECT_THAT(Named(findings, "launcher").text, HasSubstr("none"));
  EXPECT_THAT(Named(findings, "binding").text, HasSubstr("bound to 1 of 2"));
}

TEST_F(DoctorTest, RanksThatCannotFindOneAnotherAreAProblem) {
  const Findings findings = CheckMpi(Variables({{"OMPI_COMM_WORLD_SIZE", "two"},
                                                {"OMPI_COMM_WORLD_RANK", "0"},
                                                {"LOCKSTEP_MPI_PLUGIN", "/no/such/plugin.so"}}),
                                     2, 2);
  EXPECT_EQ(Named(findings, "launcher").verdict, Verdict::kProblem);
  EXPECT_THAT(Named(findings, "launcher").text, HasSubstr("two"));
}

TEST_F(DoctorTest, ARunDirectoryThatIsNotThereIsLookedAtWhereItWouldBe) {
  const Findings findings = CheckRunDirectory(root_ + "/runs/new/one");
  EXPECT_THAT(Named(findings, "run file system").text, HasSubstr(root_));
  EXPECT_THAT(Named(findings, "run disk space").text, HasSubstr("free"));
  EXPECT_THAT(Named(findings, "run disk writes").text, HasSubstr("fsync of 4 KiB takes"));
  EXPECT_TRUE(std::filesystem::is_empty(root_)) << "nothing is left behind";
}

TEST_F(DoctorTest, ARunDirectoryThatCannotBeWrittenIsAProblem) {
  // /proc takes no files, from root neither.
  const Finding writes = Named(CheckRunDirectory("/proc/self"), "run disk writes");
  EXPECT_EQ(writes.verdict, Verdict::kProblem);
  EXPECT_THAT(writes.remedy, HasSubstr("--run"));
}

TEST_F(DoctorTest, AFileLeftByAnotherDoctorIsInNobodysWay) {
  const std::string left = "/.lockstep-doctor." + std::to_string(getpid());
  Plant(left, "");
  EXPECT_EQ(Named(CheckRunDirectory(root_), "run disk writes").verdict, Verdict::kOk);
  EXPECT_TRUE(FileExists(root_ + left));
}

// No file may grow beyond this: the write that meets the limit is short, the next one fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limited = before_;
    limited.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(DoctorTest, AWriteThatIsCutShortHasTheSystemsReason) {
  Finding writes;
  {
    const FileSizeLimit limit(6000);
    writes = Named(CheckRunDirectory(root_), "run disk writes");
  }
  EXPECT_EQ(writes.verdict, Verdict::kProblem);
  EXPECT_THAT(writes.text, AllOf(HasSubstr(root_), HasSubstr("File too large")));
  EXPECT_TRUE(std::filesystem::is_empty(root_)) << "nothing is left behind";
}

TEST_F(DoctorTest, SharedMemoryThatIsMissingIsAWarning) {
  EXPECT_EQ(CheckSharedMemory(root_ + "/shm").verdict, Verdict::kWarning);
  EXPECT_THAT(CheckSharedMemory(root_).text, HasSubstr("free of"));
}

TEST_F(DoctorTest, LimitsAreJudgedByWhatTrainingNeeds) {
  constexpr uint64_t kNone = UINT64_MAX;
  const Findings fine = CheckLimits({kNone, kNone, kNone}, true);
  for (const Finding& finding : fine) EXPECT_EQ(finding.verdict, Verdict::kOk) << finding.topic;
  const Findings tight = CheckLimits({256, 65536, 1 << 20}, true);
  for (const Finding& finding : tight) {
    EXPECT_EQ(finding.verdict, Verdict::kWarning) << finding.topic;
    EXPECT_THAT(finding.remedy, HasSubstr(finding.topic));
  }
  EXPECT_EQ(Named(CheckLimits({kNone, 65536, kNone}, false), "ulimit -l").verdict, Verdict::kOk)
      << "without InfiniBand nothing is locked";
}

class DoctorRunTest : public DoctorTest {
 protected:
  DoctorOptions Options() const {
    DoctorOptions options;
    options.run = root_ + "/runs";
    options.environment = Variables({{"LOCKSTEP_MPI_PLUGIN", "/no/such/plugin.so"}});
    options.measure = false;
    return options;
  }
  Status Run(const DoctorOptions& options) {
    std::ostringstream out, err;
    Console console{out, err};
    const Status status = RunDoctor(options, &console);
    out_ = out.str();
    return status;
  }
  std::string out_;
};

TEST_F(DoctorRunTest, WarningsAreNoFailureAndProblemsAre) {
  EXPECT_TRUE(Run(Options()).ok());
  EXPECT_THAT(out_, AllOf(HasSubstr("warning  mpi"), HasSubstr("         -> "),
                          HasSubstr("ok       version"), Not(HasSubstr("problem"))));
  DoctorOptions options = Options();
  options.environment = Variables({{"OMP_DYNAMIC", "true"}});
  const Status status = Run(options);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("OMP_DYNAMIC"));
  EXPECT_THAT(out_, HasSubstr("problem  OMP_DYNAMIC"));
}

TEST_F(DoctorRunTest, JsonHasTheSameFindings) {
  DoctorOptions options = Options();
  options.json = true;
  ASSERT_TRUE(Run(options).ok());
  const auto json = nlohmann::json::parse(out_);
  std::map<std::string, std::string> verdicts;
  for (const auto& finding : json["findings"]) {
    verdicts[finding["topic"].get<std::string>()] = finding["verdict"].get<std::string>();
    EXPECT_EQ(finding["remedy"].get<std::string>().empty(), finding["verdict"] == "ok");
  }
  EXPECT_EQ(verdicts["mpi"], "warning");
  EXPECT_EQ(verdicts["version"], "ok");
  EXPECT_FALSE(json.contains("ceilings"));
}

TEST_F(DoctorRunTest, CeilingsThatCannotBeMeasuredAreAFindingBesideTheOthers) {
  DoctorOptions options = Options();
  options.measure = true;
  options.measure_ceilings = [](int) -> Result<worker::Ceilings> {
    return ResourceExhausted("cannot allocate 7 bytes");
  };
  EXPECT_TRUE(Run(options).ok());
  EXPECT_THAT(out_, AllOf(HasSubstr("warning  ceilings          not measured: cannot allocate 7 b"),
                          HasSubstr("--no-measure"), HasSubstr("ok       version"),
                          HasSubstr("warning  mpi")));
  options.write_spec = root_ + "/machine.txt";
  const Status status = Run(options);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), AllOf(HasSubstr(options.write_spec), HasSubstr("ceilings")));
  EXPECT_THAT(out_, HasSubstr("ok       version"));
  EXPECT_FALSE(FileExists(options.write_spec));
}

TEST_F(DoctorRunTest, CeilingsAreNotMeasuredWhereTheMemoryIsTooSmallForIt) {
  const int64_t needed = worker::BandwidthBytes() / 1024;
  int measured = 0;
  DoctorOptions options = Options();
  options.root = root_;
  options.measure = true;
  options.measure_ceilings = [&measured](int) -> Result<worker::Ceilings> {
    ++measured;
    return worker::Ceilings{};
  };
  const auto available = [this](int64_t kib) {
    Plant("/proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: " + std::to_string(kib) + " kB\n");
  };
  available(needed - 1);
  EXPECT_TRUE(Run(options).ok());
  EXPECT_EQ(measured, 0);
  EXPECT_THAT(out_, HasSubstr("warning  ceilings          not measured: that takes "));
  available(needed);
  EXPECT_TRUE(Run(options).ok());
  EXPECT_EQ(measured, 1);
  EXPECT_THAT(out_, HasSubstr("ok       ceilings"));
  Plant("/proc/self/cgroup", "0::/\n");
  Plant("/sys/fs/cgroup/memory.max", "1048576\n");
  EXPECT_TRUE(Run(options).ok());
  EXPECT_EQ(measured, 1) << "the control group allows less";
}

TEST_F(DoctorRunTest, TheSpecItWritesReadsBackWithItsCeilings) {
  DoctorOptions options = Options();
  options.measure = true;
  options.write_spec = root_ + "/machine.txt";
  ASSERT_TRUE(Run(options).ok());
  EXPECT_THAT(out_, HasSubstr("ceilings"));
  const auto text = ReadFile(options.write_spec);
  ASSERT_TRUE(text.ok()) << text.status();
  const auto spec = DeviceSpec::FromText(*text);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_GT(spec->cores, 0);
  EXPECT_GT(spec->gflops, 0.0);
  EXPECT_GT(spec->gbytes_per_second, 0.0);
  EXPECT_GT(spec->memory_bytes, 0);
}

TEST_F(DoctorRunTest, ASpecWithoutMeasuringIsRefused) {
  DoctorOptions options = Options();
  options.write_spec = root_ + "/machine.txt";
  EXPECT_EQ(Run(options).code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(FileExists(options.write_spec));
}

}  // namespace
}  // namespace lockstep::cluster

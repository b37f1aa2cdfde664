// SPDX-License-Identifier: Apache-2.0
// The report of `bench comm`, over a stand-in for MPI with one rank. What it measures over a real
// MPI, it also checks to be the right sums.
#include "cluster/bench/bench_comm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "comm/mpi/plugin_loader.h"

namespace lockstep::cluster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Only this plugin is in the environment; empty if it is not built.
BenchCommOptions WithPlugin(const std::string& path) {
  BenchCommOptions options;
  options.parameter_bytes = 300'000;
  options.bucket_bytes = 1 << 18;
  options.rounds = 3;
  options.environment = [path](const std::string& name) -> std::optional<std::string> {
    if (name == "LOCKSTEP_MPI_PLUGIN") return path;
    return std::nullopt;
  };
  return options;
}

std::string FakePlugin() {
  const auto folder = comm::ProgramFolder();
  return folder.ok() ? *folder + "/../comm/mpi/libfake_mpi.so" : "";
}

class BenchCommTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(FakePlugin())) {
      GTEST_SKIP() << "skipped: " << FakePlugin() << " is not built (ninja fake_mpi)";
    }
  }
};

TEST_F(BenchCommTest, WritesATableAndTheSameFiguresAsJson) {
  BenchCommOptions options = WithPlugin(FakePlugin());
  options.json = ::testing::TempDir() + "/bench_comm.json";
  std::ostringstream out;
  const Status status = RunBenchComm(options, out);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(out.str(),
              AllOf(HasSubstr("W = 1 ranks, V = 8 lanes, 524288 bytes of fp32 in 2 buckets"),
                    HasSubstr("Fake MPI 1.0"), HasSubstr("exchange  "), HasSubstr("MPI_Allreduce"),
                    HasSubstr("MPI_Iallreduce"), HasSubstr("one rank alone exchanges nothing")));
  std::ifstream file(options.json);
  const auto json = nlohmann::json::parse(file);
  EXPECT_EQ(json["ranks"], 1);
  EXPECT_EQ(json["bytes"], 524288);
  EXPECT_TRUE(json["ratio"].is_null());
  for (const char* way : {"exchange", "MPI_Allreduce", "MPI_Iallreduce"}) {
    const auto& ms = json["ms"][way];
    EXPECT_EQ(ms["rounds"].size(), 3u) << way;
    EXPECT_LE(ms["min"], ms["median"]) << way;
    EXPECT_LE(ms["median"], ms["max"]) << way;
  }
}

TEST_F(BenchCommTest, RefusesWhatItCannotMeasure) {
  std::ostringstream out;
  BenchCommOptions options = WithPlugin(FakePlugin());
  options.lanes = 0;
  EXPECT_EQ(RunBenchComm(options, out).code(), StatusCode::kInvalidArgument);
  options = WithPlugin(FakePlugin());
  options.rounds = 0;
  EXPECT_EQ(RunBenchComm(options, out).code(), StatusCode::kInvalidArgument);
  options = WithPlugin(FakePlugin());
  options.json = "/no/such/folder/bench.json";
  const Status status = RunBenchComm(options, out);
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_THAT(status.message(), HasSubstr(options.json));
}

TEST(BenchCommWithoutMpiTest, SaysWhereThePluginWasLookedFor) {
  std::ostringstream out;
  const Status status = RunBenchComm(WithPlugin("/no/such/plugin.so"), out);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("/no/such/plugin.so"));
}

}  // namespace
}  // namespace lockstep::cluster

// SPDX-License-Identifier: Apache-2.0
#include "worker/device/openmp_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "worker/model/run_setup.h"

namespace lockstep::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

comm::Environment Variables(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto at = values.find(name);
    if (at == values.end()) return std::nullopt;
    return at->second;
  };
}

TEST(OpenMpSettingsTest, NothingSetAndHarmlessValuesAreFine) {
  EXPECT_TRUE(CheckOpenMpSettings(Variables({}), 8).ok());
  EXPECT_TRUE(
      CheckOpenMpSettings(Variables({{"OMP_DYNAMIC", "false"}, {"OMP_THREAD_LIMIT", "8"}}), 8)
          .ok());
}

TEST(OpenMpSettingsTest, DynamicThreadsAreRefusedHoweverWritten) {
  for (const char* on : {"true", "TRUE", "True", "1"}) {
    const Status status = CheckOpenMpSettings(Variables({{"OMP_DYNAMIC", on}}), 1);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << on;
    EXPECT_THAT(status.message(),
                AllOf(HasSubstr("'" + std::string(on) + "'"), HasSubstr("unset OMP_DYNAMIC")));
  }
}

TEST(OpenMpSettingsTest, ALimitBelowTheThreadsOrNoNumberIsRefused) {
  for (const char* few : {"7", "0", "-1", "8x", ""}) {
    const Status status = CheckOpenMpSettings(Variables({{"OMP_THREAD_LIMIT", few}}), 8);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << few;
    EXPECT_THAT(status.message(), HasSubstr("at least 8"));
  }
}

TEST(OpenMpSettingsTest, NoActiveLevelIsRefused) {
  for (const char* none : {"0", " 00 "}) {
    const Status status = CheckOpenMpSettings(Variables({{"OMP_MAX_ACTIVE_LEVELS", none}}), 2);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << none;
    EXPECT_THAT(status.message(), HasSubstr("unset OMP_MAX_ACTIVE_LEVELS"));
  }
  EXPECT_TRUE(CheckOpenMpSettings(Variables({{"OMP_MAX_ACTIVE_LEVELS", "1"}}), 2).ok());
}

TEST(OpenMpSettingsTest, AStackThatKernelsOverflowIsRefusedInAnyUnit) {
  for (const char* name : {"OMP_STACKSIZE", "GOMP_STACKSIZE"}) {
    for (const char* small : {"64", "64k", "1023 K", "65536B", "0M"}) {
      const Status status = CheckOpenMpSettings(Variables({{name, small}}), 2);
      EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << small;
      EXPECT_THAT(status.message(), HasSubstr(std::string("unset ") + name));
    }
    for (const char* enough : {"1024", "8192k", "1m", " 2 M ", "1G", "2097152B", "rubbish"}) {
      EXPECT_TRUE(CheckOpenMpSettings(Variables({{name, enough}}), 2).ok()) << enough;
    }
  }
}

TEST(OpenMpSettingsTest, BothAreNamedAtOnce) {
  const auto environment = Variables({{"OMP_DYNAMIC", "true"}, {"OMP_THREAD_LIMIT", "1"}});
  EXPECT_THAT(CheckOpenMpSettings(environment, 2).message(),
              AllOf(HasSubstr("OMP_DYNAMIC"), HasSubstr("OMP_THREAD_LIMIT")));
}

TEST(OpenMpSettingsTest, ARunWhoseKernelsMayUseOpenMpIsRefusedBeforeItBegins) {
  TrainConfig config;
  config.model.name = "lenet5";
  config.batch = {.lanes = 1, .lane_batch = 2, .lane_threads = 1};
  setenv("OMP_DYNAMIC", "true", 1);
  config.kernels = "auto";
  const Status refused = SetUpWithoutData(config, {28, 28, 1}, 10, false).status();
  config.kernels = "reference";
  const Status reference = SetUpWithoutData(config, {28, 28, 1}, 10, false).status();
  unsetenv("OMP_DYNAMIC");
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition) << refused;
  EXPECT_TRUE(reference.ok()) << reference;
}

}  // namespace
}  // namespace lockstep::worker

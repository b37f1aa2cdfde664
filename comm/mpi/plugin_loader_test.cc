// SPDX-License-Identifier: Apache-2.0
// Where the MPI plugin is looked for, and what is said when it is not there or is not one.
#include "comm/mpi/plugin_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace lockstep::comm {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Environment Without() {
  return [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
}

Environment With(const std::string& path) {
  return [path](const std::string& name) -> std::optional<std::string> {
    if (name == "LOCKSTEP_MPI_PLUGIN") return path;
    return std::nullopt;
  };
}

TEST(PluginLoaderTest, IsLookedForBesideTheProgramInTheBuildTreeAndInAnInstallation) {
  EXPECT_THAT(
      MpiPluginPlaces(Without(), "/x/cluster"),
      ElementsAre("/x/cluster/liblockstep_mpi.so", "/x/cluster/../comm/mpi/liblockstep_mpi.so",
                  "/x/cluster/../lib/lockstep/liblockstep_mpi.so"));
}

TEST(PluginLoaderTest, TheEnvironmentNamesTheOnlyPlace) {
  EXPECT_THAT(MpiPluginPlaces(With("/site/mpi.so"), "/x/cluster"), ElementsAre("/site/mpi.so"));
}

TEST(PluginLoaderTest, ItsAbsenceNamesEveryPlaceTriedAndTheRemedy) {
  const auto plugin = OpenMpiPlugin(MpiPluginPlaces(Without(), "/no/such/folder"));
  ASSERT_FALSE(plugin.ok());
  EXPECT_EQ(plugin.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(plugin.status().message(),
              AllOf(HasSubstr("/no/such/folder/liblockstep_mpi.so"),
                    HasSubstr("/no/such/folder/../comm/mpi/liblockstep_mpi.so"),
                    HasSubstr("/no/such/folder/../lib/lockstep/liblockstep_mpi.so"),
                    HasSubstr("ninja lockstep_mpi"), HasSubstr("LOCKSTEP_MPI_PLUGIN")));
}

TEST(PluginLoaderTest, AFileThatIsNoSharedObjectIsNamedWithTheLoadersReason) {
  const std::string path = ::testing::TempDir() + "/not_a_plugin.so";
  std::ofstream(path) << "this is text";
  const auto plugin = OpenMpiPlugin({"/no/such/file.so", path});
  ASSERT_FALSE(plugin.ok());
  EXPECT_EQ(plugin.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(plugin.status().message(),
              AllOf(HasSubstr(path), HasSubstr("cannot be opened"), HasSubstr("rebuild")));
  std::filesystem::remove(path);
}

TEST(PluginLoaderTest, ASharedObjectWithoutTheTableIsRefused) {
  const auto plugin = OpenMpiPlugin({"libm.so.6", "/lib/x86_64-linux-gnu/libm.so.6"});
  ASSERT_FALSE(plugin.ok());
  if (!std::filesystem::exists("/lib/x86_64-linux-gnu/libm.so.6")) {
    GTEST_SKIP() << "skipped: this system keeps libm.so.6 elsewhere";
  }
  EXPECT_THAT(plugin.status().message(), HasSubstr("no symbol lockstep_mpi_plugin"));
}

TEST(PluginLoaderTest, TheProgramKnowsItsFolder) {
  const auto folder = ProgramFolder();
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_TRUE(std::filesystem::is_directory(*folder)) << *folder;
}

}  // namespace
}  // namespace lockstep::comm

// SPDX-License-Identifier: Apache-2.0
#include "base/device/cuda/cuda_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace lockstep {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

EnvironmentLookup With(const char* plugin) {
  return [plugin](const std::string& name) -> std::optional<std::string> {
    if (name != "LOCKSTEP_CUDA_PLUGIN" || plugin == nullptr) return std::nullopt;
    return plugin;
  };
}

TEST(CudaPlugin, IsLookedForWhereTheEnvironmentSaysElseNearTheProgram) {
  EXPECT_THAT(CudaPluginPlaces(With("/x/plugin.so"), "/bin"), ElementsAre("/x/plugin.so"));
  const auto near =
      ElementsAre("/bin/liblockstep_cuda.so", "/bin/../base/device/cuda/liblockstep_cuda.so",
                  "/bin/../lib/lockstep/liblockstep_cuda.so");
  EXPECT_THAT(CudaPluginPlaces(With(nullptr), "/bin"), near);
  EXPECT_THAT(CudaPluginPlaces(With(""), "/bin"), near);
}

TEST(CudaPlugin, ThatIsNowhereIsSaidWithWhatWasTriedAndTheRemedy) {
  EXPECT_THAT(OpenCudaPlugin({"/nowhere/a.so", "/nowhere/b.so"}).status().message(),
              AllOf(HasSubstr("tried /nowhere/a.so, /nowhere/b.so"),
                    HasSubstr("LOCKSTEP_CUDA_PLUGIN"), HasSubstr("run.device = \"cpu\"")));
}

TEST(CudaPlugin, ThatIsNoSharedObjectIsNamed) {
  const std::string path = ::testing::TempDir() + "/no_plugin_" + std::to_string(getpid()) + ".so";
  std::ofstream(path) << "text";
  EXPECT_THAT(OpenCudaPlugin({path}).status().message(),
              AllOf(HasSubstr(path + " cannot be opened"), HasSubstr("ninja lockstep_cuda")));
  std::filesystem::remove(path);
}

TEST(CudaPlugin, OfAnotherKindIsNamed) {
  // Any shared object will do; the C library is always there.
  EXPECT_THAT(OpenCudaPlugin({"/lib/x86_64-linux-gnu/libm.so.6"}).status().message(),
              HasSubstr("has no symbol lockstep_cuda_plugin"));
}

// The real plugin, where there was a CUDA compiler to build it.
TEST(CudaPlugin, OpensAndStartsOrSaysWhyNot) {
  const std::string folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const auto places = CudaPluginPlaces(With(nullptr), folder);
  if (!std::filesystem::exists(places[1])) GTEST_SKIP() << "skipped: no " << places[1];
  const auto cuda = OpenCudaPlugin(places);
  ASSERT_TRUE(cuda.ok()) << cuda.status().ToString();
  const auto devices = StartCuda(*cuda);
  if (devices.ok()) {
    EXPECT_GE(*devices, 1);
  } else {
    EXPECT_EQ(devices.status().code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(devices.status().message(), HasSubstr("run with run.device = \"cpu\""));
  }
}

}  // namespace
}  // namespace lockstep

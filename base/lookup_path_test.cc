// SPDX-License-Identifier: Apache-2.0
#include "base/lookup_path.h"

#include <filesystem>

#include "gtest/gtest.h"

namespace lockstep {
namespace {

TEST(LookupPath, ARelativePathSaysFromWhere) {
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(LookupPathText("data/a.ldb"), "'data/a.ldb' (looked up from '" + here + "')");
  EXPECT_EQ(LookupPathText("/data/a.ldb"), "'/data/a.ldb'");
}

}  // namespace
}  // namespace lockstep

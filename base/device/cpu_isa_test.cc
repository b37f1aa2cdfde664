// SPDX-License-Identifier: Apache-2.0
#include "base/device/cpu_isa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lockstep {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr CpuIsa kAll[] = {CpuIsa::kBaseline, CpuIsa::kAvx2, CpuIsa::kAvx512};

TEST(CpuIsaTest, EveryNameIsItsOwnAndReadsBack) {
  std::set<std::string_view> names;
  for (const CpuIsa isa : kAll) {
    names.insert(NameOf(isa));
    const Result<CpuIsa> read = CpuIsaFromName(NameOf(isa));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, isa) << NameOf(isa);
  }
  EXPECT_EQ(names.size(), std::size(kAll));
}

TEST(CpuIsaTest, AnUnknownNameIsToldWhichAreKnown) {
  for (const char* unknown : {"z80", "avx", "AVX2", "avx2 ", "native", ""}) {
    const Status status = CpuIsaFromName(unknown).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << unknown;
    EXPECT_THAT(status.message(), HasSubstr("'" + std::string(unknown) + "'"));
    for (const CpuIsa isa : kAll) {
      EXPECT_THAT(status.message(), HasSubstr(std::string(NameOf(isa)))) << unknown;
    }
  }
}

TEST(CpuIsaTest, ThisMachineHasOneOfThem) {
  EXPECT_THAT(kAll, Contains(HostCpuIsa()));
  EXPECT_EQ(HostCpuIsa() >= CpuIsa::kAvx2,
            __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
}

TEST(CpuIsaTest, ALargerSetComparesGreater) {
  EXPECT_LT(CpuIsa::kBaseline, CpuIsa::kAvx2);
  EXPECT_LT(CpuIsa::kAvx2, CpuIsa::kAvx512);
}

}  // namespace
}  // namespace lockstep

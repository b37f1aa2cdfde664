// SPDX-License-Identifier: Apache-2.0
// The tests every op gets from its samples. What each check means stands in ops/core/testing/.
#include <gtest/gtest.h>

#include <set>

#include "ops/core/testing/accuracy_check.h"
#include "ops/core/testing/contract_check.h"
#include "ops/core/testing/gradient_check.h"
#include "ops/core/testing/kernel_check.h"

namespace lockstep::ops {
namespace {

TEST(OpSamples, EveryOpHasSamplesOfDifferentNames) {
  ASSERT_FALSE(OpRegistry::Global().ops().empty());
  for (const auto& [name, op] : OpRegistry::Global().ops()) {
    EXPECT_FALSE(op->samples.empty()) << "op " << name << " has no samples: it would go untested";
    std::set<std::string> names;
    for (const Sample& sample : op->samples) {
      EXPECT_TRUE(names.insert(sample.name).second) << name << " has two samples " << sample.name;
    }
  }
}

std::vector<OpCase> All(TestDevice device) { return AllOpCases(OpRegistry::Global(), device); }

std::vector<OpCase> WithRule(TestDevice device) {
  std::vector<OpCase> cases = All(device);
  std::erase_if(cases, [](const OpCase& c) { return c.op->grad == nullptr; });
  return cases;
}

std::vector<OpCase> WithAlias(TestDevice device) {
  std::vector<OpCase> cases = All(device);
  std::erase_if(cases, [](const OpCase& c) { return c.op->may_alias.empty(); });
  return cases;
}

std::string NameOf(const ::testing::TestParamInfo<OpCase>& info) { return info.param.ToString(); }

#define EXPECT_STATUS_OK(expression) EXPECT_EQ((expression).ToString(), "ok")

class OpSample : public ::testing::TestWithParam<OpCase> {};
INSTANTIATE_TEST_SUITE_P(Ops, OpSample, ::testing::ValuesIn(All(TestDevice::kCpu)), NameOf);
INSTANTIATE_TEST_SUITE_P(Emulated, OpSample, ::testing::ValuesIn(All(TestDevice::kEmulated)),
                         NameOf);

TEST_P(OpSample, AttributesAndInputsAreChecked) {
  EXPECT_STATUS_OK(CheckAttrs(GetParam()));
  EXPECT_STATUS_OK(CheckInputCount(GetParam()));
}

TEST_P(OpSample, KernelsWriteTheirOutputsAndNothingElse) {
  EXPECT_STATUS_OK(CheckWritesItsOutputs(GetParam(), DType::kFloat32));
  EXPECT_STATUS_OK(CheckWritesItsOutputs(GetParam(), DType::kFloat64));
}

TEST_P(OpSample, FloatKernelsAreNearTheDoubleReference) {
  EXPECT_STATUS_OK(CheckFloatAccuracy(GetParam()));
}

TEST_P(OpSample, RepeatedRunsHaveEqualBits) {
  EXPECT_STATUS_OK(CheckRepeats(GetParam(), DType::kFloat32));
  EXPECT_STATUS_OK(CheckRepeats(GetParam(), DType::kFloat64));
}

TEST_P(OpSample, APreparedInputGivesTheSameBits) { EXPECT_STATUS_OK(CheckPrepared(GetParam())); }

TEST_P(OpSample, OwnKernelsHaveEqualBitsUnderEachInstructionSet) {
  EXPECT_STATUS_OK(CheckOwnKernelsAgree(GetParam()));
}

class OpSampleInPlace : public ::testing::TestWithParam<OpCase> {};
INSTANTIATE_TEST_SUITE_P(Ops, OpSampleInPlace, ::testing::ValuesIn(WithAlias(TestDevice::kCpu)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Emulated, OpSampleInPlace,
                         ::testing::ValuesIn(WithAlias(TestDevice::kEmulated)), NameOf);

TEST_P(OpSampleInPlace, GivesTheSameBits) {
  EXPECT_STATUS_OK(CheckInPlace(GetParam(), DType::kFloat32));
  EXPECT_STATUS_OK(CheckInPlace(GetParam(), DType::kFloat64));
}

class OpSampleGradient : public ::testing::TestWithParam<OpCase> {};
INSTANTIATE_TEST_SUITE_P(Ops, OpSampleGradient, ::testing::ValuesIn(WithRule(TestDevice::kCpu)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Emulated, OpSampleGradient,
                         ::testing::ValuesIn(WithRule(TestDevice::kEmulated)), NameOf);

TEST_P(OpSampleGradient, EqualsFiniteDifferences) { EXPECT_STATUS_OK(CheckGradient(GetParam())); }

TEST_P(OpSampleGradient, EmitsOnlyWhatIsWanted) { EXPECT_STATUS_OK(CheckWantedOnly(GetParam())); }

}  // namespace
}  // namespace lockstep::ops

// SPDX-License-Identifier: Apache-2.0
#include "ops/math/scale_columns/scale_columns.h"

#include <gtest/gtest.h>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

TEST(ScaleColumns, OfAnotherNumberOfFactorsIsRefused) {
  ReferenceRun run("scale_columns", Pack(ScaleColumnsAttrs{{1.0, 2.0}}));
  const Status refused = run.In<float>({1, 3}, {0, 0, 0}).Run();
  EXPECT_NE(refused.message().find("expected a last dimension of 2"), std::string::npos) << refused;
}

}  // namespace
}  // namespace lockstep::ops

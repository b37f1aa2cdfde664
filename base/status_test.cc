// SPDX-License-Identifier: Apache-2.0
#include "base/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>

namespace lockstep {
namespace {

using ::testing::HasSubstr;

constexpr StatusCode kFirst = StatusCode::kOk;
constexpr StatusCode kLast = StatusCode::kInternal;

TEST(StatusTest, TextHasCodeAndMessage) {
  EXPECT_EQ(OkStatus().ToString(), "ok");
  EXPECT_TRUE(OkStatus().ok());
  const Status status = DataLoss("shard 3: bad checksum");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.ToString(), "data-loss: shard 3: bad checksum");
}

TEST(StatusTest, ContextStandsBeforeTheMessageAndOkStaysOk) {
  const Status status = IoError("disk").WithContext("run directory");
  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_EQ(status.message(), "run directory: disk");
  EXPECT_TRUE(OkStatus().WithContext("x").ok());
}

TEST(StatusTest, EveryCodeHasANameAndAnExitCodeOfItsOwn) {
  std::set<std::string_view> names;
  std::set<int> exit_codes;
  int codes = 0;
  for (int c = static_cast<int>(kFirst); c <= static_cast<int>(kLast); ++c, ++codes) {
    const auto code = static_cast<StatusCode>(c);
    names.insert(StatusCodeName(code));
    exit_codes.insert(ExitCodeOf(code));
    EXPECT_EQ(ExitCodeOf(code) == 0, code == StatusCode::kOk);
    EXPECT_LT(ExitCodeOf(code), 126);  // above: what a shell says of signals
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(codes));
  EXPECT_EQ(exit_codes.size(), static_cast<size_t>(codes));
}

TEST(StatusTest, ErrnoChoosesTheCode) {
  EXPECT_EQ(ErrnoStatus("x", ENOSPC).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrnoStatus("x", EDQUOT).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrnoStatus("x", EACCES).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrnoStatus("x", EROFS).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrnoStatus("x", ENOENT).code(), StatusCode::kNotFound);
  EXPECT_EQ(ErrnoStatus("x", EEXIST).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ErrnoStatus("x", EIO).code(), StatusCode::kIoError);
  EXPECT_EQ(ErrnoStatus("cannot open 'f'", ENOENT).message(),
            "cannot open 'f': No such file or directory");
}

Result<int> Half(int x) {
  if (x % 2 != 0) return InvalidArgument(std::to_string(x) + " is odd; expected an even number");
  return x / 2;
}

Result<int> Quarter(int x) {
  ASSIGN_OR_RETURN(const int half, Half(x));
  ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status CheckQuarter(int x) {
  RETURN_IF_ERROR(Quarter(x).status());
  return OkStatus();
}

TEST(ResultTest, MacrosPassTheValueOrTheFirstFailure) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_EQ(Quarter(6).status().message(), "3 is odd; expected an even number");
  EXPECT_TRUE(CheckQuarter(4).ok());
  EXPECT_EQ(CheckQuarter(5).code(), StatusCode::kInvalidArgument);
}

TEST(ResultTest, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  ASSERT_TRUE(result.ok());
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

TEST(ResultDeathTest, ReadingTheValueOfAFailureSaysWhichFailure) {
  Result<int> failed = NotFound("no such run");
  EXPECT_DEATH(failed.value(), "not-found: no such run");
  EXPECT_DEATH(static_cast<void>(Result<int>(OkStatus())), "needs a failed one");
}

}  // namespace
}  // namespace lockstep

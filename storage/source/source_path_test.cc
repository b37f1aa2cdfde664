// SPDX-License-Identifier: Apache-2.0
#include "storage/source/source_path.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;
using Use = JudgedPath::Use;
using namespace std::string_view_literals;

TEST(SourcePath, EmptyPartsAndDotsAreDropped) {
  for (const auto raw : {"a/b.jpg", "./a/b.jpg", "a//b.jpg", "././a/./b.jpg", "a/b.jpg/"}) {
    const JudgedPath judged = JudgePath(raw);
    EXPECT_EQ(judged.use, Use::kTaken) << raw;
    EXPECT_EQ(judged.path, "a/b.jpg") << raw;
  }
}

TEST(SourcePath, PathsToOtherPlacesAreRejectedEvenWhereTheyAreHidden) {
  for (const auto raw : {"/a", "//a", "/.a", "..", "../a", "a/..", "a/../b", ".a/../b"}) {
    EXPECT_EQ(JudgePath(raw).use, Use::kRejected) << raw;
    EXPECT_EQ(JudgePath(raw).path, raw) << raw;
  }
  EXPECT_EQ(JudgePath("a..b/...c").use, Use::kHidden);
  EXPECT_EQ(JudgePath("a..b/c..").use, Use::kTaken);
}

TEST(SourcePath, HiddenPartsHideThePath) {
  for (const auto raw : {".a", "a/.b/c", "a/._b", ".git/x", "__MACOSX/a", "a/Thumbs.db",
                         "a/THUMBS.DB", "Desktop.ini", ".\xff"}) {
    EXPECT_EQ(JudgePath(raw).use, Use::kHidden) << raw;
  }
  for (const auto raw : {"__macosx/a", "a_MACOSX", "Thumbs.db2", "a./b", "thumbs"}) {
    EXPECT_EQ(JudgePath(raw).use, Use::kTaken) << raw;
  }
}

TEST(SourcePath, NamesThatCannotBeListedAreRejectedAndShown) {
  const auto judged = [](std::string_view raw) { return JudgePath(raw); };
  EXPECT_EQ(judged("a\nb").path, "a\\x0ab");
  EXPECT_EQ(judged("a\0b"sv).path, "a\\x00b");
  EXPECT_EQ(judged("a\x7f").path, "a\\x7f");
  EXPECT_EQ(judged("a\xc2\x9b").path, "a\\xc2\\x9b");
  EXPECT_EQ(judged("\xe4.jpg").path, "\\xe4.jpg");
  for (const auto raw : {"a\nb", "a\x7f", "a\xc2\x9b", "\xe4.jpg", "", ".", "./"}) {
    EXPECT_EQ(judged(raw).use, Use::kRejected) << raw;
    EXPECT_FALSE(judged(raw).reason.empty());
  }
  EXPECT_EQ(judged(std::string(4095, 'a')).use, Use::kTaken);
  EXPECT_THAT(judged(std::string(4096, 'a')).reason, HasSubstr("4096 bytes"));
}

}  // namespace
}  // namespace lockstep::storage

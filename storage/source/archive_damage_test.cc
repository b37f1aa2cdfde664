// SPDX-License-Identifier: Apache-2.0
// Archives that are cut short or have a bit flipped: read right, or refused.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/env/files.h"
#include "storage/env/testing/damaged_files.h"
#include "storage/env/testing/scratch_directory.h"
#include "storage/source/source_files.h"
#include "storage/source/testing/packed_files.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

TEST(ArchiveDamage, ATarArchiveThatIsCutAnywhereIsDataLoss) {
  const ScratchDirectory scratch;
  const std::string bytes = *ReadRegularFile(std::string(kTestData) + "good.tar");
  const size_t end = bytes.find_last_not_of('\0') / 512 * 512 + 512;
  for (size_t cut = 512; cut <= end; cut += cut % 512 == 0 ? 100 : 412) {
    Overwrite(scratch / "cut.tar", bytes.substr(0, cut));
    const Status status = OpenIn(scratch, scratch / "cut.tar").status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << cut << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr("cut.tar'"));
  }
}

// Each format with check sums of its own. Plain tar has none for contents.
TEST(ArchiveDamage, NoDamageOfAnArchiveWithCheckSumsGoesUnnoticed) {
  const ScratchDirectory scratch;
  const Contents packed = Packed();
  for (const std::string name : {"good-gnu.tar.gz", "good-members.tgz", "good-ustar.tar.bz2",
                                 "good.tar.xz", "good.tar.zst", "good.zip", "good-64.zip"}) {
    const std::string bytes = *ReadRegularFile(kTestData + name);
    int noticed = 0;
    for (uint32_t n = 0; n < 100; ++n) {
      std::string what;
      Overwrite(scratch / name, Damaged(bytes, n, &what));
      const auto source = OpenIn(scratch, scratch / name);
      if (!source.ok()) {
        ++noticed;
        EXPECT_THAT(source.status().message(), HasSubstr(name)) << what;
        continue;
      }
      for (size_t i = 0; i < (*source)->files().size(); ++i) {
        const auto read = (*source)->Read(i);
        noticed += !read.ok();
        if (read.ok()) {
          EXPECT_EQ(*read, packed.at((*source)->files()[i].path)) << name << " " << what;
        }
        const auto streamed = Streamed(**source, i);
        ASSERT_EQ(streamed.ok(), read.ok()) << name << " " << what;
        EXPECT_TRUE(!read.ok() || *streamed == *read) << name << " " << what;
      }
    }
    EXPECT_GT(noticed, 70) << name;
  }
}

TEST(ArchiveDamage, APlainTarArchiveWithAnyDamageIsReadOrRefused) {
  const ScratchDirectory scratch;
  const std::string bytes = *ReadRegularFile(std::string(kTestData) + "good.tar");
  int refused = 0;
  for (uint32_t n = 0; n < 400; ++n) {
    std::string what;
    Overwrite(scratch / "x.tar", Damaged(bytes, n, &what));
    const auto source = OpenIn(scratch, scratch / "x.tar");
    refused += !source.ok();
    for (size_t i = 0; source.ok() && i < (*source)->files().size(); ++i) {
      EXPECT_TRUE((*source)->Read(i).ok()) << what;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace lockstep::storage

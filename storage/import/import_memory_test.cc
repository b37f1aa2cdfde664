// SPDX-License-Identifier: Apache-2.0
// An import holds what it may hold of its source, and no more.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <string>

#include "base/resident_memory.h"
#include "base/testing/address_limit.h"
#include "storage/importers/testing/import_test.h"

namespace lockstep::storage {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

class ImportMemory : public ImportTest {
 protected:
  ImportMemory() : ImportTest("imagefolder") {}

  // By how much memory grows while `source` is imported.
  int64_t GrowthWith(int64_t kept_bytes) {
    ImportOptions job = OptionsFor(source_);
    job.kept_bytes = kept_bytes;
    malloc_trim(0);  // what was freed before would hide what is kept now
    const int64_t before = ReadResidentMemory().now;
    int64_t most = 0;
    job.progress = [&](std::string_view, int64_t, int64_t) {
      most = std::max(most, ReadResidentMemory().now);
    };
    const auto report = RunJob(std::move(job));
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->info.samples(), 1024);
    return most - before;
  }
};

TEST_F(ImportMemory, HoldsAsMuchOfTheSourceAsItMay) {
  SKIP_IF_SANITIZED();  // its allocator keeps what is freed
  // 1,024 files of 62 kB: 62 MiB. They have a comment, which nobody reads.
  {
    FileMap files;
    for (int i = 0; i < 1024; ++i) {
      std::string jpeg = SomeJpeg(8, 8, i);
      jpeg.insert(2, "\xff\xfe\xf2\x02" + std::string(0xf200, 'c'));
      files["train/cat/" + std::to_string(i) + ".jpg"] = std::move(jpeg);
    }
    Write(files);
  }
  // Beside what is kept: at most 4 MiB that each thread reads, and what a store needs.
  EXPECT_LT(GrowthWith(4 * kMiB), 40 * kMiB);
  EXPECT_GT(GrowthWith(128 * kMiB), 50 * kMiB) << "the measurement sees what is kept";
}

}  // namespace
}  // namespace lockstep::storage

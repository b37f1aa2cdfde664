// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "storage/dataset/testing/made_dataset.h"
#include "storage/dataset/writer_disk.h"
#include "storage/dataset/writer_options.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

constexpr MadeDataset kSmall = {.train = 20, .test = 4};

TEST(DatasetWriter, AFailureToReadASampleIsNotCalledAFullDisk) {
  const ScratchDirectory scratch;
  const auto writer = DatasetWriter::Create(kSmall.Options(scratch / "d"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  const auto no_memory = [](size_t, size_t) -> Result<std::vector<FieldValue>> {
    return ResourceExhausted("out of memory to unpack it");
  };
  const Status status = (*writer)->WriteRange(0, no_memory);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "out of memory to unpack it");
}

TEST(WriterDisk, OnlyWantOfRoomIsAFullDisk) {
  EXPECT_TRUE(IsFullDisk(ErrnoStatus("cannot write 'x'", ENOSPC)));
  EXPECT_TRUE(IsFullDisk(ErrnoStatus("cannot write 'x'", EDQUOT)));
  EXPECT_FALSE(IsFullDisk(ErrnoStatus("cannot write 'x'", ENOMEM)));
  EXPECT_FALSE(IsFullDisk(ErrnoStatus("cannot write 'x'", EFBIG)));
  EXPECT_FALSE(IsFullDisk(OkStatus()));
  EXPECT_THAT(ExplainFullDisk(ErrnoStatus("cannot write 'x'", ENOSPC), "d").message(),
              HasSubstr("no space left for dataset 'd'"));
}

TEST(CheckNames, SaysWhatCannotBeStored) {
  const auto refusal = [](const Schema& schema, const std::vector<SplitListing>& splits) {
    const Status status = CheckNames(schema, splits);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
    return status.message();
  };
  const Schema schema = ImageAndLabel({"a"});
  EXPECT_TRUE(CheckNames(schema, {{"train-2_b.c", {}}}).ok());
  for (const char* name : {"", "Test Set", "a/b", "\xc3\xa4"}) {
    EXPECT_THAT(refusal(schema, {{name, {}}}),
                HasSubstr("of the name '" + std::string(name) + "'"));
  }
  EXPECT_THAT(refusal(schema, {{"b", {}}, {"a", {}}}), HasSubstr("bytewise order"));
  EXPECT_THAT(refusal(ImageAndLabel({"a", "\xff"}), {{"a", {}}}),
              HasSubstr("class 1 of field 'label' is not UTF-8"));
  EXPECT_THAT(refusal(ImageAndLabel({}), {{"a", {}}}), HasSubstr("no classes"));
  EXPECT_THAT(refusal({}, {{"a", {}}}), HasSubstr("no fields"));
}

TEST(DatasetWriter, FilesHoldWholeShardsAndNeverBecomeManyForWhoeverOpensThem) {
  EXPECT_EQ(IdsPerFile(70'000, 256), 64 * 256);
  EXPECT_EQ(IdsPerFile(1'300'000, 256), 64 * 256);
  for (const int64_t samples : {int64_t{5'000'000}, int64_t{100'000'000}, int64_t{2'000'000'001}}) {
    const int64_t ids = IdsPerFile(samples, 256);
    EXPECT_EQ(ids % 256, 0);
    EXPECT_LE((samples + ids - 1) / ids, 256) << samples;
  }
}

}  // namespace
}  // namespace lockstep::storage

// SPDX-License-Identifier: Apache-2.0
#include "storage/env/foreign_file.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::storage {
namespace {

using namespace std::string_view_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ForeignFile, NamesTheFilesOfOtherPrograms) {
  EXPECT_THAT(ForeignFileText("PK\x03\x04\0\0\x08\x08"sv), HasSubstr(".pth"));
  EXPECT_THAT(ForeignFileText("PK\x03\x04\0\0\x08\x08"sv), HasSubstr("pth_to_safetensors.py"));
  EXPECT_THAT(ForeignFileText("\x80\x02\x8a\x0al\xfc\x9c\x46"sv), StartsWith("a Python pickle"));
  EXPECT_THAT(ForeignFileText("\x89HDF\r\n\x1a\n"sv), StartsWith("an HDF5 file"));
  EXPECT_THAT(ForeignFileText("\x93NUMPY\x01"sv), StartsWith("a NumPy array"));
  EXPECT_THAT(ForeignFileText("\x1f\x8b\x08"sv), StartsWith("a gzip file"));
}

TEST(ForeignFile, NamesWhatADownloadLeft) {
  EXPECT_THAT(ForeignFileText("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"),
              HasSubstr("git lfs pull"));
  for (const auto& page : {"<!DOCTYPE html>\n<html>", "\n  <html lang=en>", "\xef\xbb\xbf<HTML>",
                           "<?xml version=\"1.0\"?><Error>"}) {
    EXPECT_THAT(ForeignFileText(page), HasSubstr("HTML or XML page")) << page;
  }
}

TEST(ForeignFile, SaysNothingOfWhatItDoesNotKnow) {
  EXPECT_EQ(ForeignFileText("\x08\0\0\0\0\0\0\0{}      "sv), "");
  EXPECT_EQ(ForeignFileText(""), "");
  EXPECT_EQ(ForeignFileText("<"), "");
  EXPECT_EQ(ForeignFileText("\x80"sv), "");
  EXPECT_EQ(ForeignFileText("some words"), "");
}

}  // namespace
}  // namespace lockstep::storage

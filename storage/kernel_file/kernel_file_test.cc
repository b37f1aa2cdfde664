// SPDX-License-Identifier: Apache-2.0
#include "storage/kernel_file/kernel_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/hash.h"
#include "storage/json/hashed_json.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

KernelFile Small() {
  KernelFile file;
  file.build = "0123456789abcdef";
  file.hardware = "cpu avx2, caches 32 KiB, 512 KiB, 32768 KiB";
  file.isa = "avx2";
  file.threads = 2;
  file.choices = {{"conv2d{stride=1} f32[4,8,8,3] -> f32[4,8,8,6]", "gemm", "im2col", 0.25, 1.5},
                  {"relu{} f32[4] -> f32[4]", "onednn", "jit:avx2", 0.1, 0.0}};
  return file;
}

std::string TextOf(const KernelFile& file) {
  const Result<std::string> text = EncodeKernelFile(file);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

// The text with a change that its hash was made for.
std::string Rehashed(const std::function<void(nlohmann::json*)>& change) {
  nlohmann::json j = *ParseHashed(TextOf(Small()));
  change(&j);
  return HashedText(std::move(j));
}

TEST(KernelFileTest, ReadsBackWhatWasWritten) {
  for (const KernelFile& file : {Small(), KernelFile{}}) {
    const Result<KernelFile> read = DecodeKernelFile(TextOf(file));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, file);
  }
}

TEST(KernelFileTest, IsReadableAndCarriesTheKeyOfEachNode) {
  const std::string text = TextOf(Small());
  EXPECT_THAT(text, HasSubstr("\"node\": \"relu{} f32[4] -> f32[4]\""));
  EXPECT_THAT(text, HasSubstr("\"key\": \"" + Hex64(Hash64("relu{} f32[4] -> f32[4]")) + "\""));
}

TEST(KernelFileTest, EveryTornOrChangedTextIsRefused) {
  const std::string text = TextOf(Small());
  for (size_t size = 0; size < text.size(); ++size) {
    const auto torn = DecodeKernelFile(text.substr(0, size));
    ASSERT_FALSE(torn.ok()) << size << " bytes";
    EXPECT_EQ(torn.status().code(), StatusCode::kDataLoss) << torn.status();
  }
  for (size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = changed[at] == '1' ? '2' : '1';
    EXPECT_FALSE(DecodeKernelFile(changed).ok()) << "byte " << at;
  }
}

TEST(KernelFileTest, AnotherVersionIsNamed) {
  const auto read = DecodeKernelFile(Rehashed([](nlohmann::json* j) { (*j)["version"] = 2; }));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(read.status().message(), HasSubstr("version 2"));
  EXPECT_THAT(read.status().message(), HasSubstr("reads version 1"));
  EXPECT_THAT(read.status().message(), HasSubstr("lockstep tune"));
}

TEST(KernelFileTest, WhatIsNotOfTheFormatIsRefusedThoughItsHashFits) {
  using Json = nlohmann::json;
  const std::vector<std::function<void(Json*)>> changes = {
      [](Json* j) { (*j)["format"] = "lockstep-checkpoint"; },
      [](Json* j) { (*j)["more"] = 1; },
      [](Json* j) { j->erase("isa"); },
      [](Json* j) { (*j)["threads"] = 0; },
      [](Json* j) { (*j)["threads"] = int64_t{1} << 40; },
      [](Json* j) { (*j)["choices"][0]["key"] = "0000000000000000"; },
      [](Json* j) { (*j)["choices"][0]["node"] = "add{}"; },
      [](Json* j) { (*j)["choices"][0]["milliseconds"] = -1.0; },
      [](Json* j) { (*j)["choices"][0]["milliseconds"] = 1; },
      [](Json* j) { (*j)["choices"][0].erase("kernel"); },
      [](Json* j) { std::swap((*j)["choices"][0], (*j)["choices"][1]); },
      [](Json* j) { (*j)["choices"][1] = (*j)["choices"][0]; },
      [](Json* j) { (*j)["choices"] = "none"; }};
  for (size_t i = 0; i < changes.size(); ++i) {
    const auto read = DecodeKernelFile(Rehashed(changes[i]));
    ASSERT_FALSE(read.ok()) << "change " << i;
    EXPECT_EQ(read.status().code(), StatusCode::kDataLoss) << read.status();
  }
}

TEST(KernelFileTest, WhatCannotBeReadBackIsNotWritten) {
  const auto refused = [](auto&& change) {
    KernelFile file = Small();
    change(&file);
    const Result<std::string> text = EncodeKernelFile(file);
    return !text.ok() && text.status().code() == StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](KernelFile* f) { f->hardware = "\xff"; }));
  EXPECT_TRUE(refused([](KernelFile* f) { f->threads = 0; }));
  EXPECT_TRUE(refused([](KernelFile* f) { std::swap(f->choices[0], f->choices[1]); }));
  EXPECT_TRUE(refused([](KernelFile* f) {
    f->choices[0].milliseconds = std::numeric_limits<double>::quiet_NaN();
  }));
}

}  // namespace
}  // namespace lockstep::storage

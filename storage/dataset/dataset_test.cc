// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/dataset.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/math.h"
#include "storage/dataset/testing/made_dataset.h"
#include "storage/dataset/verify.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::storage {
namespace {

TEST(Dataset, GivesBackEverySampleOfTheSource) {
  const ScratchDirectory scratch;
  const MadeDataset made;
  const auto info = made.Make(scratch / "d");
  ASSERT_TRUE(info.ok()) << info.status();
  const auto dataset = Dataset::Open(scratch / "d");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  ASSERT_EQ((*dataset)->info().splits.size(), 2u);
  std::vector<bool> seen(1100);
  for (uint64_t id = 0; id < 1100; ++id) {
    const auto record = (*dataset)->Read(SampleId(id));
    ASSERT_TRUE(record.ok()) << record.status();
    const size_t split = id < 100 ? 0 : 1;
    const std::string path(record->source_path());
    const size_t slash = path.find('/');
    EXPECT_EQ(path.substr(0, slash), split == 0 ? "test" : "train");
    const size_t index = std::stoul(path.substr(slash + 1));
    const ImageSample source = made.Sample(split, index);
    EXPECT_EQ(record->id(), SampleId(id));
    EXPECT_EQ(ImageSample::Of(*record), source);
    EXPECT_EQ(source.height, 5);
    EXPECT_EQ(source.width, 4);
    EXPECT_EQ(source.channels, 3);
    const auto facts = (*dataset)->Facts(static_cast<int64_t>(id) / 16);
    ASSERT_TRUE(facts.ok()) << facts.status();
    EXPECT_EQ((*facts)[id % 16], (SampleFacts{5, 4, source.label, 0}));
    const size_t place = index + split * 100;
    EXPECT_FALSE(seen[place]) << path;
    seen[place] = true;
  }
}

TEST(Dataset, SaysWhatItIs) {
  const ScratchDirectory scratch;
  ASSERT_TRUE(MadeDataset().Make(scratch / "d").ok());
  const auto dataset = Dataset::Open(scratch / "d/");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  const DatasetInfo& info = (*dataset)->info();
  EXPECT_EQ(info.classes().size(), 10u);
  EXPECT_EQ(info.shard_size, 16);
  EXPECT_EQ(info.height, 5);
  EXPECT_EQ(info.width, 4);
  EXPECT_EQ(info.channels, 3);
  EXPECT_EQ(info.samples(), 1100);
  EXPECT_EQ(info.Split("train")->first_id, 100u);
  EXPECT_EQ(info.Split("train")->count, 1000);
  EXPECT_EQ(info.SplitOf(SampleId(99))->name, "test");
  EXPECT_EQ(info.SplitOf(SampleId(1100)), nullptr);
  const Status unknown = info.Split("trian").status();
  EXPECT_EQ(unknown.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(unknown.message().find("it has test, train"), std::string::npos) << unknown;
  EXPECT_NE(unknown.message().find("did you mean 'train'"), std::string::npos) << unknown;
  EXPECT_EQ((*dataset)->Listing("test")->at(7), "test/00000007");
}

TEST(Dataset, StatisticsAreThoseOfTheTrainSplit) {
  const ScratchDirectory scratch;
  const MadeDataset made;
  const auto info = made.Make(scratch / "d");
  ASSERT_TRUE(info.ok()) << info.status();
  for (size_t c = 0; c < 3; ++c) {
    double sum = 0, squares = 0, n = 0;
    for (size_t i = 0; i < 1000; ++i) {
      const std::string pixels = made.Sample(1, i).pixels;
      for (size_t p = c; p < pixels.size(); p += 3) {
        const double v = static_cast<unsigned char>(pixels[p]) / 255.0;
        sum += v;
        squares += v * v;
        n += 1;
      }
    }
    EXPECT_NEAR(info->channel_mean[c], sum / n, 1e-12);
    EXPECT_NEAR(info->channel_std[c], math::Sqrt(squares / n - sum / n * (sum / n)), 1e-12);
  }
}

TEST(Dataset, ReadRangeIsTheSameAsRead) {
  const ScratchDirectory scratch;
  ASSERT_TRUE(MadeDataset().Make(scratch / "d").ok());
  const auto dataset = Dataset::Open(scratch / "d");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  for (const auto& [first, count] :
       {std::pair(0, 1100), std::pair(250, 300), std::pair(1099, 1), std::pair(5, 0)}) {
    const auto range = (*dataset)->ReadRange(SampleId(static_cast<uint64_t>(first)), count);
    ASSERT_TRUE(range.ok()) << range.status();
    ASSERT_EQ(range->size(), static_cast<size_t>(count));
    for (const Record& record : *range) {
      EXPECT_EQ(record, *(*dataset)->Read(record.id()));
    }
  }
}

int64_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

TEST(Dataset, OfMoreFilesThanMayBeOpenIsReadWhole) {
  const ScratchDirectory scratch;
  const MadeDataset made{.train = 500, .test = 100, .shard_size = 1, .ids_per_file = 1};
  ASSERT_TRUE(made.Make(scratch / "d").ok());
  ASSERT_GT(ListDir(scratch / "d")->size(), 1200u) << "one file a record, one a column";
  const int64_t before = OpenDescriptors();
  const auto dataset = Dataset::Open(scratch / "d");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  for (int round = 0; round < 2; ++round) {
    for (uint64_t id = 0; id < 600; ++id) {
      ASSERT_TRUE((*dataset)->Read(SampleId(id)).ok()) << id;
      ASSERT_TRUE((*dataset)->Facts(static_cast<int64_t>(id)).ok()) << id;
    }
    EXPECT_LT(OpenDescriptors() - before, 800);
  }
  ASSERT_EQ((*dataset)->ReadRange(SampleId(0), 600)->size(), 600u);
  EXPECT_LT(OpenDescriptors() - before, 800);
}

TEST(Dataset, AnIdThatNoSplitHoldsIsRefused) {
  const ScratchDirectory scratch;
  ASSERT_TRUE(MadeDataset().Make(scratch / "d").ok());
  const auto dataset = Dataset::Open(scratch / "d");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  for (const Status& status :
       {(*dataset)->Read(SampleId(1100)).status(), (*dataset)->Read(SampleId(~0ull)).status(),
        (*dataset)->ReadRange(SampleId(1099), 2).status(),
        (*dataset)->ReadRange(SampleId(0), -1).status()}) {
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
  }
}

TEST(Dataset, TheDigestDoesNotDependOnThreadsOrOrderOfArrival) {
  const ScratchDirectory scratch;
  const MadeDataset made;
  const auto one = made.Make(scratch / "a", 1, false);
  const auto four = made.Make(scratch / "b", 4, true);
  ASSERT_TRUE(one.ok() && four.ok()) << one.status() << four.status();
  EXPECT_EQ(one->digest, four->digest);
  EXPECT_EQ(one->channel_mean, four->channel_mean);
  EXPECT_EQ(one->channel_std, four->channel_std);
  EXPECT_EQ((*Dataset::Open(scratch / "b"))->info().digest, one->digest);
}

TEST(Dataset, TheDigestIsOfTheContents) {
  const ScratchDirectory scratch;
  const Hash128Value digest = MadeDataset().Make(scratch / "a")->digest;
  EXPECT_NE(MadeDataset{.shard_size = 17}.Make(scratch / "b")->digest, digest);
  EXPECT_NE(MadeDataset{.train = 1001}.Make(scratch / "c")->digest, digest);
  EXPECT_NE((MadeDataset{.height = 4, .width = 5}).Make(scratch / "d")->digest, digest);
  EXPECT_EQ(MadeDataset{.ids_per_file = 100}.Make(scratch / "e")->digest, digest);
}

TEST(Dataset, ManyProcessesReadItAtOnceAndWriteNothing) {
  const ScratchDirectory scratch;
  ASSERT_TRUE(MadeDataset().Make(scratch / "d").ok());
  const auto names = *ListDir(scratch / "d");
  const auto mine = Dataset::Open(scratch / "d");
  ASSERT_TRUE(mine.ok()) << mine.status();
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto dataset = Dataset::Open(scratch / "d");
      ::_exit(dataset.ok() && (*dataset)->ReadRange(SampleId(0), 1100).ok() ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_TRUE((*mine)->ReadRange(SampleId(0), 1100).ok());
  EXPECT_EQ(*ListDir(scratch / "d"), names);
}

TEST(Dataset, ReadsFromAReadOnlyDirectory) {
  const ScratchDirectory scratch;
  ASSERT_TRUE(MadeDataset().Make(scratch / "d").ok());
  namespace fs = std::filesystem;
  for (const auto& entry : fs::directory_iterator(scratch / "d")) {
    fs::permissions(entry.path(), fs::perms::owner_read);
  }
  fs::permissions(scratch / "d", fs::perms::owner_read | fs::perms::owner_exec);
  {
    const auto dataset = Dataset::Open(scratch / "d");
    EXPECT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_TRUE(VerifyDataset(scratch / "d")->ok());
  }
  fs::permissions(scratch / "d", fs::perms::owner_all);
}

TEST(Dataset, AnotherThingAtItsPlaceIsNamed) {
  const ScratchDirectory scratch;
  const auto expect = [](const std::string& path, StatusCode code, const std::string& text) {
    const Status status = Dataset::Open(path).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_NE(status.message().find(text), std::string::npos) << status;
    EXPECT_EQ(VerifyDataset(path).status().code(), code);
  };
  expect(scratch / "none", StatusCode::kNotFound, "there is no dataset at");
  expect(scratch.path(), StatusCode::kDataLoss, "is not a Lockstep dataset");
  std::ofstream(scratch / "file") << "x";
  expect(scratch / "file", StatusCode::kDataLoss, "a dataset is a directory");
  ASSERT_TRUE(MadeDataset().Make(scratch / "d").ok());
  std::filesystem::remove(scratch / "d/dataset.manifest");
  expect(scratch / "d", StatusCode::kDataLoss, "without a dataset.manifest");
}

TEST(Dataset, AFileThatIsMissingOrDoesNotBelongIsNamed) {
  const ScratchDirectory scratch;
  ASSERT_TRUE(MadeDataset().Make(scratch / "d").ok());
  std::ofstream(scratch / "d/000099.log") << "x";
  Status status = Dataset::Open(scratch / "d").status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("000099.log: not listed"), std::string::npos) << status;
  std::filesystem::remove(scratch / "d/000099.log");
  std::ofstream(scratch / "d/notes.txt") << "a person's file does no harm";
  EXPECT_TRUE(Dataset::Open(scratch / "d").ok());
  const std::vector<std::string> names = *ListDir(scratch / "d");
  for (const std::string& name : names) {
    if (name == "notes.txt" || name == "dataset.manifest") continue;
    std::filesystem::rename(scratch / ("d/" + name), scratch / "aside");
    status = Dataset::Open(scratch / "d").status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
    EXPECT_NE(status.message().find(name), std::string::npos) << status;
    std::filesystem::rename(scratch / "aside", scratch / ("d/" + name));
  }
  EXPECT_TRUE(Dataset::Open(scratch / "d").ok());
}

TEST(Dataset, AnotherFormatVersionIsSaid) {
  const ScratchDirectory scratch;
  ASSERT_TRUE(MadeDataset().Make(scratch / "d").ok());
  const std::string path = scratch / "d/dataset.manifest";
  std::string text = *ReadRegularFile(path);
  // The next version, whole in itself: its own hash is of the text without the hash's line.
  text.replace(text.find("\"version\": 2"), 12, "\"version\": 3");
  const size_t line = text.find(" \"hash\"");
  const size_t end = text.find('\n', line) + 1;
  const std::string body = text.substr(0, line) + text.substr(end);
  const std::string hash = Hash128(body).ToHex();
  text.replace(text.find('"', line + 8) + 1, 32, hash);
  std::ofstream(path) << text;
  const Status status = Dataset::Open(scratch / "d").status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_NE(status.message().find("format version 3"), std::string::npos) << status;
}

}  // namespace
}  // namespace lockstep::storage

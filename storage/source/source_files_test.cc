// SPDX-License-Identifier: Apache-2.0
// The archives in testdata/ were written by testdata/make_archives.py with Python's modules.
#include "storage/source/source_files.h"

#include <locale.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/env/files.h"
#include "storage/env/testing/damaged_files.h"
#include "storage/env/testing/scratch_directory.h"
#include "storage/env/testing/write_faults.h"
#include "storage/source/byte_input.h"
#include "storage/source/testing/packed_files.h"

namespace lockstep::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

void WriteFile(const std::string& path, const std::string& bytes) {
  ASSERT_TRUE(MakeDirs(ParentOf(path)).ok());
  Overwrite(path, bytes);
}

void WriteFolder(const std::string& folder, const Contents& contents) {
  for (const auto& [path, bytes] : contents) WriteFile(folder + "/" + path, bytes);
}

Contents ReadAll(const SourceFiles& source) {
  Contents contents;
  for (size_t i = 0; i < source.files().size(); ++i) {
    const Result<std::string> bytes = source.Read(i);
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    if (!bytes.ok()) continue;
    EXPECT_EQ(static_cast<int64_t>(bytes->size()), source.files()[i].bytes);
    const Result<std::string> streamed = Streamed(source, i);
    EXPECT_TRUE(streamed.ok() && *streamed == *bytes) << source.files()[i].path;
    contents[source.files()[i].path] = *bytes;
  }
  return contents;
}

std::map<std::string, std::string> RejectedIn(const SourceFiles& source) {
  std::map<std::string, std::string> rejected;
  for (const RejectedFile& file : source.rejected()) rejected[file.path] = file.reason;
  return rejected;
}

std::vector<std::string> PathsIn(const SourceFiles& source) {
  std::vector<std::string> paths;
  for (const SourceFile& file : source.files()) paths.push_back(file.path);
  return paths;
}

TEST(SourceFiles, AFolderIsListedInBytewiseOrderWithItsSizes) {
  const ScratchDirectory scratch;
  WriteFolder(scratch / "s", {{"b/2.jpg", "22"},
                              {"b-c/1.jpg", "1"},
                              {"b/a/3.jpg", "333"},
                              {"B.jpg", ""},
                              {"\xc3\xa4.jpg", "u"}});
  const auto source = OpenIn(scratch, scratch / "s/");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(PathsIn(**source),
              ElementsAre("B.jpg", "b-c/1.jpg", "b/2.jpg", "b/a/3.jpg", "\xc3\xa4.jpg"));
  EXPECT_EQ((*source)->files()[3].bytes, 3);
  EXPECT_EQ(*(*source)->Read(3), "333");
  EXPECT_TRUE((*source)->rejected().empty());
  EXPECT_EQ((*source)->hidden(), 0);
}

TEST(SourceFiles, TheSameFilesGiveTheSameListingHoweverTheyCome) {
  const ScratchDirectory scratch;
  WriteFolder(scratch / "folder", Packed());
  WriteFolder(scratch / "folder", {{"train/cat/._1.jpg", "hidden"},
                                   {"train/.DS_Store", "hidden"},
                                   {"__MACOSX/train/cat/x.jpg", "hidden"},
                                   {"val/Thumbs.db", "hidden"}});
  const auto folder = OpenIn(scratch, scratch / "folder");
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ(ReadAll(**folder), Packed());
  for (const std::string name :
       {"good.tar", "good-gnu.tar.gz", "good-members.tgz", "good-ustar.tar.bz2", "good.tar.xz",
        "good.tar.zst", "good.zip", "good-64.zip"}) {
    const auto archive = OpenIn(scratch, kTestData + name);
    ASSERT_TRUE(archive.ok()) << name << ": " << archive.status();
    EXPECT_EQ(PathsIn(**archive), PathsIn(**folder)) << name;
    EXPECT_EQ(ReadAll(**archive), Packed()) << name;
    EXPECT_TRUE((*archive)->rejected().empty()) << name;
    EXPECT_EQ((*archive)->hidden(), 4) << name;
    EXPECT_FALSE(PathExists(scratch / "spool")) << "the spool has a name";
  }
}

// In a locale of UTF-8, libarchive would compose the letters of names with their accents.
TEST(SourceFiles, NamesStayAsTheyAreWhateverTheLocale) {
  const ScratchDirectory scratch;
  const locale_t locale = ::newlocale(LC_ALL_MASK, "C.UTF-8", nullptr);
  ASSERT_NE(locale, nullptr);
  const locale_t former = ::uselocale(locale);
  for (const std::string name : {"good.tar", "good-gnu.tar.gz", "good.zip"}) {
    const auto archive = OpenIn(scratch, kTestData + name);
    EXPECT_TRUE(archive.ok()) << archive.status();
    if (archive.ok()) {
      EXPECT_EQ(ReadAll(**archive), Packed()) << name;
    }
  }
  EXPECT_EQ(::uselocale(former), locale) << "the locale of the thread has changed";
  ::freelocale(locale);
}

TEST(SourceFiles, NamesThatNoListingCanHoldAreRejected) {
  const ScratchDirectory scratch;
  WriteFolder(scratch / "s", {{"good.jpg", ""}, {"bad\xff.jpg", ""}, {"new\nline.jpg", ""}});
  ASSERT_EQ(::mkfifo((scratch / "s/fifo").c_str(), 0600), 0);
  const auto source = OpenIn(scratch, scratch / "s");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(PathsIn(**source), ElementsAre("good.jpg"));
  EXPECT_THAT(RejectedIn(**source),
              UnorderedElementsAre(Pair("bad\\xff.jpg", HasSubstr("not UTF-8")),
                                   Pair("new\\x0aline.jpg", HasSubstr("control character")),
                                   Pair("fifo", HasSubstr("named pipe"))));
}

TEST(SourceFiles, WhatIsNoFileInATarArchiveIsRejected) {
  const ScratchDirectory scratch;
  const auto source = OpenIn(scratch, std::string(kTestData) + "odd.tar.gz");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(ReadAll(**source), ElementsAre(Pair("a/good.jpg", "abc")));
  EXPECT_THAT(RejectedIn(**source),
              UnorderedElementsAre(Pair("/etc/absolute.jpg", HasSubstr("absolute")),
                                   Pair("a/../../up.jpg", HasSubstr("'..'")),
                                   Pair("a/bad\\xff.jpg", HasSubstr("not UTF-8")),
                                   Pair("a/new\\x0aline.jpg", HasSubstr("control character")),
                                   Pair("a/soft.jpg", HasSubstr("symbolic link")),
                                   Pair("a/hard.jpg", HasSubstr("hard link")),
                                   Pair("a/fifo", HasSubstr("named pipe")),
                                   Pair("a/device", HasSubstr("device"))));
  EXPECT_EQ((*source)->hidden(), 1);
}

TEST(SourceFiles, WhatCannotBeReadInAZipArchiveIsRejected) {
  const ScratchDirectory scratch;
  const auto source = OpenIn(scratch, std::string(kTestData) + "odd.zip");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(ReadAll(**source),
              ElementsAre(Pair("a/good.jpg", "abc"), Pair("a/n\xc3\xa4med.jp", "abc"),
                          Pair("a/windows.jpg", "abc")));
  EXPECT_THAT(RejectedIn(**source),
              UnorderedElementsAre(Pair("/etc/absolute.jpg", HasSubstr("absolute")),
                                   Pair("a/../../up.jpg", HasSubstr("'..'")),
                                   Pair("a/bad\\xff.jpg", HasSubstr("not UTF-8")),
                                   Pair("a/new\\x0aline.jpg", HasSubstr("control character")),
                                   Pair("a/soft.jpg", HasSubstr("symbolic link")),
                                   Pair("a/fifo", HasSubstr("pipe")),
                                   Pair("a/packed.jpg", HasSubstr("method 12")),
                                   Pair("a/secret.jpg", HasSubstr("encrypted"))));
}

TEST(SourceFiles, TwoEntriesOfOneNameAreRefusedNamingBoth) {
  const ScratchDirectory scratch;
  for (const std::string name : {"twice.tar.gz", "twice.zip"}) {
    const auto source = OpenIn(scratch, kTestData + name);
    ASSERT_FALSE(source.ok()) << name;
    EXPECT_EQ(source.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(source.status().message(), HasSubstr(name));
    EXPECT_THAT(source.status().message(), HasSubstr("'a.jpg': its entries number 1 and 3"));
  }
}

TEST(SourceFiles, LinksAreFollowedInsideTheFolderOnly) {
  const ScratchDirectory scratch;
  WriteFolder(scratch / "s", {{"pool/1.jpg", "one"}, {"a/2.jpg", "two"}});
  WriteFolder(scratch / "s2", {{"3.jpg", "three"}});
  const auto link = [&](const std::string& target, const std::string& path) {
    ASSERT_EQ(::symlink(target.c_str(), (scratch / ("s/" + path)).c_str()), 0) << path;
  };
  link("../pool/1.jpg", "a/file.jpg");
  link("../pool", "a/folder");
  link(scratch / "s/pool/1.jpg", "a/absolute.jpg");
  link("../../s2/3.jpg", "a/out.jpg");
  link(scratch / "s2", "a/out");
  link("nothing", "a/broken");
  link("round", "a/round");
  link("..", "a/up");
  link("../b", "a/b");  // a/b leads to b, and b/a back to a
  ASSERT_TRUE(MakeDirs(scratch / "s/b").ok());
  link("../a", "b/a");
  const auto source = OpenIn(scratch, scratch / "s");
  ASSERT_TRUE(source.ok()) << source.status();
  const Contents contents = ReadAll(**source);
  EXPECT_EQ(contents.at("a/file.jpg"), "one");
  EXPECT_EQ(contents.at("a/folder/1.jpg"), "one");
  EXPECT_EQ(contents.at("a/absolute.jpg"), "one");
  EXPECT_EQ(contents.at("b/a/folder/1.jpg"), "one");
  EXPECT_EQ(contents.size(), 9u);  // 4 in a, the same in b/a, 1 in pool
  const auto rejected = RejectedIn(**source);
  EXPECT_THAT(rejected.at("a/out.jpg"), HasSubstr("out of the source, to"));
  EXPECT_THAT(rejected.at("a/out"), HasSubstr("out of the source, to"));
  EXPECT_THAT(rejected.at("a/broken"), HasSubstr("leads nowhere"));
  EXPECT_THAT(rejected.at("a/round"), HasSubstr("circle"));
  EXPECT_THAT(rejected.at("a/up"), HasSubstr("holds it"));
  EXPECT_THAT(rejected.at("a/b/a"), HasSubstr("holds it"));
  EXPECT_THAT(rejected.at("b/a/b"), HasSubstr("holds it"));
}

TEST(SourceFiles, ManyLinksOnOnePathAreNotFollowedForever) {
  const ScratchDirectory scratch;
  for (int i = 0; i < 12; ++i) {
    const std::string folder = scratch / ("s/" + std::to_string(i));
    ASSERT_TRUE(MakeDirs(folder).ok());
    Overwrite(folder + "/x.jpg", "x");
    for (const std::string name : {"a", "b"}) {
      if (i < 11) {
        ASSERT_EQ(::symlink(("../" + std::to_string(i + 1)).c_str(), (folder + "/" + name).c_str()),
                  0);
      }
    }
  }
  const auto source = OpenIn(scratch, scratch / "s");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(RejectedIn(**source).at("0/a/a/a/a/a/a/a/a/a"), HasSubstr("ninth link"));
  EXPECT_LT((*source)->files().size(), 12u * 512);
}

TEST(SourceFiles, AFileThatHasChangedIsRefusedWithItsName) {
  const ScratchDirectory scratch;
  WriteFolder(scratch / "s", {{"a.jpg", "1234"}, {"b.jpg", "1"}, {"c.jpg", "1"}});
  const auto source = OpenIn(scratch, scratch / "s");
  ASSERT_TRUE(source.ok()) << source.status();
  Overwrite(scratch / "s/a.jpg", "12345");
  ASSERT_EQ(::unlink((scratch / "s/b.jpg").c_str()), 0);
  ASSERT_EQ(::unlink((scratch / "s/c.jpg").c_str()), 0);
  ASSERT_EQ(::mkfifo((scratch / "s/c.jpg").c_str(), 0600), 0);
  for (size_t i = 0; i < 3; ++i) {
    const auto bytes = (*source)->Read(i);
    ASSERT_FALSE(bytes.ok());
    EXPECT_EQ(bytes.status().code(), StatusCode::kDataLoss);
    EXPECT_THAT(bytes.status().message(), HasSubstr(scratch / ("s/" + (*source)->files()[i].path)));
  }
  EXPECT_THAT((*source)->Read(0).status().message(), HasSubstr("has 5 bytes, it had 4"));
}

TEST(SourceFiles, AFileIsReadPieceByPieceToItsEnd) {
  const ScratchDirectory scratch;
  std::string table(700'000, '\0');
  for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<char>(i * i / 7);
  WriteFolder(scratch / "s", {{"table.csv", table}, {"z.jpg", "z"}});
  const std::string tar = scratch / "s.tar";
  ASSERT_EQ(std::system(("tar -cf " + tar + " -C " + scratch / "s" + " .").c_str()), 0);
  const std::string zip = scratch / "s.zip", stored = scratch / "stored.zip";
  const std::string pack =
      "import sys, zipfile\n"
      "with zipfile.ZipFile(sys.argv[1], 'w', int(sys.argv[2])) as z:\n"
      "    z.write(sys.argv[3], 'table.csv')\n";
  Overwrite(scratch / "pack.py", pack);
  for (const auto& [out, method] : {std::pair(zip, "8"), std::pair(stored, "0")}) {
    const std::string line = "/usr/bin/python3 -B " + scratch / "pack.py" + " " + out + " " +
                             method + " " + scratch / "s/table.csv";
    ASSERT_EQ(std::system(line.c_str()), 0);
  }
  for (const std::string& path : {scratch / "s", tar, zip, stored}) {
    const auto source = OpenIn(scratch, path);
    ASSERT_TRUE(source.ok()) << source.status();
    const auto input = (*source)->Stream(0);
    ASSERT_TRUE(input.ok()) << input.status();
    EXPECT_EQ((*input)->Next()->size(), size_t{256} << 10) << "not the whole of it";
    EXPECT_EQ(*Streamed(**source, 0), table);
  }
  const auto source = OpenIn(scratch, scratch / "s");
  const auto input = (*source)->Stream(0);
  ASSERT_TRUE(input.ok()) << input.status();
  ASSERT_TRUE((*input)->Next().ok());
  std::filesystem::resize_file(scratch / "s/table.csv", 300'000);
  const Status cut = (*input)->Next().status();
  EXPECT_EQ(cut.code(), StatusCode::kDataLoss);
  EXPECT_THAT(cut.message(), HasSubstr("table.csv"));
  EXPECT_THAT((*source)->Stream(0).status().message(), HasSubstr("it has 300000 bytes"));
}

TEST(SourceFiles, AFileOfTwoGibibytesIsRejected) {
  const ScratchDirectory scratch;
  WriteFolder(scratch / "s", {{"a.jpg", "1"}, {"b.jpg", ""}});
  ASSERT_EQ(::truncate((scratch / "s/b.jpg").c_str(), off_t{1} << 31), 0);
  const auto source = OpenIn(scratch, scratch / "s");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(PathsIn(**source), ElementsAre("a.jpg"));
  EXPECT_THAT(RejectedIn(**source), ElementsAre(Pair("b.jpg", HasSubstr("2147483648 bytes"))));
}

TEST(SourceFiles, WhatIsNoSourceIsRefusedWithARemedy) {
  const ScratchDirectory scratch;
  const auto refusal = [&](const std::string& path) { return OpenIn(scratch, path).status(); };
  EXPECT_EQ(refusal(scratch / "nothing").code(), StatusCode::kNotFound);
  EXPECT_EQ(refusal("").code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refusal("/dev/null").message(), HasSubstr("expected a folder, or an archive"));
  Overwrite(scratch / "empty.tar", "");
  EXPECT_THAT(refusal(scratch / "empty.tar").message(), HasSubstr("is empty"));
  Overwrite(scratch / "page.tar", "<!DOCTYPE html><html><body>404</body></html>");
  EXPECT_THAT(refusal(scratch / "page.tar").message(), HasSubstr("HTML"));
  Overwrite(scratch / "page.zip", "<!DOCTYPE html><html><body>404</body></html>");
  EXPECT_THAT(refusal(scratch / "page.zip").message(), HasSubstr("HTML"));
  Overwrite(scratch / "x.rar", "Rar!\x1a\x07 something");
  EXPECT_EQ(refusal(scratch / "x.rar").code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refusal(scratch / "x.rar").message(), HasSubstr("unpack it"));
}

// Does its work as a user who owns nothing, where the tests run as root.
class Unprivileged {
 public:
  Unprivileged() : root_(::geteuid() == 0) {
    if (root_) {
      CHECK_EQ(::seteuid(65534), 0);
    }
  }
  ~Unprivileged() {
    if (root_) {
      CHECK_EQ(::seteuid(0), 0);
    }
  }

 private:
  bool root_;
};

TEST(SourceFiles, AFolderThatMayNotBeListedIsNamed) {
  const ScratchDirectory scratch;
  WriteFolder(scratch / "s", {{"a/1.jpg", "1"}, {"b/2.jpg", "2"}});
  ASSERT_EQ(::chmod(scratch.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod((scratch / "s/b").c_str(), 0), 0);
  Status status, top;
  {
    const Unprivileged user;
    status = OpenIn(scratch, scratch / "s").status();
    top = OpenIn(scratch, scratch / "s/b").status();
  }
  ASSERT_EQ(::chmod((scratch / "s/b").c_str(), 0755), 0);
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), HasSubstr(scratch / "s/b'"));
  EXPECT_THAT(status.message(), HasSubstr("chmod"));
  EXPECT_EQ(top.code(), StatusCode::kPermissionDenied) << top;
}

TEST(SourceFiles, NoRoomForTheSpoolSaysWhereAndHowMuch) {
  const ScratchDirectory scratch;
  ArmWriteFault(WriteFault::kNoSpace, 1);
  const Status status = OpenIn(scratch, std::string(kTestData) + "good.tar").status();
  DisarmWriteFault();
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
  EXPECT_THAT(status.message(), HasSubstr("no room in '" + scratch.path() + "'"));
  EXPECT_THAT(status.message(), HasSubstr("are needed"));
  EXPECT_FALSE(PathExists(scratch / "spool"));
}

TEST(SourceFiles, WhatLiesAtTheSpoolsPathIsLeftAlone) {
  const ScratchDirectory scratch;
  Overwrite(scratch / "spool", "mine");
  const Status status = OpenIn(scratch, std::string(kTestData) + "good.tar").status();
  EXPECT_EQ(status.code(), StatusCode::kAlreadyExists) << status;
  EXPECT_EQ(*ReadRegularFile(scratch / "spool"), "mine");
}

TEST(SourceFiles, EndsWhenStopIsSet) {
  const ScratchDirectory scratch;
  WriteFolder(scratch / "s", Packed());
  for (const std::string& path :
       {scratch / "s", kTestData + std::string("good.tar"), kTestData + std::string("good.tar.xz"),
        kTestData + std::string("good.zip")}) {
    const std::atomic<bool> stop{true};
    SourceOptions options;
    options.path = path;
    options.spool = scratch / "spool";
    options.stop = &stop;
    EXPECT_EQ(SourceFiles::Open(options).status().code(), StatusCode::kCancelled) << path;
  }
}

TEST(SourceFiles, StopEndsAnArchiveInItsMiddle) {
  const ScratchDirectory scratch;
  std::atomic<bool> stop{false};
  int64_t files = 0;
  SourceOptions options;
  options.path = kTestData + std::string("good.tar");
  options.spool = scratch / "spool";
  options.stop = &stop;
  options.progress = [&](const SourceProgress& p) {
    EXPECT_EQ(p.bytes_in_all, 20480);
    files = p.files;
    stop = true;
  };
  const Status status = SourceFiles::Open(options).status();
  EXPECT_EQ(status.code(), StatusCode::kCancelled) << status;
}

TEST(SourceFiles, AnyThreadMayRead) {
  const ScratchDirectory scratch;
  for (const std::string name : {"good.tar.zst", "good.zip"}) {
    const auto source = OpenIn(scratch, kTestData + name);
    ASSERT_TRUE(source.ok()) << source.status();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int round = 0; round < 20; ++round) EXPECT_EQ(ReadAll(**source), Packed());
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace lockstep::storage

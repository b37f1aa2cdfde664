// SPDX-License-Identifier: Apache-2.0
#include "cluster/console/standard_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace lockstep::cluster {
namespace {

using Flushing = StandardStream::Flushing;

class StandardStreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::pipe(pipe_.data()), 0);
    ASSERT_EQ(::fcntl(pipe_[0], F_SETFL, O_NONBLOCK), 0);
    ASSERT_NE(::signal(SIGPIPE, SIG_IGN), SIG_ERR);
  }
  void TearDown() override {
    for (const int end : pipe_) {
      if (end >= 0) ::close(end);
    }
  }
  // What one read finds in the pipe.
  std::string Arrived() {
    std::array<char, 4096> bytes{};
    const ssize_t size = ::read(pipe_[0], bytes.data(), bytes.size());
    return size > 0 ? std::string(bytes.data(), static_cast<size_t>(size)) : "";
  }
  void CloseReader() {
    ::close(pipe_[0]);
    pipe_[0] = -1;
  }

  std::array<int, 2> pipe_ = {-1, -1};
};

TEST_F(StandardStreamTest, ByLineAWholeLineIsWrittenAtOnceAndTheRestWhenAsked) {
  StandardStream stream(pipe_[1], Flushing::kByLine);
  stream << "epoch " << 3;
  EXPECT_EQ(Arrived(), "");
  stream << '/' << 5 << "\nbar";
  EXPECT_EQ(Arrived(), "epoch 3/5\n");
  stream << std::flush;
  EXPECT_EQ(Arrived(), "bar");
  EXPECT_EQ(*stream.error(), 0);
}

TEST_F(StandardStreamTest, WhenAskedLinesAreGathered) {
  StandardStream stream(pipe_[1], Flushing::kWhenAsked);
  stream << "a\nb\n";
  EXPECT_EQ(Arrived(), "");
  stream.flush();
  EXPECT_EQ(Arrived(), "a\nb\n");
}

TEST_F(StandardStreamTest, AFullDiskIsRememberedAndLaterWritesAreTried) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  StandardStream stream(full, Flushing::kWhenAsked);
  stream << "lost";
  stream.flush();
  EXPECT_EQ(*stream.error(), ENOSPC);
  EXPECT_TRUE(stream.good());
  ASSERT_EQ(::dup2(pipe_[1], full), full);  // now there is room
  stream << "kept" << std::flush;
  EXPECT_EQ(Arrived(), "kept");
  EXPECT_EQ(*stream.error(), ENOSPC) << "the first loss is still one";
  ::close(full);
}

TEST_F(StandardStreamTest, AReaderThatHasGoneIsNoFailure) {
  StandardStream stream(pipe_[1], Flushing::kWhenAsked);
  CloseReader();
  stream << "nobody reads this" << std::flush;
  EXPECT_EQ(*stream.error(), 0);
}

}  // namespace
}  // namespace lockstep::cluster

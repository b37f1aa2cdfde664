// SPDX-License-Identifier: Apache-2.0
// `lockstep coordinator` with a rank that calls it over loopback.
#include "cluster/cli/coordinator_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <sstream>
#include <thread>

#include "base/file.h"
#include "comm/rpc/coordinator_file.h"
#include "comm/rpc/rpc.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::cluster {
namespace {

using ::testing::HasSubstr;
constexpr Duration kLong = std::chrono::seconds(60);

class CoordinatorCommandTest : public ::testing::Test {
 protected:
  void Begin() {
    options_.listen = "127.0.0.1:0";
    options_.state_directory = scratch_ / "state";
    thread_ = std::thread([this] { status_ = RunCoordinatorCommand(options_, &console_); });
    const Deadline deadline = Deadline::In(kLong);
    while (!FileExists(File()) && !deadline.Passed()) std::this_thread::yield();
    const auto file = comm::ReadCoordinatorFile(File());
    ASSERT_TRUE(file.ok()) << file.status();
    address_ = file->address;
    auto client = comm::ConnectCoordinator(file->address, file->token, kLong);
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }
  Status End() {
    thread_.join();
    return status_;
  }
  void TearDown() override {
    if (!thread_.joinable()) return;
    stop_ = true;
    thread_.join();
  }

  std::string File() const { return scratch_ / "state/coordinator.json"; }

  // Registers as the only rank until it is let in.
  comm::Assignment LetIn() {
    comm::RegisterRequest request;
    request.member.host = "node";
    request.member.pid = 5;
    request.run.run_directory = scratch_.path();
    request.run.samples = 100;
    request.run.shard_size = request.run.window_shards = request.run.lane_batch = 4;
    request.run.total_steps = 10;
    const Deadline deadline = Deadline::In(kLong);
    while (!deadline.Passed()) {
      const auto reply = client_->Register(request);
      EXPECT_TRUE(reply.ok()) << reply.status();
      if (!reply.ok()) return {};
      if (reply->accepted) return reply->assignment;
    }
    ADD_FAILURE() << "not let in";
    return {};
  }

  const storage::ScratchDirectory scratch_;
  CoordinatorCommandOptions options_;
  std::ostringstream out_, err_;
  std::atomic<bool> stop_{false};
  Console console_{.out = out_, .err = err_, .stop = &stop_};
  std::string address_;
  std::unique_ptr<comm::Coordinator> client_;
  Status status_ = Internal("it has not ended");
  std::thread thread_;
};

TEST_F(CoordinatorCommandTest, EndsWellOnceTheRunHasFinished) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const comm::Assignment assignment = LetIn();
  EXPECT_EQ(assignment.generation, 1);
  EXPECT_TRUE(client_->Heartbeat({.generation = 1, .digests = {{1, 2, 3}}})->stop.ok());
  EXPECT_TRUE(client_->Leave({.generation = 1, .step = 10}).ok());
  const Status status = End();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_FALSE(FileExists(File())) << "a stale file would send ranks to nobody";
  EXPECT_THAT(out_.str(), HasSubstr(address_));
  EXPECT_THAT(out_.str(), HasSubstr(File()));
}

TEST_F(CoordinatorCommandTest, RunThatFailsMayBeStartedAgain) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  LetIn();
  EXPECT_TRUE(client_->Leave({.generation = 1, .status = Unavailable("a peer is gone")}).ok());
  EXPECT_EQ(LetIn().generation, 2);
  EXPECT_TRUE(client_->Leave({.generation = 2}).ok());
  EXPECT_TRUE(End().ok());
}

TEST_F(CoordinatorCommandTest, AWishToStopIsToldToTheRanksFirst) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  LetIn();
  stop_ = true;
  const Deadline deadline = Deadline::In(kLong);
  Status told;
  while (told.ok() && !deadline.Passed()) {
    const auto reply = client_->Heartbeat({.generation = 1});
    ASSERT_TRUE(reply.ok()) << reply.status();
    told = reply->stop;
  }
  EXPECT_EQ(told.code(), StatusCode::kCancelled);
  EXPECT_THAT(told.message(), HasSubstr("stopped on request"));
  EXPECT_TRUE(client_->Leave({.generation = 1, .status = told}).ok());
  EXPECT_EQ(End().code(), StatusCode::kCancelled);
  EXPECT_FALSE(FileExists(File()));
}

TEST_F(CoordinatorCommandTest, OpenAddressIsRefused) {
  options_.listen = "0.0.0.0:0";
  options_.file = scratch_ / "file";
  const Status status = RunCoordinatorCommand(options_, &console_);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("--insecure-listen"));
  EXPECT_FALSE(FileExists(options_.file));
}

}  // namespace
}  // namespace lockstep::cluster

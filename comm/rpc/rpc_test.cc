// SPDX-License-Identifier: Apache-2.0
// Over real loopback: every field of every call arrives, and whatever may be on the other side of a
// port is a Status.
#include "comm/rpc/rpc.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <limits>
#include <thread>

#include "base/exceptions.h"
#include "base/mutex.h"
#include "base/testing/address_limit.h"
#include "base/thread.h"
#include "comm/rpc/network_address.h"

namespace lockstep::comm {
namespace {

using ::testing::HasSubstr;

constexpr char kToken[] = "0123456789abcdef0123456789abcdef";
constexpr Duration kLimit = std::chrono::seconds(20);

// Keeps what it was told and answers what it was given.
class Recorder : public Coordinator {
 public:
  Result<RegisterReply> Register(const RegisterRequest& request) override {
    MutexLock lock(&mutex_);
    ++calls;
    registered = request;
    if (!failure.ok()) return failure;
    return register_reply;
  }
  Result<HeartbeatReply> Heartbeat(const HeartbeatRequest& request) override {
    MutexLock lock(&mutex_);
    ++calls;
    heartbeat = request;
    if (!failure.ok()) return failure;
    return heartbeat_reply;
  }
  Status Commit(const CommitRequest& request) override {
    MutexLock lock(&mutex_);
    ++calls;
    commit = request;
    return failure;
  }
  Status Leave(const LeaveRequest& request) override {
    MutexLock lock(&mutex_);
    ++calls;
    leave = request;
    return failure;
  }

  // Read by the test between calls.
  int calls = 0;
  Status failure;
  RegisterRequest registered;
  RegisterReply register_reply;
  HeartbeatRequest heartbeat;
  HeartbeatReply heartbeat_reply;
  CommitRequest commit;
  LeaveRequest leave;

 private:
  Mutex mutex_;
};

RegisterRequest SomeRegistration() {
  RegisterRequest request;
  request.member = {.rank = Rank(3),
                    .world_size = 4,
                    .host = "node7",
                    .pid = 4711,
                    .build = "0123abcd",
                    .hardware = "cpu-x86-64",
                    .fingerprint = 0xfedcba9876543210u};
  request.run = {.run_directory = "/runs/gr\xc3\xbcn",
                 .fixed_keys = "model.name=mlp\n",
                 .branch_keys = "optimizer.lr=0.1\n",
                 .unlisted_keys = "optimizer.lr=0.1\nbatch.lanes=8\n",
                 .recipe_hash = 0x8000000000000001u,
                 .dataset_digest = {11, 0xffffffffffffffffu},
                 .samples = 60000,
                 .shard_size = 256,
                 .window_shards = 64,
                 .lane_batch = 32,
                 .lanes = 8,
                 .seed = 0xabcdef0123456789u,
                 .total_steps = 1 << 20,
                 .takeover = true,
                 .overwrite = true,
                 .new_bits = true,
                 .heartbeat_limit = 2.5};
  return request;
}

void ExpectSame(const RegisterRequest& a, const RegisterRequest& b) {
  EXPECT_EQ(a.member.rank, b.member.rank);
  EXPECT_EQ(a.member.world_size, b.member.world_size);
  EXPECT_EQ(a.member.host, b.member.host);
  EXPECT_EQ(a.member.pid, b.member.pid);
  EXPECT_EQ(a.member.build, b.member.build);
  EXPECT_EQ(a.member.hardware, b.member.hardware);
  EXPECT_EQ(a.member.fingerprint, b.member.fingerprint);
  EXPECT_EQ(a.run.run_directory, b.run.run_directory);
  EXPECT_EQ(a.run.fixed_keys, b.run.fixed_keys);
  EXPECT_EQ(a.run.branch_keys, b.run.branch_keys);
  EXPECT_EQ(a.run.unlisted_keys, b.run.unlisted_keys);
  EXPECT_EQ(a.run.recipe_hash, b.run.recipe_hash);
  EXPECT_EQ(a.run.dataset_digest, b.run.dataset_digest);
  EXPECT_EQ(a.run.samples, b.run.samples);
  EXPECT_EQ(a.run.shard_size, b.run.shard_size);
  EXPECT_EQ(a.run.window_shards, b.run.window_shards);
  EXPECT_EQ(a.run.lane_batch, b.run.lane_batch);
  EXPECT_EQ(a.run.lanes, b.run.lanes);
  EXPECT_EQ(a.run.seed, b.run.seed);
  EXPECT_EQ(a.run.total_steps, b.run.total_steps);
  EXPECT_EQ(a.run.takeover, b.run.takeover);
  EXPECT_EQ(a.run.overwrite, b.run.overwrite);
  EXPECT_EQ(a.run.new_bits, b.run.new_bits);
  EXPECT_EQ(a.run.heartbeat_limit, b.run.heartbeat_limit);
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LOCKSTEP_THREAD_SANITIZER
#endif
#elif defined(__SANITIZE_THREAD__)
#define LOCKSTEP_THREAD_SANITIZER
#endif

class Rpc : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef LOCKSTEP_THREAD_SANITIZER
    GTEST_SKIP()
        << "the distribution's gRPC is not built for the thread sanitizer, which then sees "
           "none of its locks";
#endif
  }
};

class RpcTest : public Rpc {
 protected:
  void SetUp() override {
    Rpc::SetUp();
    if (IsSkipped()) return;
    auto started = CoordinatorServer::Start({.token = kToken}, &recorder_);
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    client_ = Connect(kToken);
  }

  std::unique_ptr<Coordinator> Connect(const std::string& token, Duration limit = kLimit) {
    auto client = ConnectCoordinator(server_->address(), token, limit);
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  Recorder recorder_;
  std::unique_ptr<CoordinatorServer> server_;
  std::unique_ptr<Coordinator> client_;
};

// A connected socket to the server.
int RawConnection(const std::string& address) {
  const auto parsed = ParseNetworkAddress(address);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(parsed->port));
  EXPECT_EQ(inet_pton(AF_INET, parsed->host.c_str(), &to.sin_addr), 1);
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  return fd;
}

TEST_F(RpcTest, AddressSaysThePortThatWasTaken) {
  const auto address = ParseNetworkAddress(server_->address());
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "127.0.0.1");
  EXPECT_GT(address->port, 0);
}

TEST_F(RpcTest, RegisterCarriesEveryFieldThereAndBack) {
  recorder_.register_reply.accepted = true;
  recorder_.register_reply.note = "here";
  recorder_.register_reply.notes = {"one", "two"};
  recorder_.register_reply.assignment = {.generation = 7,
                                         .branch = 2,
                                         .lanes = {2, 4},
                                         .shards = {{0, 3}, {9, 10}},
                                         .checkpoint = "checkpoints/b01-s0000001200",
                                         .step = 1200,
                                         .digest = 0xf000000000000001u,
                                         .finished = true};
  const auto reply = client_->Register(SomeRegistration());
  ASSERT_TRUE(reply.ok()) << reply.status();
  ExpectSame(recorder_.registered, SomeRegistration());
  EXPECT_TRUE(reply->accepted);
  EXPECT_EQ(reply->note, "here");
  EXPECT_EQ(reply->notes, (std::vector<std::string>{"one", "two"}));
  const Assignment& assignment = reply->assignment;
  EXPECT_EQ(assignment.generation, 7);
  EXPECT_EQ(assignment.branch, 2);
  EXPECT_EQ(assignment.lanes, (Range{2, 4}));
  EXPECT_EQ(assignment.shards, (std::vector<Range>{{0, 3}, {9, 10}}));
  EXPECT_EQ(assignment.checkpoint, "checkpoints/b01-s0000001200");
  EXPECT_EQ(assignment.step, 1200);
  EXPECT_EQ(assignment.digest, 0xf000000000000001u);
  EXPECT_TRUE(assignment.finished);
}

TEST_F(RpcTest, HeartbeatCarriesEveryFieldThereAndBack) {
  recorder_.heartbeat_reply.stop = Superseded("generation 8 has begun");
  recorder_.heartbeat_reply.stop_wanted = true;
  const HeartbeatRequest request = {.generation = 7,
                                    .rank = Rank(0),
                                    .phase = "forward",
                                    .step = 17,
                                    .digests = {{16, 1, 2}, {17, 0xffffffffffffffffu, 4}},
                                    .stop_wanted = true};
  const auto reply = client_->Heartbeat(request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->stop.code(), StatusCode::kSuperseded);
  EXPECT_EQ(reply->stop.message(), "generation 8 has begun");
  EXPECT_TRUE(reply->stop_wanted);
  const HeartbeatRequest& got = recorder_.heartbeat;
  EXPECT_EQ(got.generation, 7);
  EXPECT_EQ(got.rank, Rank(0));
  EXPECT_EQ(got.phase, "forward");
  EXPECT_EQ(got.step, 17);
  EXPECT_TRUE(got.stop_wanted);
  ASSERT_EQ(got.digests.size(), 2u);
  EXPECT_EQ(got.digests[1].step, 17);
  EXPECT_EQ(got.digests[1].digest, 0xffffffffffffffffu);
  EXPECT_EQ(got.digests[1].loss_bits, 4u);
}

TEST_F(RpcTest, CommitAndLeaveCarryEveryField) {
  ASSERT_TRUE(client_
                  ->Commit({.generation = 7,
                            .rank = Rank(1),
                            .checkpoint = "b01-s0000001200",
                            .step = 1200,
                            .digest = 5})
                  .ok());
  EXPECT_EQ(recorder_.commit.generation, 7);
  EXPECT_EQ(recorder_.commit.rank, Rank(1));
  EXPECT_EQ(recorder_.commit.checkpoint, "b01-s0000001200");
  EXPECT_EQ(recorder_.commit.step, 1200);
  EXPECT_EQ(recorder_.commit.digest, 5u);
  ASSERT_TRUE(client_
                  ->Leave({.generation = 7,
                           .rank = Rank(2),
                           .status = NonFinite("step 3: NaN"),
                           .step = 3,
                           .digest = 6})
                  .ok());
  EXPECT_EQ(recorder_.leave.generation, 7);
  EXPECT_EQ(recorder_.leave.rank, Rank(2));
  EXPECT_EQ(recorder_.leave.status.code(), StatusCode::kNonFinite);
  EXPECT_EQ(recorder_.leave.status.message(), "step 3: NaN");
  EXPECT_EQ(recorder_.leave.step, 3);
  EXPECT_EQ(recorder_.leave.digest, 6u);
}

TEST_F(RpcTest, FailedStatusArrivesAsItWas) {
  for (int code = 1; code <= static_cast<int>(StatusCode::kInternal); ++code) {
    recorder_.failure = Status(static_cast<StatusCode>(code), "why, with bytes: \xff end");
    const auto reply = client_->Register(SomeRegistration());
    EXPECT_EQ(reply.status().code(), recorder_.failure.code());
    EXPECT_EQ(reply.status().message(), "why, with bytes: ? end");  // text is UTF-8 on the wire
    EXPECT_EQ(client_->Commit({.generation = 1, .checkpoint = "c"}).code(),
              recorder_.failure.code());
  }
}

TEST_F(RpcTest, WrongTokenIsRefusedAndNothingIsCalled) {
  for (const std::string& token : {std::string("0123456789abcdef0123456789abcdee"),
                                   std::string("0123456789abcdef"), std::string(200, 'x')}) {
    const auto stranger = Connect(token);
    EXPECT_EQ(stranger->Register(SomeRegistration()).status().code(),
              StatusCode::kPermissionDenied);
    EXPECT_EQ(stranger->Leave({.generation = 1}).code(), StatusCode::kPermissionDenied);
  }
  EXPECT_EQ(recorder_.calls, 0);
}

TEST_F(RpcTest, ImpossibleFieldsAreRefusedBeforeTheyAreUsed) {
  const auto refused = [&](const char* field, auto change) {
    RegisterRequest request = SomeRegistration();
    change(&request);
    const Status status = client_->Register(request).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << field << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr(field));
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  refused("rank", [](auto* r) { r->member.rank = Rank(4); });
  refused("rank", [](auto* r) { r->member.rank = Rank(-1); });
  refused("world_size", [](auto* r) { r->member.world_size = 0; });
  refused("world_size", [](auto* r) { r->member.world_size = INT32_MAX; });
  refused("pid", [](auto* r) { r->member.pid = -5; });
  refused("host", [](auto* r) { r->member.host = std::string(10000, 'h'); });
  refused("run_directory", [](auto* r) { r->run.run_directory = ""; });
  refused("run_directory", [](auto* r) { r->run.run_directory = std::string("/a\0b", 4); });
  refused("fixed_keys", [](auto* r) { r->run.fixed_keys = std::string(300000, 'k') + "\n"; });
  refused("branch_keys", [](auto* r) { r->run.branch_keys = "no newline"; });
  refused("unlisted_keys", [](auto* r) { r->run.unlisted_keys = "no newline"; });
  refused("lanes", [](auto* r) { r->run.lanes = 3; });
  refused("samples", [](auto* r) { r->run.samples = -1; });
  refused("total_steps", [](auto* r) { r->run.total_steps = INT64_MIN; });
  refused("heartbeat_limit", [&](auto* r) { r->run.heartbeat_limit = nan; });
  refused("heartbeat_limit", [](auto* r) { r->run.heartbeat_limit = -1; });
  refused("heartbeat_limit", [](auto* r) { r->run.heartbeat_limit = 1e300; });
  EXPECT_EQ(client_->Heartbeat({.generation = 0}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(client_->Heartbeat({.generation = 1, .digests = {{-1, 0, 0}}}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(client_->Commit({.generation = 1, .checkpoint = ""}).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(client_->Leave({.generation = 1, .step = -1}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(recorder_.calls, 0);
}

TEST_F(RpcTest, MessageOverTheLimitIsRefusedAndTheNextOneArrives) {
  HeartbeatRequest request = {.generation = 1};
  request.digests.resize(200'000, {1, 2, 3});
  EXPECT_EQ(client_->Heartbeat(request).status().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(client_->Heartbeat({.generation = 1}).ok());
  EXPECT_EQ(recorder_.calls, 1);
}

TEST_F(RpcTest, ManyRanksAtOnceAreAnswered) {
  std::vector<std::thread> ranks;
  std::atomic<int> answered = 0;
  for (int rank = 0; rank < 8; ++rank) {
    ranks.emplace_back([&, rank] {
      const auto client = Connect(kToken);
      for (int i = 0; i < 20; ++i) {
        if (client->Heartbeat({.generation = 1, .rank = Rank(rank)}).ok()) ++answered;
      }
    });
  }
  for (std::thread& rank : ranks) rank.join();
  EXPECT_EQ(answered, 160);
}

TEST_F(RpcTest, GarbageOnThePortLeavesTheServerUp) {
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  std::string noise;
  for (int i = 0; i < 4096; ++i) noise += static_cast<char>(i * 37 + i / 7);
  const std::string huge_frame = preface + std::string("\xff\xff\xff\x00\x00\x00\x00\x00\x01", 9);
  for (const std::string& bytes : {noise, preface + noise, preface, huge_frame,
                                   std::string("GET / HTTP/1.1\r\n\r\n"), std::string()}) {
    const int fd = RawConnection(server_->address());
    EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    EXPECT_TRUE(client_->Heartbeat({.generation = 1}).ok());
    ::close(fd);
  }
  EXPECT_TRUE(Connect(kToken)->Heartbeat({.generation = 1}).ok());
}

TEST_F(RpcTest, GoneServerIsUnavailableAndNamed) {
  ASSERT_TRUE(client_->Heartbeat({.generation = 1}).ok());
  server_->Shutdown(Deadline::In(std::chrono::seconds(1)));
  const Status status = client_->Heartbeat({.generation = 1}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  EXPECT_THAT(status.message(), HasSubstr(server_->address()));
}

TEST_F(RpcTest, ServerThatComesBackIsFoundAgain) {
  const std::string address = server_->address();
  server_.reset();
  EXPECT_FALSE(client_->Heartbeat({.generation = 1}).ok());
  auto again = CoordinatorServer::Start({.listen = address, .token = kToken}, &recorder_);
  ASSERT_TRUE(again.ok()) << again.status();
  server_ = *std::move(again);
  const Deadline deadline = Deadline::In(kLimit);
  while (!client_->Heartbeat({.generation = 1}).ok()) ASSERT_FALSE(deadline.Passed());
}

TEST_F(Rpc, SilentServerPassesTheDeadline) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in own = {};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(own);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&own), size), 0);
  ASSERT_EQ(::listen(fd, 8), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size), 0);
  const std::string address = "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
  const auto client = ConnectCoordinator(address, kToken, std::chrono::milliseconds(300));
  ASSERT_TRUE(client.ok()) << client.status();
  const Status status = (*client)->Register(SomeRegistration()).status();
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << status;
  EXPECT_THAT(status.message(), HasSubstr(address));
  EXPECT_THAT(status.message(), HasSubstr("300 ms"));
  ::close(fd);
}

TEST_F(Rpc, OpenAddressIsRefusedUnlessAskedFor) {
  Recorder recorder;
  const auto refused =
      CoordinatorServer::Start({.listen = "0.0.0.0:0", .token = kToken}, &recorder);
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.status().message(), HasSubstr("--insecure-listen"));
  const auto open = CoordinatorServer::Start(
      {.listen = "0.0.0.0:0", .token = kToken, .allow_open = true}, &recorder);
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_THAT((*open)->address(), ::testing::Not(HasSubstr("0.0.0.0")));
}

TEST_F(Rpc, TakenPortIsRefused) {
  Recorder recorder;
  const auto first = CoordinatorServer::Start({.token = kToken}, &recorder);
  ASSERT_TRUE(first.ok());
  const auto second =
      CoordinatorServer::Start({.listen = (*first)->address(), .token = kToken}, &recorder);
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(second.status().message(), HasSubstr((*first)->address()));
}

// A limit that is too small for gRPC's threads is told before the first of them starts.
TEST(RpcDeathTest, ThreadsThatCannotBeHadAreAFailureAndNoAbort) {
  SKIP_IF_SANITIZED();
  const auto ends = [](const std::function<Status()>& start) {
    EXPECT_EXIT(
        {
          AllowMoreMemory(4 * kThreadStackBytes);
          EndProcess(start());
        },
        ::testing::ExitedWithCode(71), HasSubstr("coordinator and ranks (gRPC) needs "));
  };
  Recorder recorder;
  ends([&] { return CoordinatorServer::Start({.token = kToken}, &recorder).status(); });
  ends([] { return ConnectCoordinator("127.0.0.1:7", kToken, kLimit).status(); });
}

TEST_F(Rpc, WeakTokensAreRefused) {
  Recorder recorder;
  for (const std::string& token :
       {std::string(), std::string("short"), std::string("0123456789 abcdef"),
        std::string("0123456789\nabcdef"), std::string(300, 'x')}) {
    EXPECT_FALSE(CoordinatorServer::Start({.token = token}, &recorder).ok());
    EXPECT_FALSE(ConnectCoordinator("127.0.0.1:1", token, kLimit).ok());
  }
}

}  // namespace
}  // namespace lockstep::comm

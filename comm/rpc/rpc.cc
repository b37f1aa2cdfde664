// SPDX-License-Identifier: Apache-2.0
// The one file that includes gRPC. Its own codes mean the call; a Status of ours travels in the
// reply.
#include "comm/rpc/rpc.h"

#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>
#include <lockstep.grpc.pb.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>

#include "base/format.h"
#include "base/log.h"
#include "base/process_limits.h"
#include "comm/rpc/network_address.h"
#include "comm/rpc/request_check.h"
#include "comm/rpc/wire.h"

namespace lockstep::comm {
namespace {

constexpr char kTokenKey[] = "lockstep-token";
constexpr int kMaxMessage = 1 << 20;      // bytes, both ways
constexpr int kMaxMetadata = 8 << 10;     // bytes
constexpr size_t kMaxMemory = 128 << 20;  // bytes the server's transport may hold
constexpr int kMaxThreads = 64;
constexpr size_t kMinToken = 16, kMaxToken = 256;

// Keepalive finds a machine that vanished without a word. The client pings; the server must allow
// that often, or it ends the connection with too_many_pings.
constexpr int kClientPingMs = 10'000;
constexpr int kServerPingMs = 20'000;
constexpr int kPingTimeoutMs = 10'000;
constexpr int kAllowedPingMs = 5'000;
constexpr int kHandshakeMs = 10'000;  // a connection that says nothing is closed

// What gRPC would write to standard error is of interest only to whoever asks for debug lines:
// every failure reaches us as a code.
void QuietGrpc() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function([](gpr_log_func_args* args) { LOG(kDebug) << "gRPC: " << args->message; });
  });
}

// gRPC aborts, or hangs for minutes, where one of its threads cannot be started, so whether they
// can is asked just before. Measured of 1.51, with 1 to 64 cores of the machine, whatever this
// process may use of them: 11 of a rank that serves, and a pool of a thread a core, from 2 to 32.
Status CheckThreads() {
  const int64_t cores = ::sysconf(_SC_NPROCESSORS_CONF);
  return CheckRoom(12 + static_cast<int>(std::clamp<int64_t>(cores, 2, 32)), 0,
                   "the connection between coordinator and ranks (gRPC)");
}

Status CheckToken(const std::string& token) {
  const bool printable =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (printable && token.size() >= kMinToken && token.size() <= kMaxToken) return OkStatus();
  return InvalidArgument("the token of a coordinator must be " + std::to_string(kMinToken) +
                         " to " + std::to_string(kMaxToken) +
                         " printable characters without spaces; this one has " +
                         std::to_string(token.size()) + " characters");
}

// Takes as long for a token that is wrong in its first character as in its last.
bool SameToken(std::string_view given, std::string_view expected) {
  unsigned difference = given.size() == expected.size() ? 0 : 1;
  for (size_t i = 0; i < expected.size(); ++i) {
    const char c = given.empty() ? '\0' : given[i % given.size()];
    difference |= static_cast<unsigned char>(c ^ expected[i]);
  }
  return difference == 0;
}

// Says once in a while that calls were refused, and how many. No Mutex here: abseil, which gRPC
// brings, has macros of the same names as base/mutex.h.
class RefusalLog {
 public:
  void Refused(const std::string& peer) {
    ++count_;
    const int64_t now = Clock::Real().Now().time_since_epoch() / std::chrono::seconds(1);
    int64_t quiet_until = quiet_until_.load();
    if (now < quiet_until || !quiet_until_.compare_exchange_strong(quiet_until, now + 10)) return;
    LOG(kWarning) << "refused " << count_.exchange(0)
                  << " call(s) without this job's token, the last from " << peer;
  }

 private:
  std::atomic<int64_t> count_ = 0;
  std::atomic<int64_t> quiet_until_ = std::numeric_limits<int64_t>::min();  // seconds
};

class Service final : public v1::Coordinator::Service {
 public:
  Service(std::string token, Coordinator* coordinator)
      : token_(std::move(token)), coordinator_(coordinator) {}

  grpc::Status Register(grpc::ServerContext* context, const v1::RegisterRequest* wire,
                        v1::RegisterReply* out) override {
    return Answer(context, *wire, out, [&](const RegisterRequest& request) -> Status {
      ASSIGN_OR_RETURN(const RegisterReply reply, coordinator_->Register(request));
      ToWire(reply, out);
      return OkStatus();
    });
  }

  grpc::Status Heartbeat(grpc::ServerContext* context, const v1::HeartbeatRequest* wire,
                         v1::HeartbeatReply* out) override {
    return Answer(context, *wire, out, [&](const HeartbeatRequest& request) -> Status {
      ASSIGN_OR_RETURN(const HeartbeatReply reply, coordinator_->Heartbeat(request));
      ToWire(reply.stop, out->mutable_stop());
      out->set_stop_wanted(reply.stop_wanted);
      return OkStatus();
    });
  }

  grpc::Status Commit(grpc::ServerContext* context, const v1::CommitRequest* wire,
                      v1::CommitReply* out) override {
    return Answer(context, *wire, out,
                  [&](const CommitRequest& request) { return coordinator_->Commit(request); });
  }

  grpc::Status Leave(grpc::ServerContext* context, const v1::LeaveRequest* wire,
                     v1::LeaveReply* out) override {
    return Answer(context, *wire, out,
                  [&](const LeaveRequest& request) { return coordinator_->Leave(request); });
  }

 private:
  template <typename WireRequest, typename WireReply, typename Call>
  grpc::Status Answer(grpc::ServerContext* context, const WireRequest& wire, WireReply* out,
                      const Call& call) {
    const auto& metadata = context->client_metadata();
    const auto token = metadata.find(kTokenKey);
    if (token == metadata.end() || metadata.count(kTokenKey) != 1 ||
        !SameToken({token->second.data(), token->second.size()}, token_)) {
      refusals_.Refused(context->peer());
      return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "not this job's token");
    }
    const auto request = FromWire(wire);
    Status status = CheckRequest(request);
    if (status.ok()) status = call(request);
    ToWire(status, out->mutable_status());
    return grpc::Status::OK;
  }

  const std::string token_;
  Coordinator* const coordinator_;
  RefusalLog refusals_;
};

std::chrono::system_clock::time_point SystemTime(Deadline deadline) {
  const Duration left = std::clamp<Duration>(deadline.when() - Clock::Real().Now(),
                                             Duration::zero(), std::chrono::hours(24));
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(left);
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

void Configure(grpc::ServerBuilder* builder) {
  grpc::ResourceQuota quota("lockstep");
  quota.Resize(kMaxMemory).SetMaxThreads(kMaxThreads);
  builder->SetResourceQuota(quota);
  builder->SetMaxReceiveMessageSize(kMaxMessage);
  builder->SetMaxSendMessageSize(kMaxMessage);
  builder->SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadata);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 16);
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port that is taken is a failure
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kServerPingMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kAllowedPingMs);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

grpc::ChannelArguments ClientArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessage);
  arguments.SetMaxSendMessageSize(kMaxMessage);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadata);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kClientPingMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // a login node's http_proxy is not for us
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);     // whoever calls decides
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return arguments;
}

class Client final : public Coordinator {
 public:
  Client(std::string address, std::string token, Duration limit)
      : address_(std::move(address)),
        token_(std::move(token)),
        limit_(limit),
        stub_(v1::Coordinator::NewStub(grpc::CreateCustomChannel(
            address_, grpc::InsecureChannelCredentials(), ClientArguments()))) {}

  Result<RegisterReply> Register(const RegisterRequest& request) override {
    v1::RegisterReply reply;
    RETURN_IF_ERROR((Call<v1::RegisterRequest>(&v1::Coordinator::Stub::Register, request, &reply)));
    return FromWire(reply);
  }

  Result<HeartbeatReply> Heartbeat(const HeartbeatRequest& request) override {
    v1::HeartbeatReply reply;
    RETURN_IF_ERROR(
        (Call<v1::HeartbeatRequest>(&v1::Coordinator::Stub::Heartbeat, request, &reply)));
    return HeartbeatReply{FromWire(reply.stop()), reply.stop_wanted()};
  }

  Status Commit(const CommitRequest& request) override {
    v1::CommitReply reply;
    return Call<v1::CommitRequest>(&v1::Coordinator::Stub::Commit, request, &reply);
  }

  Status Leave(const LeaveRequest& request) override {
    v1::LeaveReply reply;
    return Call<v1::LeaveRequest>(&v1::Coordinator::Stub::Leave, request, &reply);
  }

 private:
  template <typename WireRequest, typename WireReply>
  using Method = grpc::Status (v1::Coordinator::Stub::*)(grpc::ClientContext*, const WireRequest&,
                                                         WireReply*);

  template <typename WireRequest, typename Request, typename WireReply>
  Status Call(Method<WireRequest, WireReply> method, const Request& request, WireReply* reply) {
    WireRequest wire;
    ToWire(request, &wire);
    grpc::ClientContext context;
    context.set_deadline(SystemTime(Deadline::In(limit_)));
    context.AddMetadata(kTokenKey, token_);
    const grpc::Status status = (stub_.get()->*method)(&context, wire, reply);
    if (!status.ok()) return FailureOf(status);
    return FromWire(reply->status());
  }

  Status FailureOf(const grpc::Status& status) const {
    const std::string who = "the coordinator at " + Quoted(address_);
    const std::string reason = " (" + status.error_message() + ")";
    switch (status.error_code()) {
      case grpc::StatusCode::DEADLINE_EXCEEDED:
        return DeadlineExceeded(
            who + " did not answer within " +
            std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(limit_).count()) +
            " ms; look whether its process is stopped or its machine cannot be reached");
      case grpc::StatusCode::UNAUTHENTICATED:
        return PermissionDenied(who + " refused this job's token" + reason +
                                "; the coordinator was probably started again: use the file it "
                                "wrote last");
      case grpc::StatusCode::RESOURCE_EXHAUSTED:
        if (status.error_message().find("hread") != std::string::npos) break;  // no free threads
        return ResourceExhausted("a message to or from " + who + " is over its limit" + reason);
      case grpc::StatusCode::UNIMPLEMENTED:
        return FailedPrecondition(who + " does not know this call" + reason +
                                  "; start the same version of lockstep on both sides");
      default:
        break;
    }
    return Unavailable("cannot reach " + who + reason +
                       "; look whether it still runs, and whether its address is right and can be "
                       "reached from this machine");
  }

  const std::string address_;
  const std::string token_;
  const Duration limit_;
  const std::unique_ptr<v1::Coordinator::Stub> stub_;
};

}  // namespace

class CoordinatorServer::Impl {
 public:
  Impl(const std::string& token, Coordinator* coordinator) : service(token, coordinator) {}

  Service service;
  std::unique_ptr<grpc::Server> server;
};

CoordinatorServer::CoordinatorServer(std::unique_ptr<Impl> impl, std::string address)
    : impl_(std::move(impl)), address_(std::move(address)) {}

CoordinatorServer::~CoordinatorServer() { Shutdown(Deadline::In(Duration::zero())); }

void CoordinatorServer::Shutdown(Deadline deadline) {
  impl_->server->Shutdown(SystemTime(deadline));
}

Result<std::unique_ptr<CoordinatorServer>> CoordinatorServer::Start(
    const CoordinatorServerOptions& options, Coordinator* service) {
  QuietGrpc();
  RETURN_IF_ERROR(CheckToken(options.token));
  ASSIGN_OR_RETURN(NetworkAddress address, ParseNetworkAddress(options.listen));
  if (!address.IsLoopback() && !options.allow_open) {
    return InvalidArgument("the coordinator would listen on " + Quoted(options.listen) +
                           " in plaintext, where others can read along; listen on 127.0.0.1, or, "
                           "on a private network, add --insecure-listen");
  }
  RETURN_IF_ERROR(CheckThreads());
  auto impl = std::make_unique<Impl>(options.token, service);
  grpc::ServerBuilder builder;
  Configure(&builder);
  int port = 0;
  builder.AddListeningPort(address.ToString(), grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&impl->service);
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr || port == 0) {
    return Unavailable("cannot listen on " + Quoted(options.listen) +
                       "; look whether the port is taken by another process (ss -ltnp), and "
                       "whether this machine has that address; port 0 takes any free one");
  }
  address.port = port;
  if (address.IsAny()) address.host = HostName();
  return std::unique_ptr<CoordinatorServer>(
      new CoordinatorServer(std::move(impl), address.ToString()));
}

Result<std::unique_ptr<Coordinator>> ConnectCoordinator(const std::string& address,
                                                        const std::string& token,
                                                        Duration call_limit) {
  QuietGrpc();
  RETURN_IF_ERROR(CheckToken(token));
  ASSIGN_OR_RETURN(const NetworkAddress parsed, ParseNetworkAddress(address));
  if (parsed.port == 0) return InvalidArgument("the address " + Quoted(address) + " has no port");
  RETURN_IF_ERROR(CheckThreads());
  return std::unique_ptr<Coordinator>(new Client(parsed.ToString(), token, call_limit));
}

}  // namespace lockstep::comm

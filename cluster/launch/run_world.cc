// SPDX-License-Identifier: Apache-2.0
#include "cluster/launch/run_world.h"

#include <bitset>
#include <cstring>
#include <map>
#include <thread>

#include "base/cores.h"
#include "base/fault_point.h"
#include "base/process.h"
#include "comm/local/local_world.h"
#include "comm/reduce/agree.h"
#include "comm/rpc/coordinator_file.h"
#include "comm/standstill.h"
#include "coordinator/run/run_coordinator.h"

namespace lockstep::cluster {
namespace {

// A rank that is silent meanwhile is named long before.
constexpr auto kMeetingLimit = std::chrono::minutes(2);
constexpr auto kFinalizeLimit = std::chrono::seconds(30);
constexpr auto kGoodbyeLimit = std::chrono::seconds(3);
// mpirun ends all ranks soon after the first has gone: one that has nothing to say goes later.
constexpr auto kSpeakerFirst = std::chrono::seconds(1);

void CopyText(const std::string& text, char* out, size_t size) {
  std::strncpy(out, text.c_str(), size - 1);
}

bool IsLoopback(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("[::1]") ||
         address.starts_with("localhost:");
}

}  // namespace

struct RunWorld::Hosted {
  coordinator::RunCoordinator coordinator{coordinator::RunCoordinatorOptions{}};
  std::unique_ptr<comm::CoordinatorServer> server;  // null: nobody else calls
};

// What every process says of itself so that they find one another.
struct RunWorld::Meeting {
  char host[256] = {};
  char address[256] = {};  // of rank 0's coordinator
  char token[256] = {};
  std::bitset<1024> cores;  // that it may use; those with higher numbers do not show here
};

Result<std::unique_ptr<RunWorld>> RunWorld::Start(const WorldOptions& options) {
  std::unique_ptr<RunWorld> world(new RunWorld(options));
  const comm::Environment environment = comm::ProcessEnvironment();
  RETURN_IF_ERROR(comm::CheckLaunch(environment, std::nullopt, options.ranks));
  ASSIGN_OR_RETURN(world->launch_, comm::ReadLaunchEnvironment(environment));
  if (world->launch_.NeedsMpi()) {
    comm::MpiOptions mpi;
    mpi.ranks_option = options.ranks;
    mpi.presence = &world->presence_;
    if (world->launch_.rank) SetFaultProcessName(std::to_string(world->launch_.rank->value));
    FaultPoint("mpi.init");
    ASSIGN_OR_RETURN(world->mpi_, comm::MpiWorld::Start(mpi));
    world->communicators_.push_back(world->mpi_->communicator());
    SetFaultProcessName(std::to_string(world->mpi_->rank().value));
    world->SetPhase("reading the recipe");
    FaultPoint("mpi.started");
    return world;
  }
  const int32_t ranks = options.ranks.value_or(1);
  if (ranks < 1) {
    return InvalidArgument("--ranks " + std::to_string(ranks) + ": a run needs at least 1 rank");
  }
  world->local_ = std::make_unique<comm::LocalWorld>(ranks);
  for (int32_t r = 0; r < ranks; ++r) {
    world->communicators_.push_back(world->local_->MakeRank(Rank(r)));
  }
  SetFaultProcessName("0");
  return world;
}

RunWorld::RunWorld(WorldOptions options) : options_(std::move(options)) {}

RunWorld::~RunWorld() = default;

int32_t RunWorld::size() const { return communicators_.front()->size(); }

bool RunWorld::has_rank_zero() const { return communicators_.front()->rank() == Rank(0); }

int32_t RunWorld::ranks_here() const {
  return mpi_ == nullptr ? size() : launch_.local.value_or(size());
}

// A launcher that binds gives each rank cores of its own; a mask of all cores is shared.
int32_t RunWorld::ranks_on_cores() const {
  if (mpi_ == nullptr) return size();
  const bool bound = AvailableCores() < static_cast<int>(std::thread::hardware_concurrency());
  return bound ? 1 : ranks_here();
}

Status RunWorld::ToSay(const Status& failure) const {
  if (has_rank_zero()) {
    return comm::ExplainStandstill(failure, Pulse::OfProcess(), silence_limit_);
  }
  const std::string own = "rank " + std::to_string(communicators_.front()->rank().value) + ":";
  const bool says = failure.message().starts_with(own) && !own_failure_agreed_;
  if (says) return failure;
  std::this_thread::sleep_for(kSpeakerFirst);
  return Status(failure.code(), "");
}

void RunWorld::SetSilenceLimit(Duration limit) {
  silence_limit_ = limit;
  if (mpi_ != nullptr) mpi_->SetSilenceLimit(limit);
}

Status RunWorld::Agree(const Status& mine) {
  if (mpi_ == nullptr) return mine;
  own_failure_agreed_ = own_failure_agreed_ || !mine.ok();
  QueueStream stream("start");
  return comm::AgreeOnStatus(communicators_.front().get(), mine, &stream,
                             Deadline::In(kMeetingLimit));
}

Status RunWorld::StartCoordinator(Duration call_limit) {
  SetPhase("finding the coordinator");
  FaultPoint("world.meeting");
  if (!options_.coordinator_file.empty()) {
    const auto connect = [&]() -> Status {
      ASSIGN_OR_RETURN(const comm::CoordinatorFile file,
                       comm::ReadCoordinatorFile(options_.coordinator_file));
      ASSIGN_OR_RETURN(remote_, comm::ConnectCoordinator(file.address, file.token, call_limit));
      return OkStatus();
    };
    return Agree(connect());
  }
  if (has_rank_zero()) hosted_ = std::make_unique<Hosted>();
  if (mpi_ == nullptr || size() == 1) {
    hosts_ = {{HostName(), size(), AvailableCores()}};
    return OkStatus();
  }
  return Meet(call_limit);
}

Status RunWorld::StartHosted(Meeting* meeting) {
  comm::CoordinatorServerOptions options;
  options.listen = options_.listen;
  options.allow_open = options_.insecure_listen;
  ASSIGN_OR_RETURN(options.token, comm::MakeToken());
  ASSIGN_OR_RETURN(hosted_->server, comm::CoordinatorServer::Start(options, &hosted_->coordinator));
  CopyText(hosted_->server->address(), meeting->address, sizeof meeting->address);
  CopyText(options.token, meeting->token, sizeof meeting->token);
  return OkStatus();
}

Status RunWorld::Meet(Duration call_limit) {
  Meeting mine;
  CopyText(HostName(), mine.host, sizeof mine.host);
  for (const int core : AvailableCoreNumbers()) {
    if (core < static_cast<int>(mine.cores.size())) mine.cores.set(static_cast<size_t>(core));
  }
  const Status started = has_rank_zero() ? StartHosted(&mine) : OkStatus();
  RETURN_IF_ERROR(Agree(started));
  std::vector<Meeting> all(static_cast<size_t>(size()));
  {
    QueueStream stream("meeting");
    RETURN_IF_ERROR(
        communicators_.front()
            ->AllGather(&mine, sizeof mine, all.data(), &stream, Deadline::In(kMeetingLimit))
            ->Wait(Deadline::Never()));
  }
  NoteHosts(all);
  const std::string address = all.front().address;
  if (hosts_.size() > 1 && IsLoopback(address)) {
    return InvalidArgument("the ranks are on " + std::to_string(hosts_.size()) +
                           " machines, and the coordinator of rank 0 listens on " + address +
                           ", which only its own reaches; give it an address of a private network: "
                           "--coordinator-listen HOST:PORT --insecure-listen (port 0: any)");
  }
  if (has_rank_zero()) return OkStatus();
  ASSIGN_OR_RETURN(remote_, comm::ConnectCoordinator(address, all.front().token, call_limit));
  return OkStatus();
}

void RunWorld::NoteHosts(const std::vector<Meeting>& all) {
  std::map<std::string, std::bitset<1024>> cores;
  std::map<std::string, int32_t> ranks;
  for (const Meeting& one : all) {
    cores[one.host] |= one.cores;
    ++ranks[one.host];
  }
  hosts_.clear();
  for (const auto& [host, count] : ranks) {
    hosts_.push_back({host, count, static_cast<int32_t>(cores[host].count())});
  }
}

worker::TrainWorld RunWorld::ForTraining(const std::atomic<bool>* stop) {
  worker::TrainWorld world;
  for (const auto& communicator : communicators_) world.ranks.push_back(communicator.get());
  world.coordinator = remote_ != nullptr ? remote_.get() : &hosted_->coordinator;
  world.stop = stop;
  if (mpi_ != nullptr) world.presence = &presence_;
  return world;
}

void RunWorld::WaitForOthers() {
  if (hosted_ == nullptr || hosted_->server == nullptr || hosted_->coordinator.idle()) return;
  (void)hosted_->coordinator.WaitUntilEveryoneLeft(Deadline::In(kGoodbyeLimit));
}

Status RunWorld::Finish(int exit_code) {
  SetPhase("end");
  FaultPoint("world.finish");
  // All have said goodbye: nothing is under way that would be worth waiting for.
  if (hosted_ != nullptr && hosted_->server != nullptr) {
    hosted_->server->Shutdown(Deadline::In(Duration::zero()));
  }
  hosted_.reset();  // nothing is left to do after MPI's end
  if (mpi_ == nullptr) return OkStatus();
  return mpi_->Finalize(kFinalizeLimit, exit_code);
}

}  // namespace lockstep::cluster

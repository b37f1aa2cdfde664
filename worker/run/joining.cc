// SPDX-License-Identifier: Apache-2.0
#include "worker/run/joining.h"

#include "base/fault_point.h"
#include "storage/order/lane_shards.h"
#include "worker/config/seconds.h"
#include "worker/run/registration.h"

namespace lockstep::worker {
namespace {

// What the run directory's disk refused has a remedy that a person can choose.
Status WithPlaceRemedy(const Status& status) {
  const StatusCode code = status.code();
  if (code != StatusCode::kResourceExhausted && code != StatusCode::kPermissionDenied &&
      code != StatusCode::kIoError) {
    return status;
  }
  return Status(code, status.message() + "; mend that, or choose another place with --run");
}

// What the coordinator refuses it refuses all ranks alike, so rank 0 says it for them; that it does
// not answer may be this rank's alone.
Status SaidByRankZero(const Status& refused, const comm::Communicator& communicator) {
  const StatusCode code = refused.code();
  const bool own = code == StatusCode::kUnavailable || code == StatusCode::kDeadlineExceeded ||
                   code == StatusCode::kCancelled;
  return own || communicator.size() == 1 ? refused : refused.WithContext("rank 0");
}

}  // namespace

Result<std::unique_ptr<Membership>> MakeMembership(const TrainConfig& config, const RunSetup& setup,
                                                   const TrainWorld& world,
                                                   comm::Communicator* communicator) {
  ASSIGN_OR_RETURN(comm::RegisterRequest request, MakeRegistration(config, setup, *communicator));
  Membership::Options options;
  options.silence_limit = ToDuration(config.run.heartbeat_limit);
  options.presence = world.presence;
  options.stop = world.stop;
  options.on_stop = [communicator](const Status& why) { communicator->Abort(why); };
  return std::make_unique<Membership>(world.coordinator, std::move(request), std::move(options));
}

Result<comm::Assignment> JoinRun(const TrainWorld& world, const comm::Communicator& communicator,
                                 Range lanes, Membership* membership, TrainObserver* observer) {
  FaultPoint("train.join");
  const auto say = [observer](const std::string& note) {
    if (observer != nullptr) observer->OnNote(note);
  };
  const auto give_up = [&world] { return world.stop != nullptr && world.stop->load(); };
  Result<comm::Assignment> joined = membership->Join(say, give_up);
  if (!joined.ok()) return SaidByRankZero(WithPlaceRemedy(joined.status()), communicator);
  if (!(joined->lanes == lanes)) {
    return Internal("the coordinator gave this rank other lanes than the recipe's order does");
  }
  return joined;
}

// What a rank reads follows from the order; the coordinator deals it by the same function. Where
// the two disagree, they do not speak of the same data.
Status CheckShards(const RunSetup& setup, const comm::Assignment& assignment, Range lanes,
                   Epoch epoch) {
  const storage::EpochOrder order(setup.order, epoch);
  if (assignment.finished || storage::ShardsOfLanes(order, lanes) == assignment.shards) {
    return OkStatus();
  }
  return Internal(
      "the coordinator dealt this rank other shards than its lanes read; it is of another "
      "version: use the same program everywhere");
}

}  // namespace lockstep::worker

// SPDX-License-Identifier: Apache-2.0
#include "worker/run/train.h"

#include "base/device/queue_stream.h"
#include "base/thread.h"
#include "comm/reduce/agree.h"
#include "worker/device/make_device.h"
#include "worker/model/setup_warnings.h"
#include "worker/report/run_directory.h"
#include "worker/run/rank_trainer.h"

namespace lockstep::worker {
namespace {

// Whether the run's device trains.
Status CheckDevice(const TrainConfig& config) {
  if (config.run.device != kEmulatedDevice) return OkStatus();
  return InvalidArgument(
      "run.device is \"emulated\", which evaluates models (`lockstep eval`) and does not train; "
      "train with \"cpu\"");
}

constexpr auto kStartLimit = std::chrono::minutes(10);

// The failure that tells most: the first that is not merely a peer's.
Status MostTelling(const std::vector<Status>& statuses) {
  Status first;
  for (const Status& status : statuses) {
    if (status.ok()) continue;
    if (status.code() != StatusCode::kCancelled && status.code() != StatusCode::kUnavailable) {
      return status;
    }
    if (first.ok()) first = status;
  }
  return first;
}

// Everything that can be foreseen fails before the run directory is touched, and on all ranks.
Result<RunSetup> SetUpTogether(const TrainConfig& config, const TrainWorld& world) {
  comm::Communicator* first = world.ranks.front();
  std::atomic<const char*>* const phase = world.presence ? &world.presence->phase : nullptr;
  const Watch watch{world.stop, phase};
  const Status device = CheckDevice(config);
  Result<RunSetup> setup = device.ok() ? SetUp(config, watch) : Result<RunSetup>(device);
  Status status = setup.status();
  if (status.ok()) {
    status = CheckFits(PlannedMemory(config, *setup), setup->device->spec().memory_bytes);
  }
  if (status.ok()) status = CheckRoomFor(config, *setup, static_cast<int>(world.ranks.size()));
  if (status.ok() && first->rank() == Rank(0)) status = RunDirectory::Check(config);
  if (status.ok()) status = watch.KeepGoing();
  if (status.code() == StatusCode::kCancelled) status = StoppedBeforeTheRun();
  if (first->size() > static_cast<int32_t>(world.ranks.size())) {
    watch.Enter("waiting for the other ranks' setup");
    QueueStream stream("start");
    status = comm::AgreeOnStatus(first, status, &stream, Deadline::In(kStartLimit));
  }
  RETURN_IF_ERROR(status);
  watch.Enter("preparing");
  return setup;
}

}  // namespace

Result<TrainSummary> Train(const TrainConfig& config, const TrainWorld& world,
                           TrainObserver* observer) {
  ASSIGN_OR_RETURN(const RunSetup setup, SetUpTogether(config, world));
  if (observer != nullptr && world.ranks.front()->rank() == Rank(0)) {
    for (const std::string& warning : SetupWarnings(config, setup)) {
      observer->OnNote("warning: " + warning);
    }
  }
  std::vector<Status> statuses(world.ranks.size());
  TrainSummary summary;
  std::vector<Thread> threads;
  for (size_t i = 0; i < world.ranks.size(); ++i) {
    threads.emplace_back("of a rank", [&, i, communicator = world.ranks[i]] {
      const bool tells = communicator->rank() == Rank(0);
      RankTrainer trainer(&config, &setup, communicator, &world, tells ? observer : nullptr);
      statuses[i] = trainer.Run();
      if (i == 0) summary = trainer.summary();
    });
  }
  for (Thread& thread : threads) thread.Join();
  if (world.summary != nullptr) *world.summary = summary;
  RETURN_IF_ERROR(MostTelling(statuses));
  return summary;
}

}  // namespace lockstep::worker

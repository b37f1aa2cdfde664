// SPDX-License-Identifier: Apache-2.0
#include "worker/trainer/train.h"

#include <thread>

#include "comm/local/local_world.h"
#include "worker/report/run_directory.h"
#include "worker/trainer/rank_trainer.h"

namespace lockstep::worker {
namespace {

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

// Runs the ranks as threads; returns rank 0's summary and the failure, if any.
Status RunRanks(const TrainConfig& config, const RunSetup& setup, RunDirectory* directory,
                TrainObserver* observer, TrainSummary* summary) {
  const int32_t ranks = config.run.ranks;
  comm::LocalWorld world(ranks);
  std::vector<Status> statuses(static_cast<size_t>(ranks));
  // Made here: the world is not for several threads.
  std::vector<std::unique_ptr<comm::Communicator>> communicators;
  for (int32_t r = 0; r < ranks; ++r) communicators.push_back(world.MakeRank(Rank(r)));
  std::vector<std::thread> threads;
  for (int32_t r = 0; r < ranks; ++r) {
    threads.emplace_back([&, r, communicator = communicators[static_cast<size_t>(r)].get()] {
      RankTrainer trainer(&config, &setup, communicator, r == 0 ? directory : nullptr,
                          r == 0 ? observer : nullptr);
      Status& status = statuses[static_cast<size_t>(r)];
      status = trainer.Run();
      if (!status.ok()) communicator->Abort(status);
      if (r == 0) *summary = trainer.summary();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return MostTelling(statuses);
}

}  // namespace

Result<TrainSummary> Train(const TrainConfig& config, TrainObserver* observer) {
  // Everything that can be foreseen fails before the run directory is touched.
  ASSIGN_OR_RETURN(const RunSetup setup, SetUp(config));
  RETURN_IF_ERROR(CheckFits(PlannedMemory(config, setup), setup.device->spec().memory_bytes));
  ASSIGN_OR_RETURN(std::unique_ptr<RunDirectory> directory, RunDirectory::Create(config));
  TrainSummary summary;
  Status status = RunRanks(config, setup, directory.get(), observer, &summary);
  if (status.ok()) status = directory->Flush();
  if (!status.ok()) {
    summary.status = "failed";
    summary.error = status.ToString();
  }
  const Status written = directory->WriteSummary(summary);
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(written);
  return summary;
}

}  // namespace lockstep::worker

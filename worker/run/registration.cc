// SPDX-License-Identifier: Apache-2.0
#include "worker/run/registration.h"

#include <filesystem>

#include "base/process.h"
#include "worker/device/build_id.h"
#include "worker/measure/fingerprint.h"

namespace lockstep::worker {

Result<comm::RegisterRequest> MakeRegistration(const TrainConfig& config, const RunSetup& setup,
                                               const comm::Communicator& communicator) {
  comm::RegisterRequest request;
  request.member.rank = communicator.rank();
  request.member.world_size = communicator.size();
  const ProcessIdentity self = OwnProcess();
  request.member.host = self.host;
  request.member.pid = self.pid;
  request.member.boot_id = self.boot_id;
  request.member.pid_namespace = self.pid_namespace;
  request.member.process_start = self.start;
  ASSIGN_OR_RETURN(request.member.build, BuildId());
  ASSIGN_OR_RETURN(request.member.hardware, HardwareKind(setup.device->spec()));
  ASSIGN_OR_RETURN(request.member.fingerprint, Fingerprint(setup.device->spec()));
  comm::RunInfo& run = request.run;
  std::error_code error;
  run.run_directory = std::filesystem::absolute(config.run.directory, error).lexically_normal();
  run.fixed_keys = FixedKeysOf(config, setup.kernels);
  run.branch_keys = config.branch_keys;
  run.unlisted_keys = config.unlisted_keys;
  run.recipe_hash = config.recipe_hash;
  run.dataset_digest = setup.dataset->info().digest;
  run.samples = setup.order.samples;
  run.shard_size = setup.order.shard_size;
  run.window_shards = setup.order.window_shards;
  run.lane_batch = setup.order.lane_batch;
  run.lanes = setup.order.lanes;
  run.seed = setup.order.seed;
  run.total_steps = setup.total_steps;
  run.takeover = config.run.takeover;
  run.overwrite = config.run.overwrite;
  run.new_bits = config.run.new_bits;
  run.heartbeat_limit = config.run.heartbeat_limit;
  return request;
}

}  // namespace lockstep::worker

// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/rank_group.h"

#include <unistd.h>

#include <climits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "cluster/console/console.h"
#include "cluster/scaling/child_process.h"
#include "comm/local/rank_threads.h"
#include "comm/mpi/mpi_world.h"
#include "comm/rendezvous/launch_environment.h"
#include "storage/json/hashed_json.h"

namespace lockstep::cluster {
namespace {

constexpr auto kFinalizeLimit = std::chrono::seconds(30);

std::string SpecToJson(const GroupSpec& spec) {
  const nlohmann::json json = {{"model", spec.model},
                               {"dataset", spec.dataset},
                               {"lanes", spec.lanes},
                               {"lane_batch", spec.lane_batch},
                               {"threads", spec.threads},
                               {"cores", spec.cores},
                               {"kernels", spec.kernels},
                               {"optimizer", spec.optimizer},
                               {"learning_rate", std::vector<double>{spec.learning_rate}},
                               {"seed", Hex64(spec.seed)},
                               {"steps", spec.steps},
                               {"warmup", spec.warmup},
                               {"checkpoints", spec.checkpoints},
                               {"folder", spec.folder}};
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<GroupSpec> SpecFromJson(const std::string& text) {
  ASSIGN_OR_RETURN(const nlohmann::json json, storage::ParseJson(text));
  Status problem;
  const storage::JsonObject j(json, &problem);
  GroupSpec spec;
  spec.model = j.Text("model");
  spec.dataset = j.Text("dataset");
  spec.lanes = j.Integer32("lanes");
  spec.lane_batch = j.Integer("lane_batch");
  spec.threads = j.Integer32("threads");
  spec.cores = j.Integer32("cores");
  spec.kernels = j.Text("kernels");
  spec.optimizer = j.Text("optimizer");
  const std::vector<double> rate = j.Numbers("learning_rate");
  spec.seed = j.Hex64("seed");
  spec.steps = j.Integer("steps");
  spec.warmup = j.Integer("warmup");
  spec.checkpoints = j.Integer("checkpoints");
  spec.folder = j.Text("folder");
  RETURN_IF_ERROR(problem);
  if (rate.size() != 1 || spec.lanes < 1 || spec.lane_batch < 1 || spec.threads < 1 ||
      spec.cores < 1 || spec.steps < 1) {
    return DataLoss("a number is below 1, or 'learning_rate' is not one number");
  }
  spec.learning_rate = rate.front();
  return spec;
}

Result<GroupMeasurement> RunThreads(const GroupSpec& spec, int32_t ranks) {
  std::vector<std::optional<Result<GroupMeasurement>>> results(static_cast<size_t>(ranks));
  comm::RunRanks(ranks, [&](comm::Communicator* communicator, Stream*) {
    results[static_cast<size_t>(communicator->rank().value)].emplace(
        MeasureGroup(spec, communicator));
  });
  for (const auto& result : results) {
    if (!(*result).ok()) return (*result).status();
  }
  return *std::move(results.front());
}

Result<std::string> OwnProgram() {
  char path[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
  if (n <= 0 || n == sizeof path) return Internal("the path of this program cannot be read");
  return std::string(path, static_cast<size_t>(n));
}

}  // namespace

Result<GroupMeasurement> RunGroup(const GroupSpec& spec, int32_t ranks, const GroupLaunch& launch) {
  if (launch.command == kThreads) return RunThreads(spec, ranks);
  const std::string base =
      spec.folder + "/group-" + std::to_string(ranks) + "-" + std::to_string(spec.lanes);
  const std::string spec_file = base + ".spec.json", result_file = base + ".result.json";
  RETURN_IF_ERROR(WriteFileAtomic(spec_file, SpecToJson(spec)));
  RETURN_IF_ERROR(RemoveFileIfExists(result_file));
  std::string program = launch.program;
  if (program.empty()) {
    ASSIGN_OR_RETURN(program, OwnProgram());
  }
  ChildProgram child;
  child.words = LaunchWords(launch.command, ranks);
  for (const std::string& word :
       {program, std::string("bench"), std::string("scaling-rank"), std::string("--spec"),
        spec_file, std::string("--json"), result_file}) {
    child.words.push_back(word);
  }
  child.log = base + ".log";
  child.limit = launch.limit;
  child.stop = launch.stop;
  const Status ended = RunToEnd(child);
  if (ended.code() == StatusCode::kNotFound) {
    return NotFound(ended.message() +
                    "; install Open MPI (openmpi-bin), name another launcher with --launch, or "
                    "take the threads of one process: --launch threads");
  }
  if (!ended.ok()) return ended.WithContext("a group of " + CountText(ranks, "rank"));
  ASSIGN_OR_RETURN(const std::string text, ReadFile(result_file));
  Result<GroupMeasurement> measured = GroupFromJson(text);
  if (!measured.ok()) return measured.status().WithContext("'" + result_file + "'");
  if (measured->ranks != ranks) {
    return FailedPrecondition("'" + launch.command + "' started " +
                              std::to_string(measured->ranks) +
                              " ranks that know of one another, "
                              "not " +
                              std::to_string(ranks) + "; it must pass {ranks} on");
  }
  return measured;
}

Status RunGroupProcess(const std::string& spec_file, const std::string& result_file) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(spec_file));
  const Result<GroupSpec> spec = SpecFromJson(text);
  if (!spec.ok()) return spec.status().WithContext("'" + spec_file + "'");
  const comm::Environment environment = comm::ProcessEnvironment();
  RETURN_IF_ERROR(comm::CheckLaunch(environment, std::nullopt, std::nullopt));
  ASSIGN_OR_RETURN(const comm::LaunchEnvironment launch, comm::ReadLaunchEnvironment(environment));
  if (!launch.NeedsMpi()) {
    ASSIGN_OR_RETURN(const GroupMeasurement measured, RunThreads(*spec, 1));
    return WriteFileAtomic(result_file, GroupToJson(measured));
  }
  ASSIGN_OR_RETURN(const auto world, comm::MpiWorld::Start({}));
  {
    const std::unique_ptr<comm::Communicator> communicator = world->communicator();
    ASSIGN_OR_RETURN(const GroupMeasurement measured, MeasureGroup(*spec, communicator.get()));
    if (world->rank() == Rank(0)) {
      RETURN_IF_ERROR(WriteFileAtomic(result_file, GroupToJson(measured)));
    }
  }
  return world->Finalize(kFinalizeLimit, 0);
}

}  // namespace lockstep::cluster

// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/slurm_job.h"

#include <algorithm>
#include <charconv>

namespace lockstep::cluster {
namespace {

bool IsNumber(const std::string& text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<int64_t> Number(const comm::Environment& environment, const char* name) {
  const std::optional<std::string> text = environment(name);
  if (!text || !IsNumber(*text)) return std::nullopt;
  int64_t number = 0;
  std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

int32_t Count(const comm::Environment& environment, const char* name, int32_t otherwise) {
  const std::optional<int64_t> number = Number(environment, name);
  return number && *number <= 1'000'000'000 ? static_cast<int32_t>(*number) : otherwise;
}

}  // namespace

std::optional<SlurmJob> ReadSlurmJob(const comm::Environment& environment) {
  SlurmJob job;
  job.id = environment("SLURM_JOB_ID").value_or("");
  if (!IsNumber(job.id)) return std::nullopt;
  job.name = job.id;
  const std::string array = environment("SLURM_ARRAY_JOB_ID").value_or("");
  const std::string task = environment("SLURM_ARRAY_TASK_ID").value_or("");
  job.in_array = IsNumber(array) && IsNumber(task);
  if (job.in_array) job.name = array + "_" + task;
  job.nodes = Count(environment, "SLURM_JOB_NUM_NODES", 1);
  job.node_list = environment("SLURM_JOB_NODELIST").value_or("");
  job.tasks = Count(environment, "SLURM_NTASKS", Count(environment, "SLURM_NPROCS", 1));
  job.restarts = Count(environment, "SLURM_RESTART_COUNT", 0);
  job.end_time = Number(environment, "SLURM_JOB_END_TIME");
  job.cpu_bind = environment("SLURM_CPU_BIND").value_or("");
  job.gpus_per_task = environment("SLURM_GPUS_PER_TASK").value_or("");
  return job;
}

}  // namespace lockstep::cluster

// SPDX-License-Identifier: Apache-2.0
#include "cluster/doctor/doctor.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/cores.h"
#include "base/file.h"
#include "base/process.h"
#include "base/watch.h"
#include "cluster/doctor/checks.h"
#include "worker/device/host_spec.h"
#include "worker/model/memory_report.h"

namespace lockstep::cluster {
namespace {

const char* Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarning:
      return "warning";
    case Verdict::kProblem:
      break;
  }
  return "problem";
}

void Append(const Findings& more, Findings* to) { to->insert(to->end(), more.begin(), more.end()); }

Findings CheckAll(const DoctorOptions& options, int cores) {
  std::error_code error;
  const bool infiniband = std::filesystem::exists(options.root + "/sys/class/infiniband", error);
  const int online = static_cast<int>(std::thread::hardware_concurrency());
  Findings all = {Ok("version", std::string("lockstep ") + LOCKSTEP_VERSION + " on " + HostName())};
  Append(CheckCpu(options.root, cores), &all);
  Append(CheckMemory(options.root), &all);
  Append(CheckMpi(options.environment, cores, online), &all);
  Append(CheckThreadVariables(options.environment, cores), &all);
  Append(CheckLibraryVariables(options.environment), &all);
  Append(CheckRunDirectory(options.run), &all);
  all.push_back(CheckSharedMemory());
  all.push_back(CheckRoomHere(cores));
  Append(CheckLimits(OwnResourceLimits(), infiniband), &all);
  Append(CheckClock(options.root), &all);
  return all;
}

Finding FindingOf(const worker::Ceilings& ceilings) {
  char text[200];
  std::snprintf(text, sizeof text,
                "%.1f GFLOP/s (%s, 1 thread %.1f), %.1f GB/s from memory (1 thread %.1f), %d "
                "threads",
                ceilings.gflops, ceilings.loop.c_str(), ceilings.gflops_one_thread,
                ceilings.gbytes_per_second, ceilings.gbytes_per_second_one_thread,
                ceilings.threads);
  return Ok("ceilings", text);
}

// Adds what was measured or why nothing was; empty where nothing was.
std::optional<worker::Ceilings> CheckCeilings(const DoctorOptions& options, int cores,
                                              Findings* findings) {
  if (!options.measure) return std::nullopt;
  const std::optional<int64_t> usable = UsableMemory(options.root);
  const int64_t needed = worker::BandwidthBytes();
  if (usable.has_value() && *usable < needed) {
    findings->push_back(Warning("ceilings",
                                "not measured: that takes " + worker::BytesText(needed) +
                                    " of memory and " + worker::BytesText(*usable) + " can be had",
                                "end what takes the memory, or ask for more; --no-measure leaves "
                                "the ceilings out"));
    return std::nullopt;
  }
  const Result<worker::Ceilings> ceilings = options.measure_ceilings(cores);
  if (!ceilings.ok()) {
    findings->push_back(Warning("ceilings", "not measured: " + ceilings.status().message(),
                                "do what the message says and run it again; --no-measure leaves "
                                "the ceilings out"));
    return std::nullopt;
  }
  findings->push_back(FindingOf(*ceilings));
  return *ceilings;
}

Status WriteSpec(const std::optional<worker::Ceilings>& ceilings, const std::string& path) {
  if (!ceilings.has_value()) {
    return FailedPrecondition("'" + path +
                              "' is not written: it is to hold measured ceilings, and the finding "
                              "'ceilings' says why there are none and what to do");
  }
  ASSIGN_OR_RETURN(DeviceSpec spec, worker::HostCpuSpec("native", /*threads=*/1));
  spec.cores = ceilings->threads;
  spec.gflops = ceilings->gflops;
  spec.gbytes_per_second = ceilings->gbytes_per_second;
  return WriteFileAtomic(path, spec.ToText());
}

void PrintText(const Findings& findings, std::ostream& out) {
  for (const Finding& finding : findings) {
    char head[64];
    std::snprintf(head, sizeof head, "%-8s %-17s ", Name(finding.verdict), finding.topic.c_str());
    out << head << finding.text << "\n";
    if (!finding.remedy.empty()) out << "         -> " << finding.remedy << "\n";
  }
}

void PrintJson(const Findings& findings, const std::optional<worker::Ceilings>& ceilings,
               std::ostream& out) {
  nlohmann::ordered_json json = {{"version", LOCKSTEP_VERSION},
                                 {"findings", nlohmann::ordered_json::array()}};
  for (const Finding& finding : findings) {
    json["findings"].push_back({{"topic", finding.topic},
                                {"verdict", Name(finding.verdict)},
                                {"text", finding.text},
                                {"remedy", finding.remedy}});
  }
  if (ceilings.has_value()) {
    json["ceilings"] = {{"threads", ceilings->threads},
                        {"loop", ceilings->loop},
                        {"gflops", ceilings->gflops},
                        {"gflops_one_thread", ceilings->gflops_one_thread},
                        {"gbytes_per_second", ceilings->gbytes_per_second},
                        {"gbytes_per_second_one_thread", ceilings->gbytes_per_second_one_thread}};
  }
  out << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

// Failed-precondition naming the problems; OK where there are none.
Status StatusOf(const Findings& findings) {
  std::string problems;
  for (const Finding& finding : findings) {
    if (finding.verdict != Verdict::kProblem) continue;
    problems += (problems.empty() ? "" : ", ") + finding.topic;
  }
  if (problems.empty()) return OkStatus();
  return FailedPrecondition("training will not work here as it is; problems: " + problems +
                            "; their remedies stand above");
}

}  // namespace

Status RunDoctor(const DoctorOptions& options, Console* console) {
  if (!options.measure && !options.write_spec.empty()) {
    return InvalidArgument(
        "--write-spec writes measured ceilings, and --no-measure measures none; leave one out");
  }
  const int cores = AvailableCores();
  Findings findings = CheckAll(options, cores);
  RETURN_IF_ERROR(CheckStop(console->stop));
  const std::optional<worker::Ceilings> ceilings = CheckCeilings(options, cores, &findings);
  RETURN_IF_ERROR(CheckStop(console->stop));
  if (options.json) {
    PrintJson(findings, ceilings, console->out);
  } else {
    PrintText(findings, console->out);
  }
  if (!options.write_spec.empty()) RETURN_IF_ERROR(WriteSpec(ceilings, options.write_spec));
  return StatusOf(findings);
}

}  // namespace lockstep::cluster

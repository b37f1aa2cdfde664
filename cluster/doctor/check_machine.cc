// SPDX-License-Identifier: Apache-2.0
// CPU, memory and clock.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>

#include "base/cgroup.h"
#include "base/device/cpu_isa.h"
#include "base/process.h"
#include "cluster/doctor/checks.h"
#include "worker/model/memory_report.h"

namespace lockstep::cluster {
namespace {

using worker::BytesText;

constexpr int64_t kLittleMemory = int64_t{1} << 30;

// "name : value" lines, the first of each name, with tabs and spaces around both removed.
std::map<std::string, std::string> ReadPairs(const std::string& path) {
  const auto trimmed = [](const std::string& text) {
    const size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
    return first == std::string::npos ? "" : text.substr(first, last - first + 1);
  };
  std::map<std::string, std::string> pairs;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    pairs.try_emplace(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return pairs;
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// "L1 Data 32K, L2 Unified 512K, ..." of the first core.
std::string CachesText(const std::string& root) {
  std::string text;
  for (int i = 0; i < 8; ++i) {
    const std::string folder =
        root + "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(i) + "/";
    const std::string level = FirstLine(folder + "level");
    if (level.empty()) continue;
    text += (text.empty() ? "L" : ", L") + level + " " + FirstLine(folder + "type") + " " +
            FirstLine(folder + "size");
  }
  return text.empty() ? "not known" : text;
}

std::string CoresText(double cores) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", cores);
  return text;
}

// The KiB of an entry of /proc/meminfo, "123 kB".
int64_t KibOf(const std::map<std::string, std::string>& pairs, const std::string& name) {
  const auto at = pairs.find(name);
  return at == pairs.end() ? 0 : 1024 * std::atoll(at->second.c_str());
}

}  // namespace

Findings CheckCpu(const std::string& root, int cores) {
  Findings findings;
  auto cpu = ReadPairs(root + "/proc/cpuinfo");
  const std::string model = cpu["model name"].empty() ? "unknown model" : cpu["model name"];
  findings.push_back(Ok("cpu", model + " (family " + cpu["cpu family"] + ", model " + cpu["model"] +
                                   "), widest instructions " + std::string(NameOf(HostCpuIsa())) +
                                   "; caches " + CachesText(root)));
  const double quota = ReadCgroupLimits(root).cores;
  const std::string mask = std::to_string(cores) + " in the affinity mask";
  if (quota > 0 && quota < cores) {
    const int whole = std::max(1, static_cast<int>(quota));
    findings.push_back(Warning(
        "cores", mask + ", but the control group allows the time of " + CoresText(quota),
        "threads beyond the limit are stopped in turns: set run.cores = " + std::to_string(whole) +
            ", or have the limit raised"));
  } else {
    findings.push_back(
        Ok("cores", mask + (quota > 0 ? ", control group allows the time of " + CoresText(quota)
                                      : ", no limit of a control group")));
  }
  return findings;
}

Findings CheckMemory(const std::string& root) {
  const auto memory = ReadPairs(root + "/proc/meminfo");
  const int64_t total = KibOf(memory, "MemTotal"), available = KibOf(memory, "MemAvailable");
  const int64_t limit = ReadCgroupLimits(root).memory_bytes;
  std::string text = BytesText(available) + " available of " + BytesText(total);
  if (limit > 0) text += ", control group allows " + BytesText(limit);
  if (UsableMemory(root).value_or(0) < kLittleMemory) {
    return {Warning("memory", text,
                    "`lockstep explain RECIPE` says what a run needs; end what takes the memory, "
                    "or ask for more")};
  }
  return {Ok("memory", text)};
}

std::optional<int64_t> UsableMemory(const std::string& root) {
  const auto memory = ReadPairs(root + "/proc/meminfo");
  if (!memory.contains("MemAvailable")) return std::nullopt;
  const int64_t available = KibOf(memory, "MemAvailable");
  const int64_t limit = ReadCgroupLimits(root).memory_bytes;
  return limit > 0 ? std::min(limit, available) : available;
}

Findings CheckClock(const std::string& root) {
  const std::string source =
      FirstLine(root + "/sys/devices/system/clocksource/clocksource0/current_clocksource");
  const std::string text =
      UtcTimeText() + ", clock source " + (source.empty() ? "not known" : source);
  for (const char* slow : {"hpet", "acpi_pm", "jiffies", "refined-jiffies"}) {
    if (source == slow) {
      return {Warning("clock", text,
                      "reading this clock is slow, which shows in measurements; the kernel's log "
                      "says why tsc is not used")};
    }
  }
  return {Ok("clock", text)};
}

}  // namespace lockstep::cluster

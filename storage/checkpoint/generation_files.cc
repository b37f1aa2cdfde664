// SPDX-License-Identifier: Apache-2.0
#include "storage/checkpoint/generation_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <limits>

#include "storage/env/disk_faults.h"
#include "storage/env/files.h"
#include "storage/json/hashed_json.h"

namespace lockstep::storage {
namespace {

constexpr char kFormat[] = "lockstep-generation";
constexpr int64_t kVersion = 1;
constexpr HashedFormat kHashedFormat = {kFormat, kVersion, "Use the program that made it"};
constexpr int64_t kMostBytes = int64_t{16} << 20;
constexpr size_t kAliveBytes = 20;  // and a newline

Result<GenerationInfo> FromJson(const JsonObject& j) {
  GenerationInfo info;
  info.number = j.Integer("generation");
  info.host = j.Text("host");
  info.boot_id = j.Text("boot_id");
  info.pid_namespace = j.Text("pid_namespace");
  info.pid = j.Integer("pid");
  info.process_start = j.Text("process_start");
  info.job = j.Text("job");
  info.time = j.Text("time");
  info.recipe_hash = j.Hex64("recipe_hash");
  info.fixed_keys = j.Text("fixed_keys");
  info.branch_keys = j.Text("branch_keys");
  const int64_t branch = j.Integer("branch");
  if (branch < 1 || branch > std::numeric_limits<int32_t>::max()) {
    return DataLoss("'branch' is " + std::to_string(branch) + "; branches count from 1");
  }
  info.branch = static_cast<int32_t>(branch);
  info.parent = j.Text("parent");
  info.parent_digest = j.Hex64("parent_digest");
  info.overwrite = j.Bool("overwrite");
  if (info.host.empty()) return DataLoss("'host' is empty");
  return info;
}

}  // namespace

std::string GenerationName(int64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 6) digits.insert(0, 6 - digits.size(), '0');
  return "g" + digits;
}

std::optional<int64_t> ParseGenerationName(std::string_view name) {
  if (!name.starts_with('g')) return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  if (error != std::errc() || number < 1 || GenerationName(number) != name) return std::nullopt;
  return number;
}

std::string EncodeGeneration(const GenerationInfo& info) {
  return HashedText({{"format", kFormat},
                     {"version", kVersion},
                     {"generation", info.number},
                     {"host", info.host},
                     {"boot_id", info.boot_id},
                     {"pid_namespace", info.pid_namespace},
                     {"pid", info.pid},
                     {"process_start", info.process_start},
                     {"job", info.job},
                     {"time", info.time},
                     {"recipe_hash", Hex64(info.recipe_hash)},
                     {"fixed_keys", info.fixed_keys},
                     {"branch_keys", info.branch_keys},
                     {"branch", info.branch},
                     {"parent", info.parent},
                     {"parent_digest", Hex64(info.parent_digest)},
                     {"overwrite", info.overwrite}});
}

Result<GenerationInfo> DecodeGeneration(std::string_view text) {
  return DecodeHashed<GenerationInfo>(text, kHashedFormat, FromJson, EncodeGeneration);
}

std::string GenerationsFolder(const std::string& run_directory) {
  return run_directory + "/generations";
}

std::string GenerationPath(const std::string& run_directory, int64_t number) {
  return GenerationsFolder(run_directory) + "/" + GenerationName(number);
}

std::string AlivePath(const std::string& run_directory, int64_t number) {
  return GenerationPath(run_directory, number) + ".alive";
}

Result<std::vector<int64_t>> GenerationNumbers(const std::string& run_directory) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names,
                   RetryDiskFaults([&] { return ListDir(GenerationsFolder(run_directory)); }));
  std::vector<int64_t> numbers;
  for (const std::string& name : names) {
    if (const auto number = ParseGenerationName(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<GenerationInfo> ReadGeneration(const std::string& run_directory, int64_t number) {
  const std::string path = GenerationPath(run_directory, number);
  ASSIGN_OR_RETURN(const std::string text,
                   RetryDiskFaults([&] { return ReadRegularFile(path, kMostBytes); }));
  Result<GenerationInfo> info = DecodeGeneration(text);
  if (!info.ok()) {
    const bool damaged = info.status().code() == StatusCode::kDataLoss;
    return info.status().WithContext("'" + path + (damaged ? "' is damaged" : "'"));
  }
  if (info->number != number) {
    return DataLoss("'" + path + "' is of generation " + std::to_string(info->number) +
                    ", expected " + std::to_string(number));
  }
  return info;
}

Result<std::vector<GenerationInfo>> ListGenerations(const std::string& run_directory,
                                                    std::vector<std::string>* problems) {
  const auto numbers = GenerationNumbers(run_directory);
  std::vector<GenerationInfo> generations;
  if (numbers.status().code() == StatusCode::kNotFound) return generations;
  if (!numbers.ok()) return numbers.status();
  for (const int64_t number : *numbers) {
    const auto info = ReadGeneration(run_directory, number);
    if (!info.ok() && problems != nullptr) problems->push_back(info.status().message());
    generations.push_back(info.ok() ? *info : GenerationInfo{.number = number});
  }
  return generations;
}

ProcessIdentity HolderOf(const GenerationInfo& info) {
  return {info.host, info.boot_id, info.pid_namespace, info.pid, info.process_start};
}

std::string DescribeProcess(const GenerationInfo& info) {
  if (info.host.empty()) return "a process that its damaged file does not name";
  return "process " + std::to_string(info.pid) + " on " + info.host +
         (info.job.empty() ? "" : " (job " + info.job + ")");
}

std::string DescribeHolder(const std::string& run_directory, const GenerationInfo& info) {
  const auto alive = ReadAlive(run_directory, info.number);
  if (alive.ok() && *alive == kEnded) return "ended";
  const ProcessIdentity holder = HolderOf(info);
  if (IsCertainlyGone(holder)) return "gone";
  const ProcessIdentity own = OwnProcess();
  const bool here = holder.host == own.host && holder.boot_id == own.boot_id &&
                    holder.pid_namespace == own.pid_namespace && !own.boot_id.empty();
  return here && ProcessStart(holder.pid) == holder.start ? "running" : "not known";
}

Result<std::string> ReadAlive(const std::string& run_directory, int64_t number) {
  const auto text =
      RetryDiskFaults([&] { return ReadRegularFile(AlivePath(run_directory, number), 4096); });
  if (text.status().code() == StatusCode::kNotFound) return std::string();
  if (text.status().code() == StatusCode::kDataLoss) return std::string("damaged");
  if (!text.ok()) return text.status();
  return text->substr(0, text->find_first_of(" \n"));
}

Status WriteAlive(const std::string& run_directory, int64_t number, const std::string& text) {
  const std::string path = AlivePath(run_directory, number);
  std::string line = text;
  line.resize(kAliveBytes, ' ');
  line += "\n";
  // Opened and closed each time: that is what makes a network file system show it to others.
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus("cannot open '" + path + "'", errno);
  const ssize_t n = ::pwrite(fd, line.data(), line.size(), 0);
  const int error = n < 0 ? errno : ENOSPC;
  const bool written = n == static_cast<ssize_t>(line.size());
  if (::close(fd) != 0 && written) return ErrnoStatus("cannot close '" + path + "'", errno);
  return written ? OkStatus() : ErrnoStatus("cannot write '" + path + "'", error);
}

}  // namespace lockstep::storage

// SPDX-License-Identifier: Apache-2.0
#include "storage/checkpoint/generation_status.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/checkpoint/generation_files.h"
#include "storage/env/files.h"
#include "storage/json/hashed_json.h"

namespace lockstep::storage {
namespace {

constexpr char kFormat[] = "lockstep-generation-status";
constexpr int64_t kVersion = 1;
constexpr HashedFormat kHashedFormat = {kFormat, kVersion, "Use the program that made it"};
constexpr int64_t kMostBytes = int64_t{64} << 20;

Result<GenerationStatus> FromJson(const JsonObject& j) {
  GenerationStatus s;
  s.generation = j.Integer("generation");
  s.time = j.Text("time");
  s.first_step = j.Integer("first_step");
  s.step = j.Integer("step");
  s.total_steps = j.Integer("total_steps");
  s.steps_per_epoch = j.Integer("steps_per_epoch");
  s.samples = j.Integer("samples");
  s.elapsed_ms = j.Integer("elapsed_ms");
  s.recent_steps = j.Integer("recent_steps");
  s.recent_ms = j.Integer("recent_ms");
  s.end = j.Text("end");
  s.reason = j.Text("reason");
  for (const JsonObject& r : j.Objects("ranks")) {
    RankStatus rank;
    rank.rank = r.Integer32("rank");
    rank.host = r.Text("host");
    rank.pid = r.Integer("pid");
    rank.phase = r.Text("phase");
    rank.step = r.Integer("step");
    rank.silent_ms = r.Integer("silent_ms");
    rank.left = r.Bool("left");
    s.ranks.push_back(std::move(rank));
  }
  return s;
}

std::string StatusPath(const std::string& run_directory, int64_t generation) {
  return GenerationPath(run_directory, generation) + ".status";
}

// JSON holds nothing but UTF-8, and messages may quote a path of any bytes.
std::string Utf8(const std::string& text) {
  if (CheckUtf8("a text", text).ok()) return text;
  std::string ascii = text;
  for (char& c : ascii) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return ascii;
}

Status WriteFile(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus("cannot open '" + path + "'", errno);
  Status status = WriteAll(fd, text, path);
  if (::close(fd) != 0 && status.ok()) {
    status = ErrnoStatus("cannot close '" + path + "'", errno);
  }
  return status;
}

}  // namespace

std::string EncodeGenerationStatus(const GenerationStatus& s) {
  nlohmann::json ranks = nlohmann::json::array();
  for (const RankStatus& rank : s.ranks) {
    ranks.push_back({{"rank", rank.rank},
                     {"host", Utf8(rank.host)},
                     {"pid", rank.pid},
                     {"phase", Utf8(rank.phase)},
                     {"step", rank.step},
                     {"silent_ms", rank.silent_ms},
                     {"left", rank.left}});
  }
  return HashedText({{"format", kFormat},
                     {"version", kVersion},
                     {"generation", s.generation},
                     {"time", s.time},
                     {"first_step", s.first_step},
                     {"step", s.step},
                     {"total_steps", s.total_steps},
                     {"steps_per_epoch", s.steps_per_epoch},
                     {"samples", s.samples},
                     {"elapsed_ms", s.elapsed_ms},
                     {"recent_steps", s.recent_steps},
                     {"recent_ms", s.recent_ms},
                     {"ranks", ranks},
                     {"end", s.end},
                     {"reason", Utf8(s.reason)}});
}

Result<GenerationStatus> DecodeGenerationStatus(std::string_view text) {
  return DecodeHashed<GenerationStatus>(text, kHashedFormat, FromJson, EncodeGenerationStatus);
}

Status WriteGenerationStatus(const std::string& run_directory, const GenerationStatus& status) {
  const std::string path = StatusPath(run_directory, status.generation);
  // A name that the next holder removes (generation.cc), should this process end in between.
  const std::string temporary = GenerationsFolder(run_directory) + "/" + kTemporaryPrefix +
                                GenerationName(status.generation) + ".status";
  Status written = WriteFile(temporary, EncodeGenerationStatus(status));
  if (written.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = ErrnoStatus("cannot rename '" + temporary + "'", errno);
  }
  if (!written.ok()) (void)::unlink(temporary.c_str());
  return written;
}

Result<GenerationStatus> ReadGenerationStatus(const std::string& run_directory,
                                              int64_t generation) {
  const std::string path = StatusPath(run_directory, generation);
  ASSIGN_OR_RETURN(const std::string text, ReadRegularFile(path, kMostBytes));
  Result<GenerationStatus> status = DecodeGenerationStatus(text);
  if (!status.ok()) return status.status().WithContext("'" + path + "'");
  if (status->generation != generation) {
    return DataLoss("'" + path + "' is of generation " + std::to_string(status->generation));
  }
  return status;
}

Result<double> GenerationStatusAge(const std::string& run_directory, int64_t generation) {
  struct stat info {};
  const std::string path = StatusPath(run_directory, generation);
  if (::stat(path.c_str(), &info) != 0) return ErrnoStatus("cannot look at '" + path + "'", errno);
  return std::difftime(std::time(nullptr), info.st_mtime);
}

}  // namespace lockstep::storage

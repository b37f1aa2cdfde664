// SPDX-License-Identifier: Apache-2.0
#include "comm/rpc/coordinator_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/hash.h"
#include "comm/rpc/network_address.h"

namespace lockstep::comm {
namespace {

constexpr size_t kMaxBytes = 4096;

class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// One that nobody else may read from its first moment: made so, not changed to be so.
Status WritePrivate(const std::string& path, const std::string& bytes) {
  const OpenFile file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.fd() < 0) return ErrnoStatus("cannot make '" + path + "'", errno);
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(file.fd(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus("cannot write '" + path + "'", errno);
    done += static_cast<size_t>(n);
  }
  if (::fsync(file.fd()) != 0) return ErrnoStatus("cannot sync '" + path + "'", errno);
  return OkStatus();
}

Result<std::string> ReadPrivate(const std::string& path) {
  // The open does not block: a FIFO in its place must not hold the program up.
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file.fd() < 0) {
    return ErrnoStatus("cannot read the coordinator's file '" + path + "'", errno);
  }
  struct stat info;
  if (::fstat(file.fd(), &info) != 0) return ErrnoStatus("cannot look at '" + path + "'", errno);
  if (!S_ISREG(info.st_mode)) return DataLoss("'" + path + "' is not a regular file");
  if ((info.st_mode & 077) != 0) {
    return PermissionDenied("the coordinator's file '" + path +
                            "' holds a secret and may be read or written by others; make a new one "
                            "(start the coordinator again), then keep it at mode 0600");
  }
  std::string bytes(kMaxBytes + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t n = ::read(file.fd(), bytes.data() + size, bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus("cannot read '" + path + "'", errno);
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

Result<std::string> MakeToken() {
  uint64_t words[2];
  if (::getrandom(words, sizeof(words), 0) != static_cast<ssize_t>(sizeof(words))) {
    return ErrnoStatus("cannot get random bits for a token", errno);
  }
  return Hex64(words[0]) + Hex64(words[1]);
}

Status WriteCoordinatorFile(const std::string& path, const CoordinatorFile& file) {
  const nlohmann::json json = {{"address", file.address}, {"token", file.token}};
  const std::string temporary = path + ".tmp." + std::to_string(::getpid());
  RETURN_IF_ERROR(RemoveFileIfExists(temporary));
  Status status = WritePrivate(temporary, json.dump(1) + "\n");
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) {
    status = ErrnoStatus("cannot put the coordinator's file in place as '" + path + "'", errno);
  }
  if (!status.ok()) {
    (void)RemoveFileIfExists(temporary);  // the first failure counts
    return status;
  }
  const size_t slash = path.rfind('/');
  return SyncFolder(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
}

Result<CoordinatorFile> ReadCoordinatorFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadPrivate(path));
  const nlohmann::json json =
      nlohmann::json::parse(bytes, /*cb=*/nullptr, /*allow_exceptions=*/false);
  const auto text = [&](const char* key) {
    const auto it = json.is_object() ? json.find(key) : json.end();
    return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  CoordinatorFile file{json.is_object() ? text("address") : "",
                       json.is_object() ? text("token") : ""};
  if (bytes.size() > kMaxBytes || file.token.empty() || !ParseNetworkAddress(file.address).ok()) {
    return DataLoss("'" + path +
                    "' is not what a coordinator writes: expected {\"address\": \"HOST:PORT\", "
                    "\"token\": \"...\"}; start the coordinator again with --file '" +
                    path + "'");
  }
  return file;
}

}  // namespace lockstep::comm

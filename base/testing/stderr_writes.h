// SPDX-License-Identifier: Apache-2.0
// For tests: what each call of write(2) wrote to standard error.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "base/check.h"

namespace lockstep {

// While it lives, standard error is a socket that keeps what each call wrote apart.
class StderrWrites {
 public:
  StderrWrites() : former_(::dup(STDERR_FILENO)) {
    CHECK_EQ(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends_.data()), 0);
    CHECK_EQ(::dup2(ends_[0], STDERR_FILENO), STDERR_FILENO);
  }
  ~StderrWrites() {
    CHECK_EQ(::dup2(former_, STDERR_FILENO), STDERR_FILENO);
    for (const int fd : {former_, ends_[0], ends_[1]}) ::close(fd);
  }
  StderrWrites(const StderrWrites&) = delete;
  StderrWrites& operator=(const StderrWrites&) = delete;

  // What was written since the last call; few enough not to fill the socket.
  std::vector<std::string> Take() const {
    std::vector<std::string> writes;
    std::array<char, 4096> bytes;
    for (;;) {
      const ssize_t size = ::recv(ends_[1], bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (size < 0) return writes;
      writes.emplace_back(bytes.data(), static_cast<size_t>(size));
    }
  }

 private:
  const int former_;
  std::array<int, 2> ends_;
};

}  // namespace lockstep

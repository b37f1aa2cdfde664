// SPDX-License-Identifier: Apache-2.0
// Shared by the parts of the program mpi_world_check, which mpi_world_test.py runs under mpirun.
// Something that does not hold is printed with the rank, and the process ends with code 1.
#pragma once

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/device/device.h"
#include "comm/communicator.h"
#include "comm/mpi/mpi_world.h"

namespace lockstep::comm {

// Ends the process.
[[noreturn]] void CheckFailed(Rank rank, const std::string& what);

// One rank of the check, and what its cases say.
struct CheckRank {
  Communicator* communicator = nullptr;
  Stream* stream = nullptr;

  Rank rank() const { return communicator->rank(); }
  int32_t size() const { return communicator->size(); }
  void Expect(bool holds, const std::string& what) const {
    if (!holds) CheckFailed(rank(), what);
  }
  void ExpectOk(const EventPtr& event, const std::string& what) const {
    const Status status = event->Wait(Deadline::Never());  // the operation has its own deadline
    Expect(status.ok(), what + ": " + status.ToString());
  }
  // The failure's code and everything that its message must contain.
  void ExpectFailure(const Status& status, StatusCode code,
                     const std::vector<std::string>& parts) const {
    Expect(status.code() == code, "unexpected: " + status.ToString());
    for (const std::string& part : parts) {
      Expect(status.message().find(part) != std::string::npos,
             "no '" + part + "' in: " + status.ToString());
    }
  }
};

inline Deadline Soon() { return Deadline::In(std::chrono::milliseconds(300)); }
inline Deadline Late() { return Deadline::In(std::chrono::seconds(60)); }

// What rank `from` sends to rank `to` under `tag`: `n` numbers that say so.
inline std::vector<int64_t> Payload(int32_t from, int32_t to, uint32_t tag, size_t n) {
  std::vector<int64_t> data(n);
  std::iota(data.begin(), data.end(), (from * 1000 + to) * int64_t{1000000} + tag * 10000);
  return data;
}

// Everything that must succeed, on any number of ranks.
void CheckOperations(const CheckRank& me);
// One way to fail, by its name; false if there is none of that name. Afterwards the world is
// broken: MPI must not be finalized.
bool CheckFailure(const std::string& name, const CheckRank& me);

}  // namespace lockstep::comm

// SPDX-License-Identifier: Apache-2.0
// The coordinator over a network: a server that hands calls to a Coordinator, and a client that is
// one. gRPC is included in rpc.cc alone.
//
// The connection is plaintext: a token, not a certificate, tells who may call. So a server listens
// on loopback unless it is told that its network is private. Every call carries the token and is
// bounded in time, in size and in threads. A failed Status of the Coordinator arrives as it was;
// failures of the call itself are kUnavailable, kDeadlineExceeded and kPermissionDenied, and name
// the address.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "comm/coordinator.h"

namespace lockstep::comm {

struct CoordinatorServerOptions {
  std::string listen = "127.0.0.1:0";  // HOST:PORT or [IPv6]:PORT; port 0: any free one
  std::string token;                   // 16 to 256 printable characters; every call must carry it
  bool allow_open = false;             // listen on more than loopback
};

class CoordinatorServer {
 public:
  // Listens when it returns. `service` must outlive the server; its calls come from several
  // threads.
  static Result<std::unique_ptr<CoordinatorServer>> Start(const CoordinatorServerOptions& options,
                                                          Coordinator* service);
  ~CoordinatorServer();  // like Shutdown, with no time left

  // Where clients reach it, "127.0.0.1:43127"; this machine's name where it listens on all
  // addresses.
  const std::string& address() const { return address_; }
  // Takes no more calls; those under way may end until `deadline`.
  void Shutdown(Deadline deadline);

 private:
  class Impl;
  CoordinatorServer(std::unique_ptr<Impl> impl, std::string address);
  std::unique_ptr<Impl> impl_;
  std::string address_;
};

// A coordinator elsewhere. Making one does not connect: the first call does, and later calls
// connect again where the connection was lost. No call lasts longer than `call_limit`. Thread-safe.
Result<std::unique_ptr<Coordinator>> ConnectCoordinator(const std::string& address,
                                                        const std::string& token,
                                                        Duration call_limit);

}  // namespace lockstep::comm

// SPDX-License-Identifier: Apache-2.0
// Takes "HOST:PORT" and "[IPv6]:PORT" apart, and says whether that is this machine's loopback.
#pragma once

#include <string>

#include "base/status.h"

namespace lockstep::comm {

struct NetworkAddress {
  std::string host;  // without brackets
  int port = 0;      // 0 to 65535

  std::string ToString() const;  // with brackets where the host is an IPv6 address
  bool IsLoopback() const;       // 127.0.0.0/8, ::1, localhost; another name is not looked up
  bool IsAny() const;            // 0.0.0.0 or ::
};

// Fails with invalid-argument where the text has neither form.
Result<NetworkAddress> ParseNetworkAddress(const std::string& text);

}  // namespace lockstep::comm

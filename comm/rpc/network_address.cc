// SPDX-License-Identifier: Apache-2.0
#include "comm/rpc/network_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace lockstep::comm {
namespace {

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool IsIpv6(const std::string& host) {
  in6_addr bytes;
  return inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

Status Malformed(const std::string& text) {
  return InvalidArgument("'" + text +
                         "' is not an address: expected HOST:PORT or [IPv6]:PORT with a port from "
                         "0 to 65535, as 127.0.0.1:7077");
}

}  // namespace

std::string NetworkAddress::ToString() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return name + ":" + std::to_string(port);
}

bool NetworkAddress::IsLoopback() const {
  if (host == "localhost") return true;
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool NetworkAddress::IsAny() const {
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return v4.s_addr == 0;
  in6_addr v6;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&v6);
}

Result<NetworkAddress> ParseNetworkAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || text.size() > 260) return Malformed(text);
  NetworkAddress address;
  address.host = text.substr(0, colon);
  if (address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
    if (!IsIpv6(address.host)) return Malformed(text);
  } else if (!std::all_of(address.host.begin(), address.host.end(), IsHostCharacter)) {
    return Malformed(text);
  }
  const char* first = text.data() + colon + 1;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(first, last, address.port);
  if (error != std::errc() || end != last || address.port < 0 || address.port > 65535) {
    return Malformed(text);
  }
  return address;
}

}  // namespace lockstep::comm

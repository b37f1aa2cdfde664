// SPDX-License-Identifier: Apache-2.0
#include "comm/rpc/network_address.h"

#include <gtest/gtest.h>

namespace lockstep::comm {
namespace {

TEST(NetworkAddress, HostAndPortAreReadAndWritten) {
  for (const char* text : {"127.0.0.1:7077", "node-7.example:0", "[::1]:65535", "localhost:1"}) {
    const auto address = ParseNetworkAddress(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->ToString(), text);
  }
}

TEST(NetworkAddress, AnythingElseIsRefused) {
  for (const char* text :
       {"", ":", ":7077", "host", "host:", "host:x", "host:65536", "host:-1", "host:1 ", "::1:7077",
        "[::1]", "[::1:7077", "[node]:1", "unix:/tmp/x", "a/b:1", "a b:1", "host:+1", "[]:1"}) {
    EXPECT_EQ(ParseNetworkAddress(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(ParseNetworkAddress(std::string(300, 'h') + ":1").ok());
}

TEST(NetworkAddress, OnlyThisMachinesOwnAddressesAreLoopback) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(ParseNetworkAddress(text)->IsLoopback()) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "localhost.example:1",
                           "128.0.0.1:1", "127.0.0.1.example:1", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_FALSE(ParseNetworkAddress(text)->IsLoopback()) << text;
  }
  EXPECT_TRUE(ParseNetworkAddress("0.0.0.0:1")->IsAny());
  EXPECT_TRUE(ParseNetworkAddress("[::]:1")->IsAny());
}

}  // namespace
}  // namespace lockstep::comm

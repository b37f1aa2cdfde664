// SPDX-License-Identifier: Apache-2.0
// The chain of digests against XXH3 of the same bytes computed by another program (python-xxhash).
#include "worker/step/digest.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>

namespace lockstep::worker {
namespace {

DigestInput Input() { return {1, 2.5, false, "state", 0x77, 0xbeafbbb248c6d531}; }

TEST(Digest, IsTheHashOfTheStatedWordsInTheStatedOrder) {
  const uint64_t h = HashOfBlockHashes({1, 2, 3});
  EXPECT_EQ(h, 0x7c68b4906e7ea780u);
  EXPECT_EQ(HashOfBlockHashes({}), 0x2d06800538d394c2u);
  EXPECT_EQ(HashOfBlockHashes({3, 2, 1}), 0x1e553d3734a99c33u);
  const uint64_t first = FirstDigest(0x1111, {.low = 0x2222, .high = 0x3333}, 0, h);
  EXPECT_EQ(first, 0x1ecba1db1119dab1u);
  const uint64_t second = NextDigest({1, 2.5, false, "state", 0x77, first});
  EXPECT_EQ(second, 0x93a05f6242a48059u);
  EXPECT_EQ(NextDigest({2, std::nan(""), true, "state2", 0x78, second}), 0x8b292561dac42da1u);
}

TEST(Digest, ChangesWithEveryField) {
  std::set<uint64_t> seen = {NextDigest(Input())};
  const auto expect_new = [&](auto&& change) {
    DigestInput input = Input();
    change(input);
    EXPECT_TRUE(seen.insert(NextDigest(input)).second);
  };
  expect_new([](DigestInput& d) { d.step = 2; });
  expect_new([](DigestInput& d) { d.loss = std::nextafter(d.loss, 3.0); });
  expect_new([](DigestInput& d) { d.skipped = true; });
  expect_new([](DigestInput& d) { d.trainer_state = "statf"; });
  expect_new([](DigestInput& d) { d.state_hash = 0x78; });
  expect_new([](DigestInput& d) { d.previous += 1; });
  expect_new([](DigestInput& d) { d.loss = std::nan(""); });
  expect_new([](DigestInput& d) { d.loss = 0.0; });
  expect_new([](DigestInput& d) { d.loss = -0.0; });
}

TEST(Digest, ChangesWithEverythingARunStartsFrom) {
  std::set<uint64_t> seen = {FirstDigest(1, {.low = 2, .high = 3}, 4, 5)};
  EXPECT_TRUE(seen.insert(FirstDigest(9, {.low = 2, .high = 3}, 4, 5)).second);
  EXPECT_TRUE(seen.insert(FirstDigest(1, {.low = 9, .high = 3}, 4, 5)).second);
  EXPECT_TRUE(seen.insert(FirstDigest(1, {.low = 2, .high = 9}, 4, 5)).second);
  EXPECT_TRUE(seen.insert(FirstDigest(1, {.low = 2, .high = 3}, 9, 5)).second);
  EXPECT_TRUE(seen.insert(FirstDigest(1, {.low = 2, .high = 3}, 4, 9)).second);
}

TEST(Digest, EveryNanIsOne) {
  DigestInput a = Input(), b = Input();
  a.loss = std::numeric_limits<double>::quiet_NaN();
  for (uint64_t bits : {0xfff8000000000000u, 0x7ff8000000000001u, 0xffffffffffffffffu}) {
    b.loss = std::bit_cast<double>(bits);
    EXPECT_EQ(NextDigest(a), NextDigest(b)) << std::hex << bits;
  }
}

}  // namespace
}  // namespace lockstep::worker

// SPDX-License-Identifier: Apache-2.0
// XXH3 against the values its own sanity test publishes (xxHash 0.8, cli/xsum_sanity_check.c).
#include "base/hash.h"

#include <gtest/gtest.h>

#include <vector>

namespace lockstep {
namespace {

// The buffer those values are over.
std::vector<unsigned char> SanityBuffer(size_t size) {
  std::vector<unsigned char> bytes(size);
  uint64_t generator = 2654435761u;
  for (unsigned char& byte : bytes) {
    byte = static_cast<unsigned char>(generator >> 56);
    generator *= 11400714785074694797ull;
  }
  return bytes;
}

struct Published {
  size_t bytes;
  uint64_t hash;
};

constexpr Published kPublished[] = {
    {0, 0x2D06800538D394C2},    {1, 0xC44BDFF4074EECDB},    {6, 0x27B56A84CD2D7325},
    {12, 0xA713DAF0DFBB77E7},   {24, 0xA3FE70BF9D3510EB},   {48, 0x397DA259ECBA1F11},
    {80, 0xBCDEFBBB2C47C90A},   {195, 0xCD94217EE362EC3A},  {403, 0xCDEB804D65C6DEA4},
    {512, 0x617E49599013CB6B},  {2048, 0xDD59E2C3A5F038E0}, {2240, 0x6E73A90539CF2948},
    {2367, 0xCB37AEB9E5D361ED},
};

TEST(HashTest, HasThePublishedValuesWholeAndInPieces) {
  const auto buffer = SanityBuffer(2367);
  for (const Published& p : kPublished) {
    EXPECT_EQ(Hash64(buffer.data(), p.bytes), p.hash) << p.bytes << " bytes";
    Hasher pieces;
    for (size_t at = 0; at < p.bytes; at += 7) {
      pieces.Update(buffer.data() + at, std::min<size_t>(7, p.bytes - at));
    }
    EXPECT_EQ(pieces.Digest64(), p.hash) << p.bytes << " bytes in pieces";
    EXPECT_EQ(pieces.Digest128(), Hash128(buffer.data(), p.bytes));
  }
}

TEST(HashTest, The128BitHashOfNothingIsThePublishedOne) {
  EXPECT_EQ(Hash128("").ToHex(), "99aa06d3014798d86001c324468d497f");
}

TEST(HashTest, NumbersAreHashedAsEightBytesLittleEndian) {
  Hasher number;
  number.UpdateU64(0x0807060504030201);
  EXPECT_EQ(number.Digest64(), Hash64("\x01\x02\x03\x04\x05\x06\x07\x08"));
}

TEST(HashTest, HexRoundTripsAndRefusesWhatIsNotHex) {
  for (uint64_t value : {uint64_t{0}, uint64_t{0x0123456789abcdef}, ~uint64_t{0}}) {
    uint64_t parsed = 1;
    ASSERT_TRUE(ParseHex64(Hex64(value), &parsed));
    EXPECT_EQ(parsed, value);
  }
  EXPECT_EQ(Hex64(0xabc), "0000000000000abc");
  uint64_t unused = 0;
  EXPECT_FALSE(ParseHex64("abc", &unused));
  EXPECT_FALSE(ParseHex64("00000000000000000", &unused));
  EXPECT_FALSE(ParseHex64("000000000000000g", &unused));
  Hash128Value parsed;
  const Hash128Value value = Hash128("x");
  ASSERT_TRUE(ParseHex128(value.ToHex(), &parsed));
  EXPECT_EQ(parsed, value);
  EXPECT_FALSE(ParseHex128(value.ToHex().substr(1), &parsed));
}

}  // namespace
}  // namespace lockstep

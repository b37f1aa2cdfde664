// SPDX-License-Identifier: Apache-2.0
// stream_key SEED PURPOSE NAME: prints the two words of a random stream's key, for oracles in Python
// (XXH3 is not in Python's library).
#include <cstdio>
#include <cstdlib>

#include "base/philox.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: stream_key SEED PURPOSE NAME\n");
    return 64;
  }
  const lockstep::PhiloxKey key =
      lockstep::StreamKey(std::strtoull(argv[1], nullptr, 10), argv[2], argv[3]);
  std::printf("%u %u\n", key[0], key[1]);
}

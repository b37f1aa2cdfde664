// SPDX-License-Identifier: Apache-2.0
#include "cluster/console/console.h"

#include <string>
#include <vector>

#include "base/testing/stderr_writes.h"
#include "gtest/gtest.h"

namespace lockstep::cluster {
namespace {

using Writes = std::vector<std::string>;

TEST(ProcessConsole, WritesALineToStandardErrorByOneCall) {
  Console console = ProcessConsole();
  const StderrWrites written;
  console.err << "lockstep: error: "
              << "a message of " << 3 << " parts" << std::endl;
  EXPECT_EQ(written.Take(), Writes{"lockstep: error: a message of 3 parts\n"});
  console.err << "held" << ' ' << 'b' << "ack";
  EXPECT_EQ(written.Take(), Writes{});
  console.err << "\nnext";
  EXPECT_EQ(written.Take(), Writes{"held back\n"});
  console.err << std::flush;
  EXPECT_EQ(written.Take(), Writes{"next"});
}

}  // namespace
}  // namespace lockstep::cluster

// SPDX-License-Identifier: Apache-2.0
// The group `lockstep data`.
#include "cluster/cli/data_commands.h"

namespace lockstep::cluster {

Command DataCommand() {
  return {.name = "data",
          .description = R"(Import, inspect and verify datasets.

Examples:
  lockstep data import fashion-mnist /usr/share/datasets/fashion-mnist --out data/fashion-mnist.ldb
  lockstep data info data/fashion-mnist.ldb
)",
          .commands = {DataImportCommand(), DataInfoCommand(), DataVerifyCommand(),
                       DataShowCommand(), DataOrderCommand()}};
}

}  // namespace lockstep::cluster

// SPDX-License-Identifier: Apache-2.0
// The commands of the group `lockstep data`.
#pragma once

#include "cluster/cli/command.h"

namespace lockstep::cluster {

Command DataImportCommand();
Command DataInfoCommand();
Command DataVerifyCommand();
Command DataShowCommand();
Command DataOrderCommand();

}  // namespace lockstep::cluster

// SPDX-License-Identifier: Apache-2.0
// `lockstep coordinator`: a coordinator in a process of its own, for ranks on other machines or for
// a run that is started again and again. It writes a file that says where it is and holds the job's
// token; `lockstep train --coordinator FILE` reads it (comm/rpc/coordinator_file.h).
#pragma once

#include <string>

#include "base/status.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

struct CoordinatorCommandOptions {
  std::string listen = "127.0.0.1:7077";  // port 0: any free one
  std::string state_directory;  // for the ledger of a run whose directory cannot lock; may be empty
  std::string file;             // empty: STATE/coordinator.json, or ./coordinator.json
  bool insecure_listen = false;  // listen on more than loopback, in plaintext
};

// Serves until a run has finished (OK) or console->stop is set (cancelled: the ranks are told
// first). A run that ends otherwise may be started again. Removes the file at its end.
Status RunCoordinatorCommand(const CoordinatorCommandOptions& options, Console* console);

}  // namespace lockstep::cluster

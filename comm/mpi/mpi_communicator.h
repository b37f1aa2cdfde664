// SPDX-License-Identifier: Apache-2.0
// The Communicator over MPI: enqueues operations of an MpiConnection on the caller's stream.
#pragma once

#include <memory>

#include "comm/communicator.h"
#include "comm/mpi/mpi_connection.h"

namespace lockstep::comm {

std::unique_ptr<Communicator> MakeMpiCommunicator(std::shared_ptr<MpiConnection> connection);

}  // namespace lockstep::comm

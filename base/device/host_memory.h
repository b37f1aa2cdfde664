// SPDX-License-Identifier: Apache-2.0
// Memory of the host as a buffer of a device.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/device/device.h"
#include "base/device/memory_accounts.h"
#include "base/status.h"

namespace lockstep {

// `bytes`, above 0, for the purpose `what`, counted in `accounts` as long as the buffer lives.
// `kind` is what the buffer says of itself. Resource-exhausted where the host has not that much.
Result<DeviceBuffer> AllocateHostMemory(MemoryKind kind, size_t bytes,
                                        std::shared_ptr<MemoryAccounts> accounts,
                                        std::string_view what);

}  // namespace lockstep

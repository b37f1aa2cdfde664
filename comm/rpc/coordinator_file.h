// SPDX-License-Identifier: Apache-2.0
// The file by which a coordinator tells the ranks of a job where it is and how to call it:
//
//   {"address": "127.0.0.1:7077", "token": "9f..."}
//
// It holds a secret: only its owner may read it.
#pragma once

#include <string>

#include "base/status.h"

namespace lockstep::comm {

struct CoordinatorFile {
  std::string address;
  std::string token;
};

// A new token: 128 random bits as 32 hexadecimal digits.
Result<std::string> MakeToken();

// Replaces or creates `path` with mode 0600; the file is complete at every moment.
Status WriteCoordinatorFile(const std::string& path, const CoordinatorFile& file);

// Fails with permission-denied where others may read or write the file, and with data-loss where it
// is not such a file.
Result<CoordinatorFile> ReadCoordinatorFile(const std::string& path);

}  // namespace lockstep::comm

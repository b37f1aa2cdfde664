// SPDX-License-Identifier: Apache-2.0
// The kernel file (docs/formats.md, "Kernel file"): which kernel runs which node, as `lockstep
// tune` has measured it, and for which build, hardware, instruction set and threads that holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lockstep::storage {

struct KernelFileChoice {
  std::string node;               // graph::NodeText: op, attributes, types
  std::string kernel, algorithm;  // which run it
  double milliseconds = 0.0;      // of one run, the shortest
  // The same of the kernel that would run it otherwise; 0: its bits differ from run to run.
  double first_milliseconds = 0.0;

  uint64_t key() const;  // graph::NodeKey
  bool operator==(const KernelFileChoice&) const = default;
};

struct KernelFile {
  std::string build;                      // worker::BuildId
  std::string hardware;                   // worker::HardwareKind
  std::string isa;                        // of the kernels (recipe: train.cpu_isa)
  int32_t threads = 1;                    // of a lane (recipe: batch.lane_threads)
  std::vector<KernelFileChoice> choices;  // by node, increasing; others take their first kernel

  bool operator==(const KernelFile&) const = default;
};

// Fails with invalid-argument where a text is not UTF-8, a time is no number from 0, threads are
// below 1 or choices are not in order.
Result<std::string> EncodeKernelFile(const KernelFile& file);

// Fails with data-loss where the text is not whole, was changed, or is none of this format, and
// with failed-precondition for another version of it.
Result<KernelFile> DecodeKernelFile(std::string_view text);

// XXH3-64 of the file's bytes, which stands for the file in digest(0).
uint64_t KernelFileHash(std::string_view text);

}  // namespace lockstep::storage

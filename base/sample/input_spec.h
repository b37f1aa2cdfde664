// SPDX-License-Identifier: Apache-2.0
// InputSpec: a tensor of the batches of a run and the field of the dataset it is made of. A task
// says which it reads (graph/tasks/task.h), and the loader makes them.
#pragma once

#include <cstdint>
#include <string>

namespace lockstep {

struct InputSpec {
  std::string tensor;            // the name of the tensor in a batch
  std::string field;             // the field of the schema whose values are its rows
  std::string source = "train";  // the source of the samples; there is one today
  std::string view = {};         // the view of a sample; empty: the first, the only one today
  int32_t copies = 1;            // how many tensors are made of one sample; one today
  // Of boxes and their companions: how many a row holds; 0: as many as any sample of the dataset
  // has, rounded up to a multiple of 8.
  int64_t most = 0;

  bool operator==(const InputSpec&) const = default;
};

}  // namespace lockstep

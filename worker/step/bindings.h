// SPDX-License-Identifier: Apache-2.0
// Where the arguments and results of lane and eval plans lie. Every name is looked up once, when a
// plan is compiled; a step only adds offsets to the memory that it runs on.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/loader/batch.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"
#include "worker/step/scalar_cells.h"

namespace lockstep::worker {

// The places of the arguments of a lane or eval plan: tensors of a batch, parameters, running
// statistics, scalars of the step.
class ArgumentPlaces {
 public:
  // A plan of the model's program, which outlives this.
  ArgumentPlaces(const CompiledModel& model, const graph::Plan* plan);

  // One pointer for each argument. The batch has the program's inputs first, in their order, and
  // each has the type of the plan. `scalars` are those of the plan in its order; they may be null
  // for a plan that reads none. `inputs`: where kernels find what CopyInputs copied; null: in the
  // batch.
  std::vector<const void*> Bind(const ModelState& state, const storage::LaneBatch& batch,
                                const ScalarCells* scalars = nullptr,
                                const void* inputs = nullptr) const;

  // Copies the tensors of a batch that the plan reads, one behind the other and each aligned.
  void CopyInputs(const storage::LaneBatch& batch, void* to) const;
  int64_t input_bytes() const { return input_bytes_; }

 private:
  struct Place {
    graph::ArgKind kind;
    // The index of an input or a scalar; the offset in bytes of a parameter or of state.
    int64_t at = 0;
    int64_t copied_to = 0;  // of an input: its offset in what CopyInputs makes
  };

  const graph::Plan* plan_;
  std::vector<Place> places_;  // by argument
  int64_t input_bytes_ = 0;
};

// The places of the results of a lane plan. The first two are numerator and denominator; the others
// lie in the arena of gradients, in that of statistics, or in a buffer of the task's sums, one
// behind the other and each aligned.
class LaneResultPlaces {
 public:
  // A lane plan of the model's program.
  LaneResultPlaces(const CompiledModel& model, const graph::Plan& plan);

  int64_t sum_bytes() const { return sum_bytes_; }
  std::vector<void*> Bind(double* numerator, double* denominator, void* gradients, void* statistics,
                          void* sums) const;

 private:
  enum class Where { kGradients, kStatistics, kSums };
  struct Place {
    Where where;
    int64_t offset;  // in bytes
  };
  std::vector<Place> places_;  // of the results after the first two
  int64_t sum_bytes_ = 0;
};

// The places of the results of an eval plan, one behind the other in one buffer, each aligned.
class EvalResultPlaces {
 public:
  explicit EvalResultPlaces(const graph::Plan& plan);

  int64_t bytes() const { return bytes_; }
  std::vector<void*> Bind(void* buffer) const;

 private:
  std::vector<int64_t> offsets_;  // in bytes, by result
  int64_t bytes_ = 0;
};

}  // namespace lockstep::worker

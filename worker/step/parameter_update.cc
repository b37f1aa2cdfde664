// SPDX-License-Identifier: Apache-2.0
// The plan. Blocks are grouped into buckets so that exchanging one bucket overlaps with updating
// another:
//
//   1. Reduce every bucket of which the phase trains something: enqueued at once, they arrive one
//      after the other.
//   2. Decide, only where the recipe clips or skips, or the optimizer reads norms of whole
//      parameters: wait for all buckets, gather the norms of all blocks, and take the same decision
//      on every rank. Without it no bucket waits for another.
//   3. For each bucket, as it arrives: update the blocks that this rank owns, on all its threads,
//      then enqueue the bucket's Gather.
//   4. The running statistics of batch norm take the same road in doubles: Reduce, the owner's
//      update, Gather.
//   5. Wait for the gathers of step 3.
//
// With sync = "allreduce" step 1 is the transport's own sum, every rank updates every block, and
// nothing is gathered. The totals are written over the first subtree's sums, which nobody reads
// after that.
#include "worker/step/parameter_update.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/all_finite.h"
#include "ops/core/block_norm.h"
#include "worker/step/add_into.h"

namespace lockstep::worker {
namespace {

constexpr char kNonFiniteRemedy[] =
    "; lower the learning rate, clip (optimizer.clip_norm), or set train.nonfinite = \"skip\"";

std::vector<comm::BlockSpan> SpansOf(const graph::ParameterSpace& space) {
  std::vector<comm::BlockSpan> spans;
  for (const graph::Block& block : space.blocks()) spans.push_back({block.offset, block.length});
  return spans;
}

std::vector<Rank> Owners(const comm::BlockExchange& exchange, size_t blocks) {
  std::vector<Rank> owners;
  for (size_t i = 0; i < blocks; ++i) owners.push_back(exchange.OwnerOf(static_cast<int64_t>(i)));
  return owners;
}

// An exchange of the running statistics that learn, as sums or as state. Whatever the type, it has
// the same spans in one bucket, so that sums and state have the same owners.
std::unique_ptr<comm::BlockExchange> RunningExchange(comm::Communicator* communicator,
                                                     int32_t lanes, DType dtype,
                                                     const RunningSpace& space) {
  if (space.learning().empty()) return nullptr;
  std::vector<comm::BlockSpan> spans;
  for (const size_t layer : space.learning()) spans.push_back(space.blocks()[layer]);
  return std::make_unique<comm::BlockExchange>(
      communicator, comm::BlockExchange::Options{lanes, dtype, std::move(spans),
                                                 /*bucket_bytes=*/int64_t{1} << 40});
}

// Who hashes each running layer: the owner of one that learns, rank 0 any other.
std::vector<Rank> LayerOwners(const RunningSpace& space, const comm::BlockExchange* running) {
  std::vector<Rank> owners(space.blocks().size(), Rank(0));
  for (size_t i = 0; i < space.learning().size(); ++i) {
    owners[space.learning()[i]] = running->OwnerOf(static_cast<int64_t>(i));
  }
  return owners;
}

const void* At(const void* arena, int64_t element, DType dtype) {
  return static_cast<const char*>(arena) + element * SizeOf(dtype);
}
void* At(void* arena, int64_t element, DType dtype) {
  return static_cast<char*>(arena) + element * SizeOf(dtype);
}

}  // namespace

ParameterUpdate::ParameterUpdate(const CompiledModel* model, comm::Communicator* communicator,
                                 Stream* stream, const Options& options)
    : model_(model),
      communicator_(communicator),
      stream_(stream),
      options_(options),
      gradients_(communicator, {options.lanes, model->precision(), SpansOf(model->space()),
                                options.bucket_bytes}),
      statistics_(
          RunningExchange(communicator, options.lanes, DType::kFloat64, model->running_space())),
      running_(
          RunningExchange(communicator, options.lanes, model->precision(), model->running_space())),
      gradient_norms_(model, communicator, Owners(gradients_, model->space().blocks().size()),
                      /*norms=*/1),
      state_hash_(model, communicator, Owners(gradients_, model->space().blocks().size()),
                  LayerOwners(model->running_space(), running_.get())) {
  if (const size_t norms = model->program().norms().size(); norms > 0) {
    tensor_norms_ = std::make_unique<TensorNorms>(
        model, communicator, Owners(gradients_, model->space().blocks().size()), norms);
  }
}

int64_t ParameterUpdate::scratch_bytes() const {
  int64_t bytes = gradients_.scratch_bytes();
  if (statistics_ != nullptr) bytes += statistics_->scratch_bytes() + running_->scratch_bytes();
  return bytes;
}

bool ParameterUpdate::Trained(int64_t block) const {
  const graph::Block& span = model_->space().blocks()[static_cast<size_t>(block)];
  return model_->program().Trains(phase_, static_cast<size_t>(span.tensor), stage_);
}

bool ParameterUpdate::TrainsAnyOf(Range blocks) const {
  for (int64_t block = blocks.begin; block < blocks.end; ++block) {
    if (Trained(block)) return true;
  }
  return false;
}

Result<ParameterUpdate::Outcome> ParameterUpdate::Run(const LaneRunner& lanes, size_t phase,
                                                      const StepScalars& step, ModelState* state,
                                                      Deadline deadline) {
  phase_ = phase;
  stage_ = step.stage;
  // Totals are written over the first subtree's sums: nobody reads those again.
  void* sums = lanes.gradients()[0];
  const std::vector<EventPtr> reduced = ReduceAll(lanes, sums, deadline);
  Outcome outcome;
  double scale = step.gradient_scale;
  if (decides() || tensor_norms_ != nullptr) {
    for (const EventPtr& event : reduced) {
      if (event != nullptr) RETURN_IF_ERROR(WaitFor(event));
    }
  }
  if (decides()) {
    ASSIGN_OR_RETURN(const double summed_norm, SummedNorm(sums, deadline));
    outcome.gradient_norm = summed_norm * scale;
    outcome.applied = !options_.skip_nonfinite || std::isfinite(outcome.gradient_norm);
    if (!outcome.applied) return outcome;
    if (options_.clip_norm > 0) {
      // PyTorch's clip_grad_norm_ (Pascanu et al., 2013).
      scale *= std::min(1.0, options_.clip_norm / (outcome.gradient_norm + 1e-6));
    }
  }
  std::vector<ScalarCells> scalars = ScalarsOfParameters(step, scale);
  if (tensor_norms_ != nullptr) {
    const Status measured = AddNorms(sums, lanes.workspaces(), state, &scalars, deadline);
    outcome.applied = !options_.skip_nonfinite || measured.code() != StatusCode::kNonFinite;
    if (!outcome.applied) return outcome;
    RETURN_IF_ERROR(measured);
  }
  std::vector<EventPtr> gathered;
  for (int64_t b = 0; b < gradients_.buckets(); ++b) {
    const EventPtr& arrived = reduced[static_cast<size_t>(b)];
    if (arrived == nullptr) continue;
    RETURN_IF_ERROR(WaitFor(arrived));
    RETURN_IF_ERROR(ForBlocks(gradients_.BlocksOf(b), lanes.workspaces(),
                              [&](int64_t block, void* arena) -> Status {
                                if (tensor_norms_ == nullptr)
                                  RETURN_IF_ERROR(CheckFinite(block, sums));
                                return UpdateBlock(block, sums, scalars, arena, state);
                              }));
    if (everyone_updates()) continue;
    gathered.push_back(gradients_.Gather(b, state->parameters(), stream_, deadline));
  }
  RETURN_IF_ERROR(UpdateRunning(lanes, state, deadline));
  for (const EventPtr& event : gathered) RETURN_IF_ERROR(WaitFor(event));
  return outcome;
}

std::vector<ScalarCells> ParameterUpdate::ScalarsOfParameters(const StepScalars& step,
                                                              double gradient_scale) const {
  const graph::Program& program = model_->program();
  std::vector<std::vector<std::pair<std::string, double>>> own;  // by stage
  for (const int64_t updates : step.applied_updates) {
    own.push_back(program.UpdateScalars(updates, step.applied_updates.front()));
  }
  std::vector<ScalarCells> parameters;
  for (size_t i = 0; i < program.parameters().size(); ++i) {
    ScalarCells& cells = parameters.emplace_back(model_->precision());
    cells.Add("lr", step.lr * program.update_groups()[program.GroupOf(i)].lr_scale);
    cells.Add("grad_scale", gradient_scale);
    for (const auto& [name, value] : own[program.FirstStageOf(i)]) cells.Add(name, value);
  }
  return parameters;
}

std::vector<int64_t> ParameterUpdate::OwnedBlocks() const {
  if (!everyone_updates()) return gradients_.OwnedBlocks();
  std::vector<int64_t> all(model_->space().blocks().size());
  std::iota(all.begin(), all.end(), int64_t{0});
  return all;
}

// By bucket; null where the phase trains nothing of it.
std::vector<EventPtr> ParameterUpdate::ReduceAll(const LaneRunner& lanes, void* sums,
                                                 Deadline deadline) {
  const std::vector<const void*> subtrees(lanes.gradients().begin(), lanes.gradients().end());
  std::vector<EventPtr> reduced;
  for (int64_t b = 0; b < gradients_.buckets(); ++b) {
    if (!TrainsAnyOf(gradients_.BlocksOf(b))) {
      reduced.push_back(nullptr);
      continue;
    }
    reduced.push_back(everyone_updates() ? AllReduceBucket(b, lanes.gradients(), deadline)
                                         : gradients_.Reduce(b, subtrees, sums, stream_, deadline));
  }
  return reduced;
}

// This rank's subtrees added to the first, then the sum over ranks in place.
EventPtr ParameterUpdate::AllReduceBucket(int64_t bucket, const std::vector<void*>& subtrees,
                                          Deadline deadline) {
  const Range blocks = gradients_.BlocksOf(bucket);
  const auto& spans = model_->space().blocks();
  const graph::Block& last = spans[static_cast<size_t>(blocks.end - 1)];
  const int64_t begin = spans[static_cast<size_t>(blocks.begin)].offset;
  const int64_t count = last.offset + last.length - begin;
  const DType dtype = model_->precision();
  stream_->Enqueue([subtrees, begin, count, dtype] {
    for (size_t i = 1; i < subtrees.size(); ++i) {
      AddInto(dtype, At(subtrees[0], begin, dtype), At(subtrees[i], begin, dtype), count);
    }
    return OkStatus();
  });
  return communicator_->AllReduceSum(At(subtrees[0], begin, dtype), static_cast<size_t>(count),
                                     dtype, stream_, deadline);
}

Status ParameterUpdate::WaitFor(const EventPtr& event) {
  const TimePoint began = Clock::Real().Now();
  const Status status = event->Wait(Deadline::Never());  // the exchange has the deadline
  waited_ += Clock::Real().Now() - began;
  return status;
}

Status ParameterUpdate::ForBlocks(Range blocks, LaneWorkspaces& workspaces,
                                  const std::function<Status(int64_t, void*)>& each) {
  std::vector<Status> statuses(static_cast<size_t>(blocks.size()));
  std::atomic<int64_t> next = blocks.begin;
  RETURN_IF_ERROR(workspaces.RunAll([&](LaneWorkspace& workspace) {
    for (int64_t block = next++; block < blocks.end; block = next++) {
      if (!Updates(block) || !Trained(block)) continue;
      statuses[static_cast<size_t>(block - blocks.begin)] = each(block, workspace.arena.data());
    }
    return OkStatus();
  }));
  for (Status& status : statuses) RETURN_IF_ERROR(std::move(status));  // the first by its number
  return OkStatus();
}

std::vector<const void*> ParameterUpdate::ArgumentsOf(const graph::Plan& plan, int64_t block,
                                                      const void* sums,
                                                      const std::vector<ScalarCells>& scalars,
                                                      ModelState* state) const {
  const graph::Block& span = model_->space().blocks()[static_cast<size_t>(block)];
  std::vector<const void*> args = {At(state->parameters(), span.offset, model_->precision()),
                                   At(sums, span.offset, model_->precision())};
  size_t slot = 0, scalar = 0;
  for (size_t i = args.size(); i < plan.args.size(); ++i) {
    args.push_back(plan.args[i].kind == graph::ArgKind::kState
                       ? state->SlotOfBlock(slot++, block)
                       : scalars[static_cast<size_t>(span.tensor)].At(scalar++, plan.args[i].name));
  }
  return args;
}

Status ParameterUpdate::UpdateBlock(int64_t block, const void* sums,
                                    const std::vector<ScalarCells>& scalars, void* arena,
                                    ModelState* state) {
  const graph::Block& span = model_->space().blocks()[static_cast<size_t>(block)];
  std::vector<void*> results = {At(state->parameters(), span.offset, model_->precision())};
  for (size_t i = 0; i < model_->program().slots().size(); ++i) {
    results.push_back(state->SlotOfBlock(i, block));
  }
  const Executor& update =
      model_->Update(span.length, model_->program().GroupOf(static_cast<size_t>(span.tensor)));
  const std::vector<const void*> args = ArgumentsOf(update.plan(), block, sums, scalars, state);
  return update.Run({.args = args, .results = results, .arena = arena}, stream_);
}

Status ParameterUpdate::CheckFinite(int64_t block, const void* sums) const {
  const graph::Block& span = model_->space().blocks()[static_cast<size_t>(block)];
  const void* data = At(sums, span.offset, model_->precision());
  const bool finite = model_->precision() == DType::kFloat64
                          ? AllFinite(static_cast<const double*>(data), span.length)
                          : AllFinite(static_cast<const float*>(data), span.length);
  if (finite) return OkStatus();
  return NonFinite("the gradient of '" +
                   model_->program().parameters()[static_cast<size_t>(span.tensor)].name +
                   "' is not finite although the loss is" + kNonFiniteRemedy);
}

Result<double> ParameterUpdate::SummedNorm(const void* sums, Deadline deadline) {
  const auto& blocks = model_->space().blocks();
  std::vector<double> squares(blocks.size(), 0.0);
  for (size_t i = 0; i < blocks.size(); ++i) {
    const auto block = static_cast<int64_t>(i);
    if (gradients_.OwnerOf(block) != communicator_->rank() || !Trained(block)) continue;
    const void* data = At(sums, blocks[i].offset, model_->precision());
    squares[i] = model_->precision() == DType::kFloat64
                     ? ops::BlockSquaredNorm(static_cast<const double*>(data), blocks[i].length)
                     : ops::BlockSquaredNorm(static_cast<const float*>(data), blocks[i].length);
  }
  const TimePoint began = Clock::Real().Now();
  RETURN_IF_ERROR(gradient_norms_.Gather(&squares, stream_, deadline));
  waited_ += Clock::Real().Now() - began;
  return gradient_norms_.Global(squares);
}

Status ParameterUpdate::AddNorms(const void* sums, LaneWorkspaces& workspaces, ModelState* state,
                                 std::vector<ScalarCells>* scalars, Deadline deadline) {
  const graph::Program& program = model_->program();
  const auto& blocks = model_->space().blocks();
  const size_t norms = program.norms().size();
  std::vector<double> squares(blocks.size() * norms, 0.0);
  RETURN_IF_ERROR(ForBlocks(
      {0, static_cast<int64_t>(blocks.size())}, workspaces,
      [&](int64_t block, void* arena) -> Status {
        RETURN_IF_ERROR(CheckFinite(block, sums));
        const graph::Block& span = blocks[static_cast<size_t>(block)];
        const Executor& measure =
            model_->Measure(span.length, program.GroupOf(static_cast<size_t>(span.tensor)));
        const std::vector<const void*> args =
            ArgumentsOf(measure.plan(), block, sums, *scalars, state);
        const std::vector<void*> results = {&squares[static_cast<size_t>(block) * norms]};
        return measure.Run({.args = args, .results = results, .arena = arena}, stream_);
      }));
  const TimePoint began = Clock::Real().Now();
  RETURN_IF_ERROR(tensor_norms_->Gather(&squares, stream_, deadline));
  waited_ += Clock::Real().Now() - began;
  for (size_t i = 0; i < program.parameters().size(); ++i) {
    if (!program.Trains(phase_, i, stage_)) continue;
    const std::vector<double> of_parameter = tensor_norms_->OfTensor(squares, i);
    for (size_t norm = 0; norm < norms; ++norm) {
      if (!std::isfinite(of_parameter[norm])) {
        return NonFinite("'" + program.parameters()[i].name + "' has a " + program.norms()[norm] +
                         " that is not finite" + kNonFiniteRemedy);
      }
      (*scalars)[i].Add(program.norms()[norm], of_parameter[norm]);
    }
  }
  return OkStatus();
}

Status ParameterUpdate::GatherAverages(ModelState* state, void* arena, Deadline deadline) {
  const auto& blocks = model_->space().blocks();
  const DType dtype = model_->precision();
  const size_t slot = *model_->program().ema_slot();
  for (const int64_t block : OwnedBlocks()) {
    const graph::Block& span = blocks[static_cast<size_t>(block)];
    std::memcpy(At(arena, span.offset, dtype), state->SlotOfBlock(slot, block),
                static_cast<size_t>(span.length * SizeOf(dtype)));
  }
  for (int64_t b = 0; !everyone_updates() && b < gradients_.buckets(); ++b) {
    RETURN_IF_ERROR(WaitFor(gradients_.Gather(b, arena, stream_, deadline)));
  }
  const int64_t begin = model_->space().elements();
  const int64_t frozen = model_->space().arena_elements() - begin;
  std::memcpy(At(arena, begin, dtype), At(state->parameters(), begin, dtype),
              static_cast<size_t>(frozen * SizeOf(dtype)));
  return OkStatus();
}

Status ParameterUpdate::UpdateRunning(const LaneRunner& lanes, ModelState* state,
                                      Deadline deadline) {
  if (statistics_ == nullptr) return OkStatus();
  double* sums = static_cast<double*>(lanes.statistics()[0]);
  const std::vector<const void*> subtrees(lanes.statistics().begin(), lanes.statistics().end());
  for (int64_t b = 0; b < statistics_->buckets(); ++b) {
    RETURN_IF_ERROR(WaitFor(statistics_->Reduce(b, subtrees, sums, stream_, deadline)));
  }
  const std::vector<size_t>& layers = model_->running_space().learning();
  for (int64_t block : statistics_->OwnedBlocks()) {
    RETURN_IF_ERROR(UpdateRunningLayer(layers[static_cast<size_t>(block)], sums,
                                       lanes.workspaces().first().arena.data(), state));
  }
  for (int64_t b = 0; b < running_->buckets(); ++b) {
    RETURN_IF_ERROR(WaitFor(running_->Gather(b, state->running(), stream_, deadline)));
  }
  return OkStatus();
}

Status ParameterUpdate::UpdateRunningLayer(size_t layer, const double* sums, void* arena,
                                           ModelState* state) {
  const RunningSpace& space = model_->running_space();
  const auto update = [&](int64_t state_at, int64_t total_at, int64_t count_at) {
    void* running = At(state->running(), state_at, model_->precision());
    const std::vector<const void*> args = {running, sums + total_at, sums + count_at};
    std::vector<void*> results = {running};
    return model_->UpdateRunning(layer).Run({.args = args, .results = results, .arena = arena},
                                            stream_);
  };
  for (int32_t call = 0; call < space.calls(layer); ++call) {
    const int64_t count = space.CountAt(layer, call);
    RETURN_IF_ERROR(update(space.MeanAt(layer), space.MeanAt(layer, call), count));
    RETURN_IF_ERROR(update(space.VarianceAt(layer), space.VarianceAt(layer, call), count));
  }
  return OkStatus();
}

}  // namespace lockstep::worker

// SPDX-License-Identifier: Apache-2.0
#include "worker/run/start_weights.h"

#include "base/hash.h"
#include "comm/reduce/agree.h"
#include "comm/reduce/all_sum.h"
#include "comm/reduce/canonical_tree.h"
#include "worker/model/state_tensors.h"
#include "worker/model/weights.h"
#include "worker/report/named_weights.h"

namespace lockstep::worker {
namespace {

uint64_t HashOf(const CompiledModel& model, const ModelState& state) {
  const auto size = static_cast<size_t>(SizeOf(model.precision()));
  Hasher hasher;
  hasher.Update(state.parameters(), static_cast<size_t>(model.space().arena_elements()) * size);
  hasher.Update(state.running(),
                static_cast<size_t>(model.running_space().arena_elements()) * size);
  return hasher.Digest64();
}

// That all ranks hold the same state: no rank differs from the mean of all, in either half of its
// hash, just if none differs from another.
Status CheckSameOnAllRanks(uint64_t hash, int32_t lanes, comm::Communicator* communicator,
                           Stream* stream, Deadline deadline) {
  const int32_t ranks = communicator->size();
  const comm::SumRow mine{
      .f64 = {},
      .i64 = {static_cast<int64_t>(hash & 0xffffffff), static_cast<int64_t>(hash >> 32)}};
  const Range own = comm::LanesOfRank(communicator->rank(), ranks, lanes);
  std::vector<comm::SumRow> rows(static_cast<size_t>(own.size()), {.f64 = {}, .i64 = {0, 0}});
  rows[0] = mine;
  ASSIGN_OR_RETURN(const comm::SumRow total,
                   comm::AllSum(communicator, lanes, rows, stream, deadline));
  const bool same = total.i64[0] == ranks * mine.i64[0] && total.i64[1] == ranks * mine.i64[1];
  const Status status =
      same ? OkStatus()
           : FailedPrecondition("its weights " + Hex64(hash) +
                                " are not those that all other ranks read; give every rank the "
                                "same file");
  return comm::AgreeOnStatus(communicator, status, stream, deadline);
}

// "60 tensors are from 'resnet18.safetensors'; fc.weight, fc.bias are drawn by the seed".
std::string LoadedText(const CompiledModel& model, const std::string& name, bool replace_head,
                       const std::vector<std::string>& drawn) {
  const size_t tensors = ModelTensorTypes(model).size();
  std::string text = std::to_string(tensors - drawn.size()) + " tensors are from '" + name + "'";
  for (size_t i = 0; i < drawn.size(); ++i) text += (i == 0 ? "; " : ", ") + drawn[i];
  if (replace_head && drawn.empty()) {
    text += ", the last layer too: it is of as many classes, so model.replace_head changes nothing";
  }
  if (!drawn.empty())
    text += drawn.size() == 1 ? " is drawn by the seed" : " are drawn by the seed";
  return text;
}

}  // namespace

Result<std::string> StartFromWeights(const CompiledModel& model, const ModelConfig& config,
                                     int32_t lanes, comm::Communicator* communicator,
                                     Stream* stream, Deadline deadline, ModelState* state,
                                     const storage::Advance& advance) {
  std::vector<std::string> drawn;
  const auto load = [&]() -> Status {
    ASSIGN_OR_RETURN(const NamedWeights weights, FindWeights(config.weights));
    if (!config.replace_head) return LoadWeights(model, weights, state, advance);
    ASSIGN_OR_RETURN(drawn, LoadWeightsBesideHead(model, weights, state, advance));
    return OkStatus();
  };
  const Status loaded = load();
  RETURN_IF_ERROR(
      comm::AgreeOnStatus(communicator, loaded.WithContext("model.weights"), stream, deadline));
  RETURN_IF_ERROR(CheckSameOnAllRanks(HashOf(model, *state), lanes, communicator, stream, deadline)
                      .WithContext("model.weights '" + config.weights + "'"));
  state->StartAverages(model);
  return LoadedText(model, config.weights, config.replace_head, drawn);
}

}  // namespace lockstep::worker

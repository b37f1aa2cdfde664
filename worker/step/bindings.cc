// SPDX-License-Identifier: Apache-2.0
#include "worker/step/bindings.h"

#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"
#include "graph/autodiff/autodiff.h"
#include "graph/plan/memory.h"

namespace lockstep::worker {
namespace {

int64_t InputIndex(const graph::Program& program, const std::string& tensor) {
  for (size_t i = 0; i < program.batch_tensors().size(); ++i) {
    if (program.batch_tensors()[i].name == tensor) return static_cast<int64_t>(i);
  }
  CHECK(false) << "a plan reads '" << tensor << "', which is no input of its program";
  return -1;
}

int64_t OffsetOfParameter(const CompiledModel& model, std::string_view name) {
  const size_t tensor = model.program().ParameterIndex(name);
  return model.space().segments()[tensor].offset * SizeOf(model.precision());
}

const void* InputAt(const graph::Plan& plan, const graph::Arg& arg, int64_t index,
                    const storage::LaneBatch& batch) {
  const auto i = static_cast<size_t>(index);
  CHECK(i < batch.tensors.size() && batch.tensors[i].name == arg.name)
      << "plan '" << plan.name << "' reads '" << arg.name << "' as tensor " << index
      << " of a batch; this one has " << batch.ToString();
  const storage::NamedTensor& tensor = batch.tensors[i];
  CHECK_EQ(tensor.type, arg.type) << "'" << arg.name << "' of plan '" << plan.name << "'";
  return tensor.data.data();
}

const char* Bytes(const void* memory) { return static_cast<const char*>(memory); }
char* Bytes(void* memory) { return static_cast<char*>(memory); }

}  // namespace

ArgumentPlaces::ArgumentPlaces(const CompiledModel& model, const graph::Plan* plan) : plan_(plan) {
  int64_t scalars = 0;
  for (const graph::Arg& arg : plan->args) {
    Place place{arg.kind};
    switch (arg.kind) {
      case graph::ArgKind::kInput:
        place.at = InputIndex(model.program(), arg.name);
        place.copied_to = input_bytes_;
        input_bytes_ += graph::Aligned(arg.type.bytes(), plan->alignment);
        break;
      case graph::ArgKind::kParameter:
        place.at = OffsetOfParameter(model, arg.name);
        break;
      case graph::ArgKind::kState:
        place.at = model.running_space().PlaceOf(arg.name) * SizeOf(model.precision());
        break;
      case graph::ArgKind::kScalar:
        place.at = scalars++;
        break;
    }
    places_.push_back(place);
  }
}

std::vector<const void*> ArgumentPlaces::Bind(const ModelState& state,
                                              const storage::LaneBatch& batch,
                                              const ScalarCells* scalars,
                                              const void* inputs) const {
  std::vector<const void*> args;
  args.reserve(places_.size());
  for (size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    const graph::Arg& arg = plan_->args[i];
    switch (place.kind) {
      case graph::ArgKind::kInput:
        args.push_back(inputs == nullptr ? InputAt(*plan_, arg, place.at, batch)
                                         : Bytes(inputs) + place.copied_to);
        break;
      case graph::ArgKind::kParameter:
        args.push_back(Bytes(state.device_parameters()) + place.at);
        break;
      case graph::ArgKind::kState:
        args.push_back(Bytes(state.device_running()) + place.at);
        break;
      case graph::ArgKind::kScalar:
        CHECK(scalars != nullptr) << "a plan reads a scalar " << arg.name;
        args.push_back(scalars->At(static_cast<size_t>(place.at), arg.name));
        break;
    }
  }
  return args;
}

void ArgumentPlaces::CopyInputs(const storage::LaneBatch& batch, void* to) const {
  for (size_t i = 0; i < places_.size(); ++i) {
    const graph::Arg& arg = plan_->args[i];
    const auto bytes = static_cast<size_t>(arg.type.bytes());
    if (places_[i].kind != graph::ArgKind::kInput || bytes == 0) continue;
    std::memcpy(Bytes(to) + places_[i].copied_to, InputAt(*plan_, arg, places_[i].at, batch),
                bytes);
  }
}

LaneResultPlaces::LaneResultPlaces(const CompiledModel& model, const graph::Plan& plan) {
  CHECK_EQ(plan.ResultIndex(graph::kNumerator), 0u);
  CHECK_EQ(plan.ResultIndex(graph::kDenominator), 1u);
  for (size_t i = 2; i < plan.results.size(); ++i) {
    const std::string_view name = plan.results[i].name;
    if (name.starts_with(graph::kGradientPrefix)) {
      places_.push_back({Where::kGradients,
                         OffsetOfParameter(model, name.substr(graph::kGradientPrefix.size()))});
    } else if (name.starts_with(graph::kSumPrefix)) {
      places_.push_back({Where::kSums, sum_bytes_});
      sum_bytes_ += graph::Aligned(plan.results[i].type.bytes(), plan.alignment);
    } else {
      places_.push_back(
          {Where::kStatistics, model.running_space().PlaceOf(name) * SizeOf(DType::kFloat64)});
    }
  }
}

std::vector<void*> LaneResultPlaces::Bind(double* numerator, double* denominator, void* gradients,
                                          void* statistics, void* sums) const {
  std::vector<void*> results = {numerator, denominator};
  results.reserve(2 + places_.size());
  for (const Place& place : places_) {
    void* const memory = place.where == Where::kGradients    ? gradients
                         : place.where == Where::kStatistics ? statistics
                                                             : sums;
    results.push_back(Bytes(memory) + place.offset);
  }
  return results;
}

EvalResultPlaces::EvalResultPlaces(const graph::Plan& plan) {
  for (const graph::PlanResult& result : plan.results) {
    offsets_.push_back(bytes_);
    bytes_ += graph::Aligned(result.type.bytes(), plan.alignment);
  }
}

std::vector<void*> EvalResultPlaces::Bind(void* buffer) const {
  std::vector<void*> results;
  for (const int64_t offset : offsets_) results.push_back(Bytes(buffer) + offset);
  return results;
}

}  // namespace lockstep::worker

// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/sample_inputs.h"

#include <algorithm>

#include "base/check.h"
#include "base/philox.h"

namespace lockstep::ops {
namespace {

constexpr uint64_t kSeed = 20231;
constexpr double kGap = 0.0625;  // of kDistinct; a power of two, exact in float32

// The random words of one tensor.
class Words {
 public:
  Words(std::string_view op, const Sample& sample, std::string_view purpose, size_t tensor)
      : key_(StreamKey(kSeed, purpose, SamplePath(op, sample))),
        tensor_(static_cast<uint32_t>(tensor)) {}

  PhiloxCounter Of(int64_t element, uint32_t attempt = 0) const {
    const uint64_t e = static_cast<uint64_t>(element);
    return Philox4x32({LowWord(e), HighWord(e), tensor_, attempt}, key_);
  }
  double Normal(int64_t element) const {
    const PhiloxCounter words = Of(element);
    return NormalFromWords(words[0], words[1]);
  }

 private:
  PhiloxKey key_;
  uint32_t tensor_;
};

double Element(const SampleInput& input, const Words& words, int64_t i) {
  switch (input.fill) {
    case Fill::kNormal:
      return words.Normal(i);
    case Fill::kPositive:
      return 0.5 + static_cast<double>(UniformFloat(words.Of(i)[0]));
    case Fill::kAwayFromZero: {
      const double normal = words.Normal(i);
      return normal < 0 ? normal - 0.125 : normal + 0.125;
    }
    case Fill::kLabels: {
      CHECK(input.limit > 0) << "a sample's labels need a limit";
      const auto word = [&](uint32_t attempt) { return words.Of(i, attempt)[0]; };
      return UniformBelow(static_cast<uint32_t>(input.limit), word);
    }
    case Fill::kUnitMask:
      return words.Of(i)[0] >> 31;
    case Fill::kDistinct:
      break;
  }
  CHECK(false) << "kDistinct is filled as a whole";
  return 0;
}

// A shuffled grid around 0.
void FillDistinct(const Words& words, GuardedTensor* tensor) {
  const uint32_t n = static_cast<uint32_t>(tensor->elements());
  const std::vector<uint32_t> places =
      Shuffled(n, [&](uint32_t i, uint32_t attempt) { return words.Of(i, attempt)[0]; });
  for (uint32_t i = 0; i < n; ++i) {
    tensor->Set(i, (static_cast<double>(places[i]) - n / 2 + 0.25) * kGap);
  }
}

}  // namespace

TensorType InPrecision(TensorType type, DType precision) {
  if (type.dtype == DType::kFloat32) type.dtype = precision;
  return type;
}

std::vector<TensorType> SampleTypes(const Sample& sample, DType precision) {
  std::vector<TensorType> types;
  for (const SampleInput& in : sample.in) types.push_back(InPrecision(in.type, precision));
  return types;
}

std::vector<GuardedTensor> MakeSampleInputs(std::string_view op, const Sample& sample,
                                            DType precision) {
  std::vector<GuardedTensor> tensors;
  for (const SampleInput& in : sample.in) {
    GuardedTensor& tensor = tensors.emplace_back(InPrecision(in.type, precision));
    const Words words(op, sample, "sample-input", tensors.size());
    if (in.fill == Fill::kDistinct) {
      FillDistinct(words, &tensor);
    } else {
      for (int64_t i = 0; i < tensor.elements(); ++i) tensor.Set(i, Element(in, words, i));
    }
  }
  return tensors;
}

GuardedTensor MakeSampleGradient(std::string_view op, const Sample& sample, size_t output,
                                 const TensorType& type) {
  GuardedTensor gradient(type);
  const Words words(op, sample, "sample-gradient", output);
  for (int64_t i = 0; i < gradient.elements(); ++i) gradient.Set(i, words.Normal(i));
  return gradient;
}

const StepHeader& SampleStep() {
  static constexpr StepHeader kStep = {.seed = 7, .step = 3, .lane = 2};
  return kStep;
}

std::string SamplePath(std::string_view op, const Sample& sample) {
  return std::string(op) + "/" + sample.name;
}

}  // namespace lockstep::ops

// SPDX-License-Identifier: Apache-2.0
#include "graph/program/initialise.h"

#include "base/philox.h"
#include "graph/io/tensor_order.h"

namespace lockstep::graph {
namespace {

// The value of element i in the file's order.
double FirstValue(const Initializer& init, uint64_t i, PhiloxKey key) {
  const auto word = [&](uint32_t draw) {
    return Philox4x32({LowWord(i), HighWord(i), draw, 0}, key)[0];
  };
  switch (init.kind) {
    case Initializer::Kind::kConstant:
      break;
    case Initializer::Kind::kUniform:
      return -init.value + 2.0 * init.value * static_cast<double>(UniformFloat(word(0)));
    case Initializer::Kind::kNormal:
      return init.value * NormalFromWords(word(0), word(1));
  }
  return init.value;
}

}  // namespace

template <typename T>
void Initialise(const Parameter& parameter, uint64_t seed, T* memory) {
  const PhiloxKey key = StreamKey(seed, "init", parameter.name);
  ForEachElement(parameter, [&](int64_t file, int64_t at) {
    memory[at] = static_cast<T>(FirstValue(parameter.init, static_cast<uint64_t>(file), key));
  });
}

template void Initialise<float>(const Parameter&, uint64_t, float*);
template void Initialise<double>(const Parameter&, uint64_t, double*);

}  // namespace lockstep::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/program/initialise.h"

#include "base/philox.h"
#include "graph/io/tensor_order.h"

namespace lockstep::graph {

template <typename T>
void Initialise(const Parameter& parameter, uint64_t seed, T* memory) {
  const PhiloxKey key = StreamKey(seed, "init", parameter.name);
  const std::vector<int64_t> memory_index = MemoryIndexOfFileElement(parameter);
  const double b = parameter.init.value;
  for (size_t i = 0; i < memory_index.size(); ++i) {
    double value = b;
    if (parameter.init.kind == Initializer::Kind::kUniform) {
      const uint32_t word = Philox4x32({LowWord(i), HighWord(i), 0, 0}, key)[0];
      value = -b + 2.0 * b * static_cast<double>(UniformFloat(word));
    }
    memory[memory_index[i]] = static_cast<T>(value);
  }
}

template void Initialise<float>(const Parameter&, uint64_t, float*);
template void Initialise<double>(const Parameter&, uint64_t, double*);

}  // namespace lockstep::graph

// SPDX-License-Identifier: Apache-2.0
#include "graph/program/initialise.h"

#include "base/philox.h"
#include "base/watch.h"
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
Status Initialise(const Parameter& parameter, uint64_t seed, T* memory,
                  const std::atomic<bool>* stop) {
  const PhiloxKey key = StreamKey(seed, "init", parameter.name);
  const auto keep_going = [&] { return CheckStop(stop).ok(); };
  const bool all = ForEachElementWhile(parameter, keep_going, [&](int64_t file, int64_t at) {
    memory[at] = static_cast<T>(FirstValue(parameter.init, static_cast<uint64_t>(file), key));
  });
  return all ? OkStatus() : CheckStop(stop);
}

template Status Initialise<float>(const Parameter&, uint64_t, float*, const std::atomic<bool>*);
template Status Initialise<double>(const Parameter&, uint64_t, double*, const std::atomic<bool>*);

}  // namespace lockstep::graph

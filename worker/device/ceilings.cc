// SPDX-License-Identifier: Apache-2.0
// Loops are compiled for their instruction set by attributes of their own; the rest of the program
// is not. The best of several short repetitions counts: a ceiling is what nobody disturbed.
#include "worker/device/ceilings.h"

#include <immintrin.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/aligned_buffer.h"
#include "base/clock.h"
#include "base/device/cpu_isa.h"
#include "base/thread_pool.h"

namespace lockstep::worker {
namespace {

constexpr int64_t kTurns = 200'000;  // of a loop in one repetition
constexpr auto kTimeOfLoop = std::chrono::milliseconds(100);
constexpr auto kTimeOfTriad = std::chrono::milliseconds(200);

// Each runs `turns` turns of so many independent x = x * a + b that neither the unit's latency nor
// the registers limit it, and returns a number that depends on all of them. Values stay near 1.

// SSE2, of every x86-64: multiplication and addition are two instructions.
constexpr int kSseChains = 10;
float LoopSse(int64_t turns) {
  const __m128 a = _mm_set1_ps(0.5f), b = _mm_set1_ps(0.5f);
  __m128 x[kSseChains];
  for (int i = 0; i < kSseChains; ++i) x[i] = _mm_set1_ps(1.0f + 0.01f * static_cast<float>(i));
  for (int64_t turn = 0; turn < turns; ++turn) {
#pragma GCC unroll 16
    for (int i = 0; i < kSseChains; ++i) x[i] = _mm_add_ps(_mm_mul_ps(x[i], a), b);
  }
  float sum = 0.0f;
  for (const __m128& v : x) sum += _mm_cvtss_f32(v);
  return sum;
}

constexpr int kAvx2Chains = 12;
__attribute__((target("avx2,fma"))) float LoopAvx2(int64_t turns) {
  const __m256 a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.5f);
  __m256 x[kAvx2Chains];
  for (int i = 0; i < kAvx2Chains; ++i) x[i] = _mm256_set1_ps(1.0f + 0.01f * static_cast<float>(i));
  for (int64_t turn = 0; turn < turns; ++turn) {
#pragma GCC unroll 16
    for (int i = 0; i < kAvx2Chains; ++i) x[i] = _mm256_fmadd_ps(x[i], a, b);
  }
  float sum = 0.0f;
  for (const __m256& v : x) sum += _mm256_cvtss_f32(v);
  return sum;
}

constexpr int kAvx512Chains = 24;
__attribute__((target("avx512f"))) float LoopAvx512(int64_t turns) {
  const __m512 a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.5f);
  __m512 x[kAvx512Chains];
  for (int i = 0; i < kAvx512Chains; ++i) {
    x[i] = _mm512_set1_ps(1.0f + 0.01f * static_cast<float>(i));
  }
  for (int64_t turn = 0; turn < turns; ++turn) {
#pragma GCC unroll 32
    for (int i = 0; i < kAvx512Chains; ++i) x[i] = _mm512_fmadd_ps(x[i], a, b);
  }
  float sum = 0.0f;
  for (const __m512& v : x) sum += _mm512_cvtss_f32(v);
  return sum;
}

struct Loop {
  std::string name;
  float (*run)(int64_t turns);
  int64_t flops_a_turn;
};

std::vector<Loop> Loops() {
  std::vector<Loop> loops;
  const auto add = [&loops](CpuIsa isa, float (*run)(int64_t), int64_t flops_a_turn) {
    if (isa <= HostCpuIsa()) loops.push_back({std::string(NameOf(isa)), run, flops_a_turn});
  };
  add(CpuIsa::kAvx512, LoopAvx512, 2 * 16 * kAvx512Chains);
  add(CpuIsa::kAvx2, LoopAvx2, 2 * 8 * kAvx2Chains);
  add(CpuIsa::kBaseline, LoopSse, 2 * 4 * kSseChains);
  return loops;
}

// Seconds of the fastest of the repetitions that fit into `limit`, at least two.
double BestSeconds(Duration limit, const std::function<void()>& work) {
  const TimePoint end = Clock::Real().Now() + limit;
  double best = 0.0;
  for (int repetition = 0; repetition < 2 || Clock::Real().Now() < end; ++repetition) {
    const TimePoint began = Clock::Real().Now();
    work();
    const double seconds = std::chrono::duration<double>(Clock::Real().Now() - began).count();
    if (repetition == 0 || seconds < best) best = seconds;
  }
  return best;
}

double RateOf(const Loop& loop, int threads) {
  ThreadPool pool(threads);
  std::atomic<float> sink{0.0f};  // so that no turn is left out
  const double seconds = BestSeconds(kTimeOfLoop, [&] {
    pool.ParallelFor(threads, [&](int64_t) { sink.store(loop.run(kTurns)); });
  });
  return 1e-9 * static_cast<double>(threads * kTurns * loop.flops_a_turn) / seconds;
}

}  // namespace

std::vector<std::string> MultiplyAddLoops() {
  std::vector<std::string> names;
  for (const Loop& loop : Loops()) names.push_back(loop.name);
  return names;
}

double MeasureMultiplyAdds(const std::string& loop, int threads) {
  for (const Loop& known : Loops()) {
    if (known.name == loop) return RateOf(known, threads);
  }
  return 0.0;
}

int64_t BandwidthBytes() {
  constexpr int64_t kLeast = int64_t{192} << 20, kMost = int64_t{3} << 30;
  const int64_t cache = std::max<int64_t>(0, sysconf(_SC_LEVEL3_CACHE_SIZE));
  return std::clamp(6 * cache, kLeast, kMost) / 192 * 192;  // three arrays of whole cache lines
}

Result<std::vector<double>> MeasureBandwidth(const std::vector<int>& threads) {
  const int64_t elements = BandwidthBytes() / 3 / static_cast<int64_t>(sizeof(float));
  ASSIGN_OR_RETURN(AlignedBuffer memory,
                   AlignedBuffer::Make(static_cast<size_t>(BandwidthBytes())));
  float* a = static_cast<float*>(memory.data());
  float* b = a + elements;
  float* c = b + elements;
  std::vector<double> rates;
  for (int count : threads) {
    ThreadPool pool(count);
    if (rates.empty()) {  // each thread touches first what it will read: the memory is near it
      pool.ParallelForRanges(elements, [&](Range part) {
        for (float* array : {a, b, c}) std::fill(array + part.begin, array + part.end, 1.0f);
      });
    }
    const double seconds = BestSeconds(kTimeOfTriad, [&] {
      pool.ParallelForRanges(elements, [&](Range part) {
        for (int64_t i = part.begin; i < part.end; ++i) a[i] = b[i] + 0.5f * c[i];
      });
    });
    rates.push_back(1e-9 * static_cast<double>(BandwidthBytes()) / seconds);
  }
  return rates;
}

Result<Ceilings> MeasureCeilings(int threads) {
  Ceilings ceilings;
  ceilings.threads = threads;
  for (const std::string& loop : MultiplyAddLoops()) {  // a wider one may clock lower
    const double gflops = MeasureMultiplyAdds(loop, threads);
    if (gflops <= ceilings.gflops) continue;
    ceilings.loop = loop;
    ceilings.gflops = gflops;
  }
  ceilings.gflops_one_thread =
      threads == 1 ? ceilings.gflops : MeasureMultiplyAdds(ceilings.loop, 1);
  ASSIGN_OR_RETURN(const std::vector<double> bandwidth, MeasureBandwidth({threads, 1}));
  ceilings.gbytes_per_second = bandwidth[0];
  ceilings.gbytes_per_second_one_thread = bandwidth[1];
  return ceilings;
}

}  // namespace lockstep::worker

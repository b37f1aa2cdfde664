// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_softmax.h"

namespace lockstep::ops::cross_entropy {

GPU_DEVICE bool ClassExists(int32_t label, int64_t classes) {
  return label >= 0 && label < classes;
}

// -sum_k q_k log p_k from the sum of exponentials; `own` is the label's logit less the maximum,
// `shifted` the sum of all of these, which only smoothing reads.
GPU_DEVICE double LossOfRow(double sum, double own, double shifted, int64_t classes,
                            double smoothing) {
  const double log_sum = log(sum);
  if (smoothing == 0.0) return log_sum - own;
  const double uniform = log_sum - shifted / static_cast<double>(classes);
  return (1.0 - smoothing) * (log_sum - own) + smoothing * uniform;
}

// A block a row: its probabilities and its loss, -sum_k q_k log p_k. p may be the logits.
GPU_KERNEL(cross_entropy_f32, (const float* logits, const int32_t* labels, float* p, double* losses,
                               int64_t rows, int64_t classes, double smoothing)) {
  GPU_SHARED(double, scratch, gpu::kThreads);
  for (int64_t row = gpu::BlockIndex(); row < rows; row += gpu::BlockCount()) {
    const float* const x = logits + row * classes;
    const int32_t label = labels[row];
    const gpu::RowSums sums = gpu::SumsOfRow(x, classes, scratch);
    const double own =
        ClassExists(label, classes) ? static_cast<double>(x[label]) - sums.max : gpu::NotANumber();
    const double shifted =
        smoothing == 0.0 ? 0.0 : gpu::SumOfShifted(x, classes, sums.max, scratch);
    gpu::Barrier();  // the logit of the label has been read
    gpu::StoreProbabilities(x, classes, sums, p + row * classes);
    if (gpu::ThreadIndex() == 0) {
      gpu::Store(losses + row, LossOfRow(sums.sum, own, shifted, classes, smoothing));
    }
  }
}

GPU_KERNEL(cross_entropy_grad_f32,
           (const float* p, const int32_t* labels, const double* dnumerator, float* dlogits,
            int64_t n, int64_t classes, double own, double other)) {
  const double scale = *dnumerator;
  GPU_FOR(i, n) {
    const int64_t row = i / classes, k = i - row * classes;
    const int32_t label = labels[row];
    const double q = !ClassExists(label, classes) ? gpu::NotANumber() : k == label ? own : other;
    gpu::Store(dlogits + i, static_cast<float>((static_cast<double>(p[i]) - q) * scale));
  }
}

}  // namespace lockstep::ops::cross_entropy

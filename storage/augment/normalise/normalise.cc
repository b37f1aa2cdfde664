// SPDX-License-Identifier: Apache-2.0
// normalise: (x / 255 - mean) / std with the dataset's statistics of each channel;
// normalise:mean=M:std=S: with numbers of the recipe, one, or one a channel (0.5,0.4). Ends a list.
// Draws: none.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/augment/op_options.h"
#include "storage/augment/registry.h"

namespace lockstep::storage::augmentations::normalise {
namespace {

struct Options {
  std::vector<double> mean, std;

  template <typename V>
  void Visit(V&& v) {
    v("mean", mean, Says("one number, or one a channel (0.5,0.4); without it the dataset's"));
    v("std", std, Says("one number, or one a channel; given where mean is"));
  }
};

class Normalise : public AugmentOp {
 public:
  explicit Normalise(ChannelStatistics statistics) : statistics_(std::move(statistics)) {}

  bool random() const override { return false; }
  Result<ImageSize> OutputSize(ImageSize in) const override { return in; }
  void Run(AugmentDraws*, AugmentedSample*) const override {}
  const ChannelStatistics* normalises() const override { return &statistics_; }

 private:
  ChannelStatistics statistics_;
};

Result<std::unique_ptr<AugmentOp>> Make(const Options& options, const AugmentContext& context) {
  if (options.mean.empty() != options.std.empty()) {
    return InvalidArgument("has only one of mean and std; give both, or none for the dataset's");
  }
  ChannelStatistics used = *context.statistics;
  if (!options.mean.empty()) used = {options.mean, options.std};
  if (used.mean.size() != used.std.size() || used.mean.empty()) {
    return InvalidArgument("has " + std::to_string(used.mean.size()) + " means and " +
                           std::to_string(used.std.size()) + " standard deviations, expected " +
                           "equally many: one, or one a channel");
  }
  for (size_t c = 0; c < used.std.size(); ++c) {
    if (used.std[c] > 0.0) continue;
    return InvalidArgument("the standard deviation of channel " + std::to_string(c) + " is " +
                           std::to_string(used.std[c]) +
                           ", expected more than 0; give one with normalise:mean=M:std=S");
  }
  return MakeAugmentOp<Normalise>(std::move(used));
}

}  // namespace

void Register(AugmentRegistry& registry) {
  registry.Add<Options>({.name = "normalise",
                         .doc = "(x / 255 - mean) / std of each channel; the last operation",
                         .values = 0,
                         .make = Make});
}

}  // namespace lockstep::storage::augmentations::normalise

// SPDX-License-Identifier: Apache-2.0
// ListedImporter: what most importers are: one that knows everything but the values of its samples
// once it is open. The importers of a format fill in the members and write Read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "storage/importers/importer.h"

namespace lockstep::storage {

class ListedImporter : public Importer {
 public:
  const Schema& schema() const override { return schema_; }
  const std::vector<SplitListing>& splits() const override { return splits_; }
  const std::vector<RejectedFile>& rejected() const override { return rejected_; }
  std::vector<SplitListing> TakeSplits() override { return std::exchange(splits_, {}); }
  std::vector<std::string> warnings(const IsAccepted& /*accepted*/) const override {
    return warnings_;
  }
  int64_t bytes() const override { return bytes_; }

 protected:
  Schema schema_;
  std::vector<SplitListing> splits_;
  std::vector<RejectedFile> rejected_;
  std::vector<std::string> warnings_;
  int64_t bytes_ = 0;
};

// The samples of all splits, in the order of the listing. A Sample has `split` and `path`.
template <typename Sample>
class SampleTable {
 public:
  void Add(Sample sample) { samples_.push_back(std::move(sample)); }
  std::vector<Sample>& samples() { return samples_; }  // in the order in which they were added

  // Sorts, and lists the splits, which take the paths over. Paths of one split differ.
  void List(std::vector<SplitListing>* splits) {
    std::sort(samples_.begin(), samples_.end(), [](const Sample& a, const Sample& b) {
      return std::tie(a.split, a.path) < std::tie(b.split, b.path);
    });
    for (size_t i = 0; i < samples_.size(); ++i) {
      if (splits->empty() || splits->back().name != samples_[i].split) {
        splits->push_back({samples_[i].split, {}});
        first_.push_back(i);
      }
      splits->back().paths.push_back(std::move(samples_[i].path));
    }
  }

  // After List: the place of a sample among all, and the sample, without its path.
  size_t PlaceOf(size_t split, size_t index) const { return first_[split] + index; }
  const Sample& At(size_t place) const { return samples_[place]; }
  // The split and the index in it of the sample at a place.
  std::pair<size_t, size_t> SplitOf(size_t place) const {
    const auto after = std::upper_bound(first_.begin(), first_.end(), place);
    const auto split = static_cast<size_t>(after - first_.begin()) - 1;
    return {split, place - first_[split]};
  }

 private:
  std::vector<Sample> samples_;
  std::vector<size_t> first_;  // of each split
};

}  // namespace lockstep::storage

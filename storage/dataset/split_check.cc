// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/split_check.h"

#include <algorithm>
#include <functional>

namespace lockstep::storage {
namespace {

constexpr size_t kMostNamed = 5;  // classes in one warning

void MergeSize(int64_t other, int64_t* mine) {
  if (*mine == -1) *mine = other;
  if (*mine != other && other != -1) *mine = 0;
}

bool OfOneSize(const SplitLook& look) {
  return look.height > 0 && look.width > 0 && look.channels > 0;
}

std::string SizeText(const SplitLook& look) {
  return std::to_string(look.height) + " x " + std::to_string(look.width) + " x " +
         std::to_string(look.channels);
}

int64_t SamplesOf(const SplitLook& look, size_t label) {
  return label < look.samples_of_class.size() ? look.samples_of_class[label] : 0;
}

// "class '3'", "2 classes: '3', '7'", "9 classes: '1', '2', '3', '4', '5', ..."; empty for none.
std::string ClassesThat(const std::vector<std::string>& classes,
                        const std::function<bool(size_t label)>& wanted) {
  size_t count = 0;
  std::string names;
  for (size_t label = 0; label < classes.size(); ++label) {
    if (!wanted(label)) continue;
    if (++count <= kMostNamed) names += (names.empty() ? "'" : ", '") + classes[label] + "'";
  }
  if (count == 0) return "";
  if (count == 1) return "class " + names;
  return std::to_string(count) + " classes: " + names + (count > kMostNamed ? ", ..." : "");
}

// Whether an image is nearer to an extreme than another: by size, then by path.
using Nearer = bool (*)(const SizeExample&, const SizeExample&);
struct Extreme {
  std::optional<SizeExample> SplitLook::*place;
  Nearer nearer;
};
bool Flatter(const SizeExample& a, const SizeExample& b) {  // a smaller height for its width
  return a.height * b.width < b.height * a.width;
}
constexpr Extreme kExtremes[] = {
    {&SplitLook::lowest,
     [](const SizeExample& a, const SizeExample& b) { return a.height < b.height; }},
    {&SplitLook::highest,
     [](const SizeExample& a, const SizeExample& b) { return a.height > b.height; }},
    {&SplitLook::narrowest,
     [](const SizeExample& a, const SizeExample& b) { return a.width < b.width; }},
    {&SplitLook::widest,
     [](const SizeExample& a, const SizeExample& b) { return a.width > b.width; }},
    {&SplitLook::flattest, Flatter},
    {&SplitLook::steepest,
     [](const SizeExample& a, const SizeExample& b) { return Flatter(b, a); }}};

void Offer(const SizeExample& example, SplitLook* look) {
  for (const Extreme& extreme : kExtremes) {
    std::optional<SizeExample>& best = look->*extreme.place;
    const bool better = !best || extreme.nearer(example, *best) ||
                        (!extreme.nearer(*best, example) && example.path < best->path);
    if (better) best = example;
  }
}

}  // namespace

void SplitLook::Add(const SampleFacts& sample, int64_t c, const std::string& path) {
  if (sample.height > 0) {
    MergeSize(sample.height, &height);
    MergeSize(sample.width, &width);
    MergeSize(c, &channels);
    Offer({sample.height, sample.width, path}, this);
  }
  if (sample.label < 0) return;
  const auto index = static_cast<size_t>(sample.label);
  if (samples_of_class.size() <= index) samples_of_class.resize(index + 1);
  ++samples_of_class[index];
}

void SplitLook::Merge(const SplitLook& other) {
  MergeSize(other.height, &height);
  MergeSize(other.width, &width);
  MergeSize(other.channels, &channels);
  if (samples_of_class.size() < other.samples_of_class.size()) {
    samples_of_class.resize(other.samples_of_class.size());
  }
  for (size_t label = 0; label < other.samples_of_class.size(); ++label) {
    samples_of_class[label] += other.samples_of_class[label];
  }
  for (const Extreme& extreme : kExtremes) {
    if (other.*extreme.place) Offer(*(other.*extreme.place), this);
  }
}

std::vector<SizeExample> SplitLook::Examples() const {
  std::vector<SizeExample> examples;
  for (const Extreme& extreme : kExtremes) {
    if (!(this->*extreme.place)) continue;
    const SizeExample& example = *(this->*extreme.place);
    if (std::find(examples.begin(), examples.end(), example) == examples.end()) {
      examples.push_back(example);
    }
  }
  return examples;
}

std::vector<std::string> SizeWarnings(const std::vector<SplitLook>& splits) {
  const SplitLook* first = nullptr;
  for (const SplitLook& look : splits) {
    if (!OfOneSize(look)) continue;
    if (first == nullptr) first = &look;
    if (SizeText(*first) == SizeText(look)) continue;
    return {"split '" + first->name + "' has images of " + SizeText(*first) +
            " (H W C) and split '" + look.name + "' has images of " + SizeText(look) +
            ": a model that is trained on one can be evaluated on the other only where the "
            "augmentation makes one size of them"};
  }
  return {};
}

std::vector<std::string> LabelWarnings(const std::vector<SplitLook>& splits,
                                       const std::vector<std::string>& classes) {
  std::vector<std::string> warnings;
  const auto warn = [&](const std::string& found, const std::string& before,
                        const std::string& after) {
    if (!found.empty()) warnings.push_back(before + found + after);
  };
  warn(ClassesThat(classes,
                   [&](size_t label) {
                     return std::all_of(splits.begin(), splits.end(), [&](const SplitLook& look) {
                       return SamplesOf(look, label) == 0;
                     });
                   }),
       "no split has a sample of ", "");
  const auto train = std::find_if(splits.begin(), splits.end(),
                                  [](const SplitLook& look) { return look.name == "train"; });
  for (const SplitLook& look : splits) {
    const std::string name = "split '" + look.name + "'";
    if (train == splits.end()) {
      warn(ClassesThat(classes,
                       [&](size_t label) {
                         return SamplesOf(look, label) == 0 &&
                                std::any_of(splits.begin(), splits.end(), [&](const SplitLook& l) {
                                  return SamplesOf(l, label) > 0;
                                });
                       }),
           name + " has no sample, and another split some, of ", "");
      continue;
    }
    warn(ClassesThat(classes,
                     [&](size_t label) {
                       return SamplesOf(look, label) > 0 && SamplesOf(*train, label) == 0;
                     }),
         name + " has samples, and split 'train' none, of ",
         "; a model trained on 'train' cannot learn it");
    warn(ClassesThat(classes,
                     [&](size_t label) {
                       return SamplesOf(look, label) == 0 && SamplesOf(*train, label) > 0;
                     }),
         name + " has no sample, and split 'train' some, of ", "");
  }
  return warnings;
}

std::vector<std::string> SplitWarnings(const std::vector<SplitLook>& splits, const Schema& schema) {
  std::vector<std::string> warnings = SizeWarnings(splits);
  const int label = schema.FirstOf(FieldKind::kLabel);
  if (label < 0) return warnings;
  for (std::string& line :
       LabelWarnings(splits, schema.fields[static_cast<size_t>(label)].classes)) {
    warnings.push_back(std::move(line));
  }
  return warnings;
}

}  // namespace lockstep::storage

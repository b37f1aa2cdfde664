// SPDX-License-Identifier: Apache-2.0
// `lockstep data show`: which samples are asked for. data_show_text.cc and data_show_sheet.cc show
// them.
#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>

#include "base/suggest.h"
#include "cluster/cli/data_commands.h"
#include "cluster/cli/data_show.h"
#include "cluster/cli/data_show_text.h"
#include "cluster/recipes/key_use.h"

namespace lockstep::cluster {
namespace {

using storage::Dataset;
using storage::DatasetInfo;
using storage::SplitInfo;

struct Words {
  std::vector<SampleId> ids;
  std::vector<std::string> overrides;
};

Result<Words> TakeApart(const DataShowOptions& options) {
  Words words;
  for (const std::string& word : options.words) {
    if (word.find('=') != std::string::npos) {
      words.overrides.push_back(word);
      continue;
    }
    uint64_t id = 0;
    const char* const end = word.data() + word.size();
    const auto [next, error] = std::from_chars(word.data(), end, id);
    if (error != std::errc() || next != end) {
      return InvalidArgument(
          "ID is '" + word +
          "', expected the number of a sample, from 0, or key=value of a recipe");
    }
    words.ids.emplace_back(id);
  }
  if (!words.overrides.empty() && options.recipe.empty()) {
    return InvalidArgument("'" + words.overrides[0] +
                           "' replaces a setting of a recipe, and there is none: give --recipe");
  }
  return words;
}

Status CheckTogether(const DataShowOptions& options, const Words& words) {
  const bool picks = options.split || options.class_name || options.count;
  if (!words.ids.empty() && picks) {
    return InvalidArgument("IDs say which samples to show; leave --split, --class and --count out");
  }
  if (options.epoch && options.recipe.empty()) {
    return InvalidArgument("--epoch says of which epoch to show the augmentation: give --recipe");
  }
  if (!options.out.empty()) {
    if (options.out.ends_with(".png")) return OkStatus();
    return InvalidArgument("--out is '" + options.out + "', expected a name that ends with .png");
  }
  if (!options.recipe.empty()) {
    return InvalidArgument("what augmentation makes is drawn: give --out FILE.png");
  }
  if (words.ids.size() == 1) return OkStatus();
  return InvalidArgument("give one ID to see its sample as text, or --out FILE.png for a picture");
}

// The class whose samples are wanted.
Result<int32_t> FindClass(const DatasetInfo& info, const std::string& name) {
  const int field = info.schema.FirstOf(FieldKind::kLabel);
  if (field < 0) {
    return InvalidArgument("--class needs samples with one label each; these have " +
                           info.schema.ToString());
  }
  const std::vector<std::string>& names = info.schema.fields[static_cast<size_t>(field)].classes;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<int32_t>(found - names.begin());
  const std::string nearest = NearestName(name, names);
  return InvalidArgument("the dataset has no class '" + name + "'" +
                         (nearest.empty() ? "; `lockstep data info` lists them"
                                          : "; did you mean '" + nearest + "'?"));
}

// The first samples of a split that have a label. Ids are a random permutation of the source, so
// they are a fair choice.
Result<std::vector<SampleId>> FirstOfClass(const Dataset& dataset, const SplitInfo& split,
                                           int32_t label, int64_t count) {
  std::vector<SampleId> ids;
  const int64_t shard = dataset.info().shard_size;
  const auto first = static_cast<int64_t>(split.first_id);
  const int64_t end = first + split.count;
  for (int64_t chunk = first / shard; chunk * shard < end; ++chunk) {
    ASSIGN_OR_RETURN(const std::vector<storage::SampleFacts> facts, dataset.Facts(chunk));
    for (size_t i = 0; i < facts.size(); ++i) {
      const int64_t id = chunk * shard + static_cast<int64_t>(i);
      if (id < first || id >= end || facts[i].label != label) continue;
      ids.emplace_back(static_cast<uint64_t>(id));
      if (static_cast<int64_t>(ids.size()) == count) return ids;
    }
  }
  return ids;
}

Result<std::vector<SampleId>> PickSamples(const DataShowOptions& options, const Dataset& dataset,
                                          const std::string& usual_split) {
  const DatasetInfo& info = dataset.info();
  const auto has = [&](const SplitInfo& split) { return split.name == usual_split; };
  std::string name = options.split.value_or(usual_split);
  if (!options.split && std::none_of(info.splits.begin(), info.splits.end(), has)) {
    name = info.splits.front().name;
  }
  ASSIGN_OR_RETURN(const SplitInfo split, info.Split(name));
  const int64_t count = options.count.value_or(kSamplesShown);
  if (options.class_name) {
    ASSIGN_OR_RETURN(const int32_t label, FindClass(info, *options.class_name));
    ASSIGN_OR_RETURN(std::vector<SampleId> ids, FirstOfClass(dataset, split, label, count));
    if (!ids.empty()) return ids;
    return NotFound("split '" + name + "' has no sample of class '" + *options.class_name + "'");
  }
  std::vector<SampleId> ids;
  for (int64_t i = 0; i < std::min(count, split.count); ++i) {
    ids.emplace_back(split.first_id + static_cast<uint64_t>(i));
  }
  return ids;
}

}  // namespace

Status RunDataShow(const DataShowOptions& options, Console* console) {
  ASSIGN_OR_RETURN(Words words, TakeApart(options));
  RETURN_IF_ERROR(CheckTogether(options, words));
  SamplesShown shown;
  shown.ids = std::move(words.ids);
  shown.epoch = Epoch(options.epoch.value_or(1) - 1);
  std::string split = "train";
  if (!options.recipe.empty()) {
    ASSIGN_OR_RETURN(const worker::TrainConfig config,
                     LoadRecipeFor(DataShowKeys(), options.recipe, words.overrides));
    shown.augment = config.augment_train;
    shown.seed = config.seed;
    split = config.data.train;
  }
  ASSIGN_OR_RETURN(const auto dataset, Dataset::Open(options.dataset));
  if (options.out.empty()) return PrintSample(*dataset, shown.ids[0], console->out);
  if (shown.ids.empty()) {
    ASSIGN_OR_RETURN(shown.ids, PickSamples(options, *dataset, split));
  }
  if (static_cast<int64_t>(shown.ids.size()) > kMostSamplesShown) {
    return InvalidArgument("there are " + std::to_string(shown.ids.size()) +
                           " IDs, and one sheet has room for " + std::to_string(kMostSamplesShown));
  }
  return DrawContactSheet(options, *dataset, shown, console);
}

Command DataShowCommand() {
  const auto o = std::make_shared<DataShowOptions>();
  return {.name = "show",
          .description = R"(Show samples: one as text, or many as a picture.

Examples:
  lockstep data show data/fashion-mnist.ldb 42
  lockstep data show data/fashion-mnist.ldb --split test --count 40 --out test.png
  lockstep data show data/fashion-mnist.ldb --class Coat --out coats.png
  lockstep data show data/photos.ldb --recipe photos.toml --epoch 3 --out augmented.png
)",
          .options = {{"DB", &o->dataset, "Directory of the dataset", {.required = true}},
                      {"ID", &o->words,
                       "Sample ids, from 0; and, as key=value, settings that replace the recipe's"},
                      {"--split", &o->split, "Split to show samples of; default: train"},
                      {"--class", &o->class_name, "Show samples of this class alone"},
                      {"--count",
                       &o->count,
                       "How many samples, default " + std::to_string(kSamplesShown),
                       {.range = IntegerRange{1, kMostSamplesShown}}},
                      {"--recipe", &o->recipe,
                       "Recipe whose augment.train to show: each sample before and after it"},
                      {"--epoch",
                       &o->epoch,
                       "Epoch of the run whose random numbers to take, from 1; default 1",
                       {.range = IntegerRange{1, std::numeric_limits<int32_t>::max()}}},
                      {"--out", &o->out, "Draw a contact sheet to this file, NAME.png"}},
          .run = [o](Console* console) { return RunDataShow(*o, console); }};
}

}  // namespace lockstep::cluster

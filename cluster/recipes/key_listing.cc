// SPDX-License-Identifier: Apache-2.0
// The keys of a recipe as text: the listing of the command line, and the page for people.
#include "cluster/recipes/part_lists.h"
#include "cluster/recipes/schema.h"
#include "storage/augment/registry.h"

namespace lockstep::cluster {
namespace {

std::string DefaultText(const RecipeKey& key, const Option& option) {
  return key.required() ? "required" : "default " + OptionText(option.default_value);
}

// `; only with optimizer.name = "sgd", "adam"`, or empty.
std::string OnlyWithText(const RecipeKey& key, const KeyVariant& variant) {
  if (!key.only_with_key.empty()) {
    return "; only with " + key.only_with_key + " = \"" + key.only_with_value + "\"";
  }
  const PartList* list = FindPartList(key.group());
  if (variant.parts.empty() || variant.parts.size() == list->parts.size()) return "";
  std::string text;
  for (const std::string& part : variant.parts) {
    text += (text.empty() ? "\"" : ", \"") + part + "\"";
  }
  return "; only with " + list->name_key + " = " + text;
}

struct Section {
  const char* group;
  const char* text;
};
// What a group of keys is about, for somebody who meets it for the first time.
constexpr Section kSections[] = {
    {"data", "Where the images come from. A dataset is made once, by `lockstep data import`."},
    {"model", "The network, and what it starts from."},
    {"batch",
     "How many images make one step. Lanes are the slices of a batch that ranks share: one lane\n"
     "for each rank at least, so their number is the most ranks the run can ever use."},
    {"train", "How long to train, and with which arithmetic."},
    {"task", "What a run trains its networks for."},
    {"task_options", "What can be set of the task."},
    {"sync", "How the ranks add up their gradients."},
    {"loss", "What training makes smaller."},
    {"optimizer", "How a gradient changes the weights."},
    {"schedule", "How the learning rate changes while the run goes on."},
    {"augment", "What is done to an image before the network sees it."},
    {"eval", "How often, and in which portions, the split of `data.val` is evaluated."},
    {"checkpoint", "How often the state is stored, and how much of it is kept."},
    {"run", "The machine, and patience. None of these changes a bit of the result."}};

std::string SectionText(const std::string& group) {
  for (const Section& section : kSections) {
    if (group == section.group) return section.text;
  }
  return "";
}

// A cell of a table: a bar would end it.
std::string Cell(std::string text) {
  for (size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
    text.insert(at, "\\");
  }
  return text;
}

std::string Row(const RecipeKey& key, const KeyVariant& variant) {
  const Option& option = variant.option;
  const std::string value =
      key.required() ? "required" : "`" + OptionText(option.default_value) + "`";
  return "| `" + key.name + "` | " + Cell(option.Expected()) + " | " + Cell(value) + " | " +
         std::string(KeyRoleName(key.role)) + " | " +
         Cell(option.spec.doc + OnlyWithText(key, variant)) + " |\n";
}

// The parts that a group's name may choose.
std::string PartsTable(const PartList& list) {
  std::string text = "\n| `" + list.name_key + "` | what it is | its options |\n|---|---|---|\n";
  for (const Part& part : list.parts) {
    text += "| `" + part.name + "` | " + Cell(part.doc) + " | " +
            (part.options->options().empty() ? "none" : part.options->NamesText()) + " |\n";
  }
  return text;
}

// What an augmentation list may hold.
std::string OperationsTable() {
  std::string text = "\n| operation | what it does | its values |\n|---|---|---|\n";
  for (const storage::AugmentKind& kind : storage::AugmentKinds()) {
    std::string values;
    for (const Option& option : kind.options.options()) {
      values += (values.empty() ? "" : "; ") + option.name + ": " + option.spec.doc;
    }
    text += "| `" + kind.Form() + "` | " + Cell(kind.doc) + " | " +
            Cell(values.empty() ? "none" : values) + " |\n";
  }
  return text;
}

}  // namespace

std::string ListRecipeKeys() {
  std::string text =
      "Keys of a recipe. A run's bits depend on its fixed and branch keys; free keys may change "
      "at\n"
      "any time. Set them in the recipe file or as key=value on the command line.\n";
  std::string group;
  for (const RecipeKey& key : RecipeKeys()) {
    if (key.group() != group) text += "\n";
    group = key.group();
    for (const KeyVariant& variant : key.variants) {
      text += key.name + "  (" + std::string(KeyRoleName(key.role)) + ", " +
              DefaultText(key, variant.option) + ")\n";
      text += "    " + std::string(variant.option.spec.doc) + "\n    " + variant.option.Expected() +
              OnlyWithText(key, variant) + "\n";
    }
  }
  return text;
}

std::string RecipePage() {
  std::string text =
      R"(# The keys of a recipe

A recipe is a TOML file that says everything about a run. This page lists every key it may hold. It
is made by `lockstep recipe --page`, from the same lists that check a recipe, and a test holds it to
them.

```toml
data.dataset = "data/fashion-mnist.ldb"
model = { name = "lenet5", activation = "relu" }
optimizer = { name = "sgd", lr = 0.1, momentum = 0.9 }
schedule = { name = "cosine", warmup_epochs = 1 }
```

- `optimizer.lr = 0.1`, `[optimizer]` followed by `lr = 0.1`, and `optimizer = { lr = 0.1 }` mean the
  same. On the command line `optimizer.lr=0.1` replaces what the file says.
- Two keys must be given: `data.dataset` and `model.name`. Every other key has a default.
- A key that is unknown, has an impossible value, or would do nothing is an error with its place in
  the file and what would fit.
- The **role** of a key says when it may change. A *fixed* key never changes within a run. A *branch*
  key may have another value when a run is resumed, which starts a new branch of its history. A
  *free* key may change at any time: it has no influence on the bits.
- A model, a loss, an optimizer and a schedule are chosen by `name`, and each has options of its own.
  An option of another one is refused.
)";
  std::string group;
  for (const RecipeKey& key : RecipeKeys()) {
    if (key.group() != group) {
      group = key.group();
      text += "\n## " + group + "\n\n" + SectionText(group) + "\n\n";
      text += "| key | value | default | role | meaning |\n|---|---|---|---|---|\n";
    }
    for (const KeyVariant& variant : key.variants) text += Row(key, variant);
    const bool last = &key == &RecipeKeys().back() || (&key + 1)->group() != group;
    const PartList* list = FindPartList(group);
    if (last && list != nullptr) text += PartsTable(*list);
    if (last && group == "augment") text += OperationsTable();
  }
  return text;
}

}  // namespace lockstep::cluster

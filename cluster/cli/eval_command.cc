// SPDX-License-Identifier: Apache-2.0
// `lockstep eval`: weights or a checkpoint of a run, evaluated again, with the kernels the run was
// trained with unless train.kernel_file is among the overrides.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/format.h"
#include "cluster/cli/command.h"
#include "cluster/cli/progress.h"
#include "cluster/cli/text_table.h"
#include "cluster/recipes/key_use.h"
#include "worker/model/run_kernels.h"
#include "worker/report/named_weights.h"
#include "worker/run/evaluate.h"

namespace lockstep::cluster {
namespace {

using Json = nlohmann::ordered_json;

struct EvalOptions {
  std::string weights;                 // as worker/report/named_weights.h reads it; of a run
  std::vector<std::string> overrides;  // key=value, over the run's recipe
  std::string split;                   // empty: the recipe's data.val
  bool per_class = false;              // also a table of the values of each class
  bool json = false;
};

bool NamesKernelFile(const std::vector<std::string>& overrides) {
  return std::any_of(overrides.begin(), overrides.end(), [](const std::string& override) {
    return override.starts_with("train.kernel_file=");
  });
}

Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json ClassesJson(const graph::ClassTable& table) {
  Json classes = Json::array();
  for (size_t i = 0; i < table.classes.size(); ++i) {
    Json entry = {{"class", table.classes[i]}};
    for (size_t column = 0; column < table.columns.size(); ++column) {
      entry[table.columns[column]] = NumberOrNull(table.values[i][column]);
    }
    entry["support"] = table.support[i];
    classes.push_back(std::move(entry));
  }
  return classes;
}

Json EvaluationJson(const std::string& split, const std::string& weights,
                    const worker::WeightsEvaluation& evaluation) {
  Json metrics = Json::object();
  for (const Metric& metric : evaluation.result.metrics) {
    metrics[metric.name] = NumberOrNull(metric.value);
  }
  Json json = {{"weights", weights},
               {"split", split},
               {"samples", evaluation.result.samples},
               {"loss", NumberOrNull(evaluation.result.loss)},
               {"metrics", std::move(metrics)}};
  if (evaluation.per_class) {
    json["classes"] = ClassesJson(*evaluation.per_class);
    if (!evaluation.per_class->confusion.empty()) {
      json["confusion"] = evaluation.per_class->confusion;
    }
  }
  return json;
}

void PrintClasses(const graph::ClassTable& table, std::ostream& out) {
  std::vector<TextRow> rows = {{"class"}};
  rows[0].insert(rows[0].end(), table.columns.begin(), table.columns.end());
  rows[0].push_back("support");
  for (size_t i = 0; i < table.classes.size(); ++i) {
    TextRow row = {table.classes[i]};
    for (double value : table.values[i]) row.push_back(Format("%.4f", value));
    row.push_back(CountText(table.support[i]));
    rows.push_back(std::move(row));
  }
  out << "\n";
  PrintTable(rows, out);
}

Status RunEval(const EvalOptions& options, Console* console) {
  ASSIGN_OR_RETURN(const worker::NamedWeights weights, worker::FindWeights(options.weights));
  const std::string& run = weights.run_directory;
  if (run.empty()) {
    return InvalidArgument("'" + weights.path +
                           "' lies in no run directory, and only a run says with which model, "
                           "dataset and split to evaluate; put the file beside the recipe.toml of "
                           "its run");
  }
  ASSIGN_OR_RETURN(worker::TrainConfig config,
                   LoadRecipeFor(EvalKeys(), run + "/recipe.toml", options.overrides));
  if (!options.split.empty()) config.data.val = options.split;
  // The run's own copy: the file that its recipe names may have become another.
  const std::string copy = run + "/" + worker::kKernelFileCopy;
  if (!config.kernel_file.empty() && !NamesKernelFile(options.overrides) &&
      std::filesystem::exists(copy)) {
    config.kernel_file = copy;
  }
  std::optional<Progress> progress(std::in_place, console, "evaluation", "batches");
  const auto evaluation = worker::EvaluateWeights(
      config, weights.path, [&](int64_t done, int64_t batches) { progress->Update(done, batches); },
      options.per_class);
  progress.reset();  // removes the bar
  RETURN_IF_ERROR(evaluation.status());
  if (options.json) {
    console->out << EvaluationJson(config.data.val, weights.path, *evaluation)
                        .dump(2, ' ', false, Json::error_handler_t::replace)
                 << "\n";
    return OkStatus();
  }
  const worker::EvalResult& result = evaluation->result;
  console->out << "Split " << config.data.val << ": loss " << Format("%.6f", result.loss)
               << MetricTexts(result.metrics) << "  (" << CountText(result.samples, "sample")
               << ")\n";
  if (weights.is_checkpoint) console->out << "Weights " << weights.path << "\n";
  if (evaluation->per_class) PrintClasses(*evaluation->per_class, console->out);
  return OkStatus();
}

}  // namespace

Command EvalCommand() {
  const auto o = std::make_shared<EvalOptions>();
  return {.name = "eval",
          .description = R"(Evaluate the trained weights of a run.

Examples:
  lockstep eval runs/lenet5-fashion-mnist
  lockstep eval runs/lenet5-fashion-mnist@best
  lockstep eval runs/lenet5-fashion-mnist@1200
  lockstep eval runs/lenet5-fashion-mnist --split train
  lockstep eval runs/lenet5-fashion-mnist --per-class
  lockstep eval runs/lenet5-fashion-mnist data.dataset=/elsewhere/fashion-mnist.ldb
)",
          .options = {{"WEIGHTS",
                       &o->weights,
                       "RUN, RUN@best, RUN@STEP, RUN@CHECKPOINT, or the path of a run's checkpoint "
                       "or safetensors file",
                       {.required = true}},
                      Overrides(&o->overrides),
                      {"--split", &o->split, "Split; default: the recipe's data.val"},
                      {"--per-class", &o->per_class,
                       "Also a table of what the task says of each class, and its number of "
                       "samples; with --json also the confusion matrix"},
                      {"--json", &o->json, "As JSON"}},
          .run = [o](Console* console) { return RunEval(*o, console); }};
}

}  // namespace lockstep::cluster

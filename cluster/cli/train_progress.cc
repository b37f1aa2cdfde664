// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/train_progress.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/format.h"

namespace lockstep::cluster {

using worker::EpochReport;
using worker::EvaluationProgress;
using worker::StepProgress;

namespace {

std::string EpochText(int32_t epoch, int32_t epochs) {
  return "epoch " + std::to_string(epoch + 1) + "/" + std::to_string(epochs);
}

// The time that training waits for samples, where it is more than 1 %.
std::string InputText(double share) {
  return share > 0.01 ? "input " + Format("%.0f", 100.0 * share) + " %" : "";
}

// Those that have a value: a sum of a phase that rests in this step has none.
std::vector<Metric> Known(std::vector<Metric> metrics) {
  std::erase_if(metrics, [](const Metric& metric) { return std::isnan(metric.value); });
  return metrics;
}

// "fc.* 0.1, layer1.* 0": the learning rates of the groups of the recipe.
std::string GroupsText(const worker::TrainConfig& config, const StepProgress& step) {
  const std::vector<std::string>& groups = config.optimizer.groups;
  std::string text;
  for (size_t i = 0; i < std::min(groups.size(), step.group_rates.size()); ++i) {
    text += (i == 0 ? "" : ", ") + groups[i].substr(0, groups[i].find(':')) + " " +
            Format("%.4g", step.group_rates[i]);
  }
  return text;
}

// "acc1 87.65 %": as MetricTexts, without what stands before it.
std::string Shown(const Metric& metric) { return MetricTexts({metric}).substr(2); }

}  // namespace

TrainProgress::TrainProgress(const worker::TrainConfig& config, bool show_steps, Console* console,
                             std::optional<std::string> warning)
    : config_(config),
      show_steps_(show_steps),
      console_(console),
      warning_(std::move(warning)),
      bar_(console, "train", "steps") {}

void TrainProgress::OnPlan(const worker::MemoryReport& memory) {
  const int64_t global_batch = config_.batch.lanes * config_.batch.lane_batch;
  bar_.PrintLine("model " + config_.model.name + ", dataset " + config_.data.dataset);
  bar_.PrintLine("batch " + CountText(global_batch) + " = " +
                 CountText(config_.batch.lanes, "lane") + " x " +
                 CountText(config_.batch.lane_batch) + "; " + CountText(memory.ranks, "rank") +
                 ", " + CountText(memory.lanes_at_once, "lane") + " at once per rank");
  bar_.PrintLine("memory " + worker::BytesText(memory.peak()) +
                 " at most: " + worker::PartsText(memory));
}

void TrainProgress::OnNote(const std::string& note) { bar_.PrintLine(note); }

void TrainProgress::OnStep(const StepProgress& step) {
  if (warning_) bar_.PrintLine("warning: " + *warning_);
  warning_ = std::nullopt;
  if (!show_steps_) return;
  ProgressLine line{"train", step.global_step, step.total_steps, "steps", -1, {}};
  {
    MutexLock lock(&mutex_);
    time_left_.OnStep(console_->clock->Now(), step.global_step, step.total_steps,
                      EvaluationsAfter(config_, step));
    line.seconds_left = time_left_.run();
  }
  const std::string epoch = EpochText(step.epoch, step.epochs);
  const std::string loss = "loss " + Format("%.3f", step.loss);
  const std::string rate = RateText(step.images_per_second);
  const std::string input = InputText(step.input_share);
  const std::vector<Metric> metrics = Known(step.metrics);
  const std::string lr = "lr " + Format("%.4g", step.learning_rate);
  const std::string groups = GroupsText(config_, step);
  if (console_->terminal) {
    line.notes = {{epoch, true}, {lr, true}, {loss}, {rate}};
    for (const Metric& metric : metrics) line.notes.push_back({Shown(metric)});
    if (!groups.empty()) line.notes.push_back({groups});
    if (!input.empty()) line.notes.push_back({input});
    bar_.Show(line);
  } else if (step.global_step % config_.run.log_every == 0) {
    std::string text = epoch + "  step " + CountText(step.global_step) + "/" +
                       CountText(step.total_steps) + "  " + loss + MetricTexts(metrics) + "  " + lr;
    if (!groups.empty()) text += " (" + groups + ")";
    if (step.images_per_second > 0) text += "  " + rate;  // known after a second
    if (!input.empty()) text += "  " + input;
    if (line.seconds_left >= 0) text += "  " + DurationText(line.seconds_left) + " left";
    bar_.PrintLine(text);
  }
}

void TrainProgress::OnEvaluation(const EvaluationProgress& progress) {
  if (!show_steps_) return;
  ProgressLine line{"evaluation", progress.batches_done, progress.batches, "batches", -1, {}};
  line.notes = {{EpochText(progress.epoch, progress.epochs), true}};
  MutexLock lock(&mutex_);
  time_left_.OnEvaluation(console_->clock->Now(), progress.batches_done, progress.batches);
  line.seconds_left = time_left_.evaluation();
  bar_.Show(line);
}

void TrainProgress::OnEpoch(const EpochReport& report) {
  std::string line =
      EpochText(report.epoch, config_.epochs) + "  train loss " + Format("%.4f", report.train_loss);
  for (const Metric& metric : Known(report.train_metrics)) line += "  train " + Shown(metric);
  if (report.evaluated) {
    line += "  val loss " + Format("%.4f", report.validation.loss) +
            MetricTexts(report.validation.metrics);
  }
  line += "  " + RateText(report.images_per_second);
  if (const std::string input = InputText(report.input_share); !input.empty()) line += "  " + input;
  bar_.PrintLine(line + "  " + DurationText(report.seconds));
}

int64_t EvaluationsAfter(const worker::TrainConfig& config, const StepProgress& step) {
  if (config.data.val.empty()) return 0;
  const int64_t spe = step.steps_per_epoch, every = config.eval.every_epochs;
  const int64_t whole_epochs = step.total_steps / spe;
  const int64_t scheduled = whole_epochs / every - step.epoch / every;
  // The run's end is evaluated too.
  const bool end_is_scheduled = step.total_steps % spe == 0 && whole_epochs % every == 0;
  return scheduled + (end_is_scheduled ? 0 : 1);
}

}  // namespace lockstep::cluster

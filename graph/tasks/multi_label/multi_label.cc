// SPDX-License-Identifier: Apache-2.0
// The task of telling which of C labels an image has: any number of them.
#include <memory>

#include "graph/tasks/class_counts.h"
#include "graph/tasks/multi_label/scores.h"
#include "graph/tasks/row_values.h"
#include "ops/core/elementwise_loss.h"

namespace lockstep::graph::multi_label {
namespace {

constexpr char kLabels[] = "labels";  // the tensor, (N, C), 0 or 1
constexpr char kScore[] = "score";    // kept of every sample, (C): its logits

struct Options {
  double threshold = 0.5;

  template <typename V>
  void Visit(V&& v) {
    v("threshold", threshold,
      Says("probability from which on a sample is taken for a label, in precision, recall and F1")
          .Within({.low = 0, .high = 1, .low_open = true, .high_open = true}));
  }
};

struct Predictions {
  Value logits, labels;  // (N, C) both; invalid after a failure
};

// The forward half, with the recipe's loss.
Predictions AddLoss(TaskBuilder& b) {
  const Value image = b.Input("image"), labels = b.Input(kLabels);
  const Value logits = b.Call(kModelNetwork, kForward, {{std::string(kImage), image}})[kOut];
  if (!logits.valid() || !labels.valid()) return {};
  if (b.TypeOf(logits) != b.TypeOf(labels)) {
    b.Fail("compares with labels " + b.TypeOf(labels).ToString() + ", and the model gives " +
           b.TypeOf(logits).ToString() +
           "; remove model.classes, and take a model that gives a number for each label of an "
           "image");
    return {};
  }
  b.Loss(b.RecipeLoss(logits, labels, ops::kLabelsTarget));
  return {logits, labels};
}

// What the metrics are made of.
struct Measured {
  std::vector<double> average_precision;  // by label
  std::vector<LabelCounts> counts;
};

Result<Measured> MeasureLabels(const Gathered& gathered) {
  ASSIGN_OR_RETURN(const Scores scores, ReadScores(gathered.rows));
  ASSIGN_OR_RETURN(const Options options, Unpack<Options>(gathered.options));
  Measured measured;
  for (size_t label = 0; label < scores.labels; ++label) {
    measured.average_precision.push_back(AveragePrecision(scores, label));
    measured.counts.push_back(CountsOf(scores, label, options.threshold));
  }
  return measured;
}

// All 0 of nothing, as scikit-learn with zero_division 0.
double Precision(const LabelCounts& c) { return Ratio(c.hits, c.predicted); }
double Recall(const LabelCounts& c) { return Ratio(c.hits, c.actual); }
double F1(const LabelCounts& c) { return Ratio(2 * c.hits, c.predicted + c.actual); }

// The mean over all labels, in their order; 0 of none.
double MeanOf(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

// The mean over labels of average precisions, which is 0 of a label that no sample has.
double MeanAveragePrecision(const Measured& m) { return MeanOf(m.average_precision); }

// Of the counts of all labels together.
double MicroF1(const Measured& m) {
  LabelCounts all;
  for (const LabelCounts& c : m.counts) {
    all.hits += c.hits;
    all.predicted += c.predicted;
    all.actual += c.actual;
  }
  return F1(all);
}

// The mean over labels.
double MacroF1(const Measured& m) {
  std::vector<double> values;
  for (const LabelCounts& c : m.counts) values.push_back(F1(c));
  return MeanOf(values);
}

struct MetricRule {
  std::string_view name;
  double (*measure)(const Measured& measured);
};
// All of them are shares of which a larger one is better.
constexpr MetricRule kRules[] = {
    {"map", MeanAveragePrecision}, {"micro_f1", MicroF1}, {"macro_f1", MacroF1}};

class MultiLabel : public Task {
 public:
  std::string_view name() const override { return "multi-label"; }
  std::string_view doc() const override { return "any number of labels for each image"; }

  const OptionList& options() const override {
    static const auto* const kOptions = new OptionList(ListOf<Options>());
    return *kOptions;
  }

  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    ASSIGN_OR_RETURN(InputSpec image, FirstField(*this, schema, FieldKind::kImage, "image"));
    ASSIGN_OR_RETURN(InputSpec labels, FirstField(*this, schema, FieldKind::kLabels, kLabels));
    return std::vector<InputSpec>{std::move(image), std::move(labels)};
  }

  void Train(size_t, TaskBuilder& builder) const override { AddLoss(builder); }

  void Eval(TaskBuilder& builder) const override {
    const Predictions found = AddLoss(builder);
    if (!found.logits.valid()) return;
    builder.PerSample(kScore, found.logits);
    builder.PerSample(kLabels, found.labels);
  }

  Status Score(const HostRow& row, ByteWriter* bytes) const override {
    const SampleValue &score = Kept(row, kScore), &labels = Kept(row, kLabels);
    for (int64_t i = 0; i < score.type.shape.elements(); ++i) {
      bytes->F64(NumberAt(score, i));
      bytes->U8(NumberAt(labels, i) != 0.0 ? 1 : 0);
    }
    return OkStatus();
  }
  // A label has two numbers of the run's precision, 8 bytes or more.
  int64_t MostScoreBytes(int64_t bytes) const override { return bytes / 8 * kBytesOfLabel; }

  std::vector<Metric> metrics() const override {
    std::vector<Metric> metrics;
    for (const MetricRule& rule : kRules) {
      metrics.push_back({.name = std::string(rule.name),
                         .larger_is_better = true,
                         .unit = std::string(kFractionUnit)});
    }
    return metrics;
  }

  Result<std::vector<Metric>> Measure(const Gathered& gathered) const override {
    ASSIGN_OR_RETURN(const Measured found, MeasureLabels(gathered));
    std::vector<Metric> measured = metrics();
    for (size_t i = 0; i < measured.size(); ++i) measured[i].value = kRules[i].measure(found);
    return measured;
  }

  std::string_view primary() const override { return kRules[0].name; }

  Result<ClassTable> PerClass(const Gathered& gathered,
                              const std::vector<std::string>& names) const override {
    ASSIGN_OR_RETURN(const Measured found, MeasureLabels(gathered));
    ClassTable table;
    table.columns = {"ap", "precision", "recall", "f1"};
    for (size_t i = 0; i < found.counts.size(); ++i) {
      const LabelCounts& c = found.counts[i];
      table.classes.push_back(i < names.size() ? names[i] : std::to_string(i));
      table.values.push_back({found.average_precision[i], Precision(c), Recall(c), F1(c)});
      table.support.push_back(c.actual);
    }
    return table;
  }
};

}  // namespace

std::unique_ptr<const Task> MakeTask() { return std::make_unique<const MultiLabel>(); }

}  // namespace lockstep::graph::multi_label

// SPDX-License-Identifier: Apache-2.0
// The task of telling n numbers of an image.
#include <cmath>
#include <limits>
#include <memory>

#include "graph/tasks/row_values.h"
#include "ops/core/elementwise_loss.h"

namespace lockstep::graph::regression {
namespace {

constexpr char kNumbers[] = "numbers";        // the tensor, (N, n)
constexpr char kPrediction[] = "prediction";  // kept of every sample beside it, (n)
// Of each number of a sample: the prediction and the target.
constexpr size_t kBytesOfNumber = 16;

struct Predictions {
  Value prediction, numbers;  // (N, n) both; invalid after a failure
};

// The forward half, with the recipe's loss.
Predictions AddLoss(TaskBuilder& b) {
  const Value image = b.Input("image"), numbers = b.Input(kNumbers);
  const Value out = b.Call(kModelNetwork, kForward, {{std::string(kImage), image}})[kOut];
  if (!out.valid() || !numbers.valid()) return {};
  if (b.TypeOf(out) != b.TypeOf(numbers)) {
    b.Fail("compares with numbers " + b.TypeOf(numbers).ToString() + ", and the model gives " +
           b.TypeOf(out).ToString() +
           "; remove model.classes, and take a model that gives a row of numbers for an image");
    return {};
  }
  b.Loss(b.RecipeLoss(out, numbers, ops::kNumbersTarget));
  return {out, numbers};
}

// The samples of a split in the order of their ids, sample by sample.
struct Pairs {
  size_t outputs = 0, samples = 0;
  std::vector<double> prediction, target;  // [samples, outputs]
};

// Internal where the rows are not of one number of outputs.
Result<Pairs> ReadPairs(const std::vector<SampleRow>& rows) {
  Pairs pairs;
  if (rows.empty()) return pairs;
  pairs.samples = rows.size();
  pairs.outputs = rows.front().bytes.size() / kBytesOfNumber;
  for (const SampleRow& row : rows) {
    ByteReader reader(row.bytes, "numbers of sample " + std::to_string(row.id.value));
    for (size_t i = 0; i < pairs.outputs; ++i) {
      ASSIGN_OR_RETURN(const double prediction, reader.F64());
      ASSIGN_OR_RETURN(const double target, reader.F64());
      pairs.prediction.push_back(prediction);
      pairs.target.push_back(target);
    }
    RETURN_IF_ERROR(reader.ExpectEnd());
  }
  return pairs;
}

// Of one output, or of the mean over outputs.
struct Errors {
  double absolute = 0.0;  // the mean of |prediction - target|
  double squared = 0.0;   // the mean of (prediction - target)^2
  double r2 = 0.0;        // 1 - the squared errors over the squares of target - mean of targets
};

// As scikit-learn's r2_score: where all targets are equal R2 is 1 if every prediction is right, and
// else 0; of fewer than two samples it is NaN.
double R2(double residual, double total, size_t samples) {
  if (samples < 2) return std::numeric_limits<double>::quiet_NaN();
  if (total == 0.0) return residual == 0.0 ? 1.0 : 0.0;
  return 1.0 - residual / total;
}

Errors ErrorsOf(const Pairs& pairs, size_t output) {
  const auto samples = static_cast<double>(pairs.samples);
  double mean = 0.0;
  for (size_t i = output; i < pairs.target.size(); i += pairs.outputs) mean += pairs.target[i];
  mean /= samples;
  double absolute = 0.0, squared = 0.0, total = 0.0;
  for (size_t i = output; i < pairs.target.size(); i += pairs.outputs) {
    const double error = pairs.prediction[i] - pairs.target[i];
    const double distance = pairs.target[i] - mean;
    absolute += std::abs(error);
    squared += error * error;
    total += distance * distance;
  }
  return {absolute / samples, squared / samples, R2(squared, total, pairs.samples)};
}

// The mean over outputs, in their order.
Errors MeanErrors(const Pairs& pairs) {
  Errors mean;
  for (size_t output = 0; output < pairs.outputs; ++output) {
    const Errors errors = ErrorsOf(pairs, output);
    mean.absolute += errors.absolute;
    mean.squared += errors.squared;
    mean.r2 += errors.r2;
  }
  const auto outputs = static_cast<double>(pairs.outputs);
  return {mean.absolute / outputs, mean.squared / outputs, mean.r2 / outputs};
}

class Regression : public Task {
 public:
  std::string_view name() const override { return "regression"; }
  std::string_view doc() const override { return "numbers for each image"; }

  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    ASSIGN_OR_RETURN(InputSpec image, FirstField(*this, schema, FieldKind::kImage, "image"));
    ASSIGN_OR_RETURN(InputSpec numbers, FirstField(*this, schema, FieldKind::kNumbers, kNumbers));
    return std::vector<InputSpec>{std::move(image), std::move(numbers)};
  }

  OutputCount Outputs(const Schema& schema) const override {
    const int index = schema.FirstOf(FieldKind::kNumbers);
    return {index < 0 ? 0 : schema.fields[static_cast<size_t>(index)].most, "numbers"};
  }

  void Train(size_t, TaskBuilder& builder) const override { AddLoss(builder); }

  void Eval(TaskBuilder& builder) const override {
    const Predictions found = AddLoss(builder);
    if (!found.prediction.valid()) return;
    builder.PerSample(kPrediction, found.prediction);
    builder.PerSample(kNumbers, found.numbers);
  }

  Status Score(const HostRow& row, ByteWriter* bytes) const override {
    const SampleValue &prediction = Kept(row, kPrediction), &numbers = Kept(row, kNumbers);
    for (int64_t i = 0; i < prediction.type.shape.elements(); ++i) {
      bytes->F64(NumberAt(prediction, i));
      bytes->F64(NumberAt(numbers, i));
    }
    return OkStatus();
  }
  // A number of the run's precision, 4 bytes or more, becomes 8.
  int64_t MostScoreBytes(int64_t bytes) const override { return 2 * bytes; }

  std::vector<Metric> metrics() const override {
    return {{.name = "r2", .larger_is_better = true, .unit = ""},
            {.name = "mae", .larger_is_better = false, .unit = ""},
            {.name = "rmse", .larger_is_better = false, .unit = ""}};
  }

  // mae and r2 are means over outputs; rmse is the root of the mean square over samples and
  // outputs.
  Result<std::vector<Metric>> Measure(const Gathered& gathered) const override {
    std::vector<Metric> measured = metrics();
    if (gathered.rows.empty()) return measured;
    ASSIGN_OR_RETURN(const Pairs pairs, ReadPairs(gathered.rows));
    const Errors errors = MeanErrors(pairs);
    measured[0].value = errors.r2;
    measured[1].value = errors.absolute;
    measured[2].value = std::sqrt(errors.squared);
    return measured;
  }

  std::string_view primary() const override { return "r2"; }

  // A row for each number, under its place where it has no name.
  Result<ClassTable> PerClass(const Gathered& gathered,
                              const std::vector<std::string>& names) const override {
    ASSIGN_OR_RETURN(const Pairs pairs, ReadPairs(gathered.rows));
    ClassTable table;
    table.columns = {"r2", "mae", "rmse"};
    for (size_t i = 0; i < pairs.outputs; ++i) {
      const Errors errors = ErrorsOf(pairs, i);
      table.classes.push_back(i < names.size() ? names[i] : std::to_string(i));
      table.values.push_back({errors.r2, errors.absolute, std::sqrt(errors.squared)});
      table.support.push_back(static_cast<int64_t>(pairs.samples));
    }
    return table;
  }
};

}  // namespace

std::unique_ptr<const Task> MakeTask() { return std::make_unique<const Regression>(); }

}  // namespace lockstep::graph::regression

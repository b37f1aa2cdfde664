// SPDX-License-Identifier: Apache-2.0
#include "tests/distributed/toy_task.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "graph/nn/layers.h"
#include "graph/tasks/registry.h"
#include "ops/math/add/add.h"
#include "ops/math/fill/fill.h"
#include "ops/math/scale/scale.h"
#include "ops/metric/top_k_correct/top_k_correct.h"

namespace lockstep::tests {
namespace {

using graph::Values;
using ops::Value;

struct EncoderOptions {
  double dropout = 0.25;

  template <typename V>
  void Visit(V&& v) {
    v("dropout", dropout, Says("probability of dropping an element of the code"));
  }
};

Values Encode(const graph::Net& n, const Values& in, int64_t classes, const Attrs& options) {
  Value x = Conv(n / "conv", in["image"], {.out = 4, .kernel = 3, .stride = 2});
  x = Tanh(n / "act", BatchNorm(n / "bn", x));
  x = Linear(n / "fc", MaxPool(n / "pool", x), classes);
  return {{"code", Dropout(n / "dropout", x, Unpack<EncoderOptions>(options)->dropout)}};
}

Values Judge(const graph::Net& n, const Values& in, int64_t classes, const Attrs&) {
  const Value x = Tanh(n / "act", Linear(n / "fc1", in["code"], 8));
  return {{"out", Linear(n / "fc2", x, classes)}};
}

graph::Model ToyModel(std::string_view name, OptionList options, graph::Method method) {
  return {.name = name,
          .description = "for tests",
          .image = {28, 28, 1},
          .options = std::move(options),
          .methods = {std::move(method)}};
}

const graph::Model& Encoder() {
  static const graph::Model kModel =
      ToyModel("toy-encoder", ListOf<EncoderOptions>(), {"encode", Encode});
  return kModel;
}

const graph::Model& Critic() {
  static const graph::Model kModel = ToyModel("toy-critic", ListOf<NoAttrs>(), {"judge", Judge});
  return kModel;
}

class Toy : public graph::Task {
 public:
  std::string_view name() const override { return kToyTask; }

  std::vector<graph::NetworkSpec> networks(const graph::NetworkSpec& model) const override {
    graph::ModelOptions own = {.classes = model.options.classes, .own = {}};
    // Comparisons with another program ask for no dropout through the recipe's model.
    if (const AttrValue* p = model.options.own.Find("dropout")) own.own.Set("dropout", *p);
    return {{"encoder", &Encoder(), own},
            {"critic", &Critic(), {.classes = own.classes, .own = {}}}};
  }
  std::vector<graph::PhaseSpec> phases() const override {
    return {{"critic", {"critic"}}, {"encoder", {"encoder"}}};
  }

  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    return graph::InputsOfLabelledImages(*this, schema);
  }

  void Train(size_t phase, graph::TaskBuilder& b) const override {
    const Value image = b.Input("image"), labels = b.Input("label");
    Value code = Code(b, image);
    if (phase == 0) {
      const Value judged = Judgement(b, Disturbed(b, b.Stop(code)));
      const ops::LossPair loss = b.RecipeLoss(judged, labels, ops::kLabelTarget);
      b.Loss(loss);
      if (!loss.numerator.valid()) return;
      b.Sum("critic_nats", loss.numerator);
      b.Sum("critic_hits", ops::TopKCorrect(b.emit("hits"), judged, labels, {.k = 1}));
      return;
    }
    const Value logits = Judgement(b, code);
    const Value weight = b.Scalar("weight");
    if (!weight.valid()) return;
    ops::Emitter* const e = b.emit("mix");
    const Value half = ops::Fill(e, 0.5, {DType::kFloat64, {}});
    const Value again = Judgement(b, Code(b, ops::Scale(e, image, half)));
    if (!again.valid()) return;
    const Value sum = ops::Add(b.emit("mix"), logits, ops::Scale(b.emit("mix"), again, weight));
    const ops::LossPair loss = b.RecipeLoss(sum, labels, ops::kLabelTarget);
    b.Loss(loss);
    b.Sum("encoder_nats", loss.numerator);
  }
  double ScalarAt(std::string_view, int64_t step) const override {
    return 1.0 / (1.0 + static_cast<double>(step));
  }

  void Eval(graph::TaskBuilder& b) const override {
    const Value judged = Judgement(b, Disturbed(b, Code(b, b.Input("image"))));
    const Value labels = b.Input("label");
    const ops::LossPair loss = b.RecipeLoss(judged, labels, ops::kLabelTarget);
    b.Loss(loss);
    if (loss.numerator.valid()) b.Sum("nats", loss.numerator);
    b.PerSample("judged", judged);
    b.PerSample("label", labels);
  }
  std::vector<Metric> metrics() const override {
    return {{.name = "nats", .larger_is_better = false, .unit = "nats"},
            {.name = "ap", .unit = ""}};
  }
  // The logit of the class 0, and whether the sample is of it.
  Status Score(const graph::HostRow& row, ByteWriter* bytes) const override {
    bytes->F64(static_cast<double>(*static_cast<const float*>(row.Find("judged")->data)));
    bytes->U8(*static_cast<const int32_t*>(row.Find("label")->data) == 0 ? 1 : 0);
    return OkStatus();
  }
  Result<std::vector<Metric>> Measure(const graph::Gathered& gathered) const override {
    std::vector<Metric> measured = metrics();
    measured[0].value = gathered.Find("nats")->f64[0] / static_cast<double>(gathered.samples);
    std::vector<Scored> scored;
    for (const graph::SampleRow& row : gathered.rows) {
      ByteReader reader(row.bytes, "a scored sample");
      ASSIGN_OR_RETURN(const double score, reader.F64());
      ASSIGN_OR_RETURN(const uint8_t positive, reader.U8());
      scored.push_back({score, positive == 1});
    }
    measured[1].value = AveragePrecision(std::move(scored));
    return measured;
  }
  std::string_view primary() const override { return "nats"; }

 protected:
  // The code as the critic sees it in its own phase and in evaluations.
  virtual Value Disturbed(graph::TaskBuilder&, Value code) const { return code; }
  static Value Code(graph::TaskBuilder& b, Value image) {
    return b.Call("encoder", "encode", {{"image", image}})["code"];
  }
  static Value Judgement(graph::TaskBuilder& b, Value code) {
    return b.Call("critic", "judge", {{"code", code}})["out"];
  }
};

// The critic in every step, with noise on what it sees, and the encoder in each third.
class ToyByTurns : public Toy {
 public:
  std::string_view name() const override { return kToyByTurns; }
  std::vector<graph::PhaseSpec> phases() const override {
    return {{"critic", {"critic"}}, {"encoder", {"encoder"}, /*every=*/3}};
  }

 protected:
  Value Disturbed(graph::TaskBuilder& b, Value code) const override {
    const Value noise = b.Normal("noise", {b.rows(), 10});
    if (!noise.valid() || !code.valid()) return {};
    const Value tenth = ops::Fill(b.emit("noise"), 0.1, {DType::kFloat64, {}});
    return ops::Add(b.emit("noise"), code, ops::Scale(b.emit("noise"), noise, tenth));
  }
};

class ToyOfBoth : public Toy {
 public:
  explicit ToyOfBoth(bool reversed) : reversed_(reversed) {}
  std::string_view name() const override { return reversed_ ? kToyReversed : kToyInOrder; }
  std::vector<graph::PhaseSpec> phases() const override {
    return {{"first", {"encoder", "critic"}}, {"second", {"encoder", "critic"}}};
  }

  void Train(size_t phase, graph::TaskBuilder& b) const override {
    const Value image = b.Input("image"), labels = b.Input("label");
    // The critic of a code that no encoder gave.
    Value alone;
    const auto judge_alone = [&] {
      const Value code = ops::Fill(b.emit("alone"), 0.5, {DType::kFloat32, {b.rows(), 10}});
      alone = Judgement(b, code);
    };
    if (phase == 1 && reversed_) judge_alone();
    const Value logits = Judgement(b, Code(b, image));
    if (phase == 0 || !reversed_) judge_alone();
    if (!logits.valid() || !alone.valid()) return;
    b.Loss(b.RecipeLoss(ops::Add(b.emit("mix"), logits, alone), labels, ops::kLabelTarget));
  }

 private:
  bool reversed_;
};

}  // namespace

double AveragePrecision(std::vector<Scored> scored) {
  std::stable_sort(scored.begin(), scored.end(),
                   [](const Scored& a, const Scored& b) { return a.score > b.score; });
  double sum = 0.0, positives = 0.0;
  for (size_t i = 0; i < scored.size(); ++i) {
    if (!scored[i].positive) continue;
    positives += 1.0;
    sum += positives / static_cast<double>(i + 1);
  }
  return positives > 0.0 ? sum / positives : 0.0;
}

void AddToyTasks() {
  static const bool kAdded = [] {
    graph::AddTask(std::make_unique<const Toy>());
    graph::AddTask(std::make_unique<const ToyByTurns>());
    graph::AddTask(std::make_unique<const ToyOfBoth>(/*reversed=*/false));
    graph::AddTask(std::make_unique<const ToyOfBoth>(/*reversed=*/true));
    return true;
  }();
  (void)kAdded;
}

}  // namespace lockstep::tests

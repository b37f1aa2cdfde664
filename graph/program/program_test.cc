// SPDX-License-Identifier: Apache-2.0
#include "graph/program/program.h"

#include <gtest/gtest.h>

#include <memory>

#include "graph/autodiff/autodiff.h"
#include "graph/tasks/registry.h"
#include "ops/core/registry.h"
#include "ops/math/fill/fill.h"

namespace lockstep::graph {
namespace {

ProgramOptions Options() {
  ProgramOptions options;
  options.model = "convnet-bn";
  options.image = {8, 8, 1};
  options.lane_batch = 8;
  options.loss.options.Set("label_smoothing", 0.1);
  return options;
}

Program Make(const ProgramOptions& options) {
  Result<Program> program = Program::Make(options);
  EXPECT_TRUE(program.ok()) << program.status();
  return *std::move(program);
}

std::vector<std::string> ResultNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const NamedResult& result : graph.results()) names.push_back(result.name);
  return names;
}

std::vector<std::string> ArgNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const Arg& arg : graph.args()) names.push_back(arg.name);
  return names;
}

// Null where the graph has none. An op of that name exists, so a misspelt one is found out.
const Node* FindNode(const Graph& graph, std::string_view op) {
  EXPECT_NE(ops::OpRegistry::Global().Find(op), nullptr) << op;
  for (const Node& node : graph.nodes()) {
    if (node.op->name == op) return &node;
  }
  return nullptr;
}

TEST(Program, BackwardOfAShortLaneStartsFromOneOverTheFullLaneBatch) {
  for (int64_t rows : {1, 3, 8}) {
    const Result<Graph> lane = Make(Options()).Lane(rows);
    ASSERT_TRUE(lane.ok()) << lane.status();
    const Node* seed = FindNode(*lane, "fill");
    ASSERT_NE(seed, nullptr);
    EXPECT_EQ(*seed->attrs.Find("value"), AttrValue(0.125)) << rows << " rows";
    EXPECT_EQ(lane->args()[0].type.shape, (Shape{rows, 8, 8, 1}));
    EXPECT_EQ(lane->args()[1].type.shape, (Shape{rows}));
  }
}

TEST(Program, LaneResultsAreLossPairGradientsThenTotalsOfEachNorm) {
  const Result<Graph> lane = Make(Options()).Lane(3);
  ASSERT_TRUE(lane.ok()) << lane.status();
  EXPECT_EQ(ResultNames(*lane),
            (std::vector<std::string>{
                "numerator", "denominator", "grad:block1.conv.weight", "grad:block1.conv.bias",
                "grad:block1.bn.weight", "grad:block1.bn.bias", "grad:block2.conv.weight",
                "grad:block2.conv.bias", "grad:block2.bn.weight", "grad:block2.bn.bias",
                "grad:fc.weight", "grad:fc.bias", "count:block1/bn", "mean:block1/bn",
                "var:block1/bn", "count:block2/bn", "mean:block2/bn", "var:block2/bn"}));
  for (const char* name : {"numerator", "count:block1/bn", "mean:block1/bn", "var:block2/bn"}) {
    EXPECT_EQ(lane->TypeOf(lane->FindResult(name)->value).dtype, DType::kFloat64) << name;
  }
  const Node* totals = FindNode(*lane, "batch_norm_totals");
  ASSERT_NE(totals, nullptr);
  EXPECT_EQ(*totals->attrs.Find("elements"), AttrValue(int64_t{3 * 8 * 8}));
}

TEST(Program, UpdateOfRunningStatisticsReadsTheTotalsInDouble) {
  const Result<Graph> update = Make(Options()).UpdateRunning(5, 0.1);
  ASSERT_TRUE(update.ok()) << update.status();
  EXPECT_EQ(ArgNames(*update), (std::vector<std::string>{"running", "total", "count"}));
  EXPECT_EQ(update->args()[1].type, (TensorType{DType::kFloat64, {5}}));
  EXPECT_EQ(update->args()[2].type, (TensorType{DType::kFloat64, {}}));
  EXPECT_EQ(ResultNames(*update), (std::vector<std::string>{"running"}));
}

TEST(Program, EvaluationHasNeitherSmoothingNorDropoutNorBatchStatistics) {
  const Program program = Make(Options());
  const Result<Graph> eval = program.Eval(5), lane = program.Lane(5);
  ASSERT_TRUE(eval.ok()) << eval.status();
  EXPECT_EQ(*FindNode(*lane, "cross_entropy")->attrs.Find("label_smoothing"), AttrValue(0.1));
  EXPECT_EQ(*FindNode(*eval, "cross_entropy")->attrs.Find("label_smoothing"), AttrValue(0.0));
  EXPECT_NE(FindNode(*lane, "dropout"), nullptr);
  EXPECT_EQ(FindNode(*eval, "dropout"), nullptr);
  EXPECT_EQ(FindNode(*eval, "batch_norm_train"), nullptr);
  const std::vector<std::string> names = ResultNames(*eval);
  ASSERT_GT(names.size(), 3u);
  EXPECT_EQ(names[0], "numerator");
  EXPECT_EQ(names[1], "denominator");
  for (size_t i = 2; i < names.size(); ++i) EXPECT_TRUE(names[i].starts_with(kSumPrefix));
}

TEST(Program, UpdateOfSgdHasTheDocumentedArgumentsAndResults) {
  const Result<Graph> update = Make(Options()).Update(128);
  ASSERT_TRUE(update.ok()) << update.status();
  EXPECT_EQ(ArgNames(*update),
            (std::vector<std::string>{"param", "grad", "momentum_buffer", "lr", "grad_scale"}));
  EXPECT_EQ(ResultNames(*update), (std::vector<std::string>{"param", "momentum_buffer"}));
}

TEST(Program, UpdateOfAdamHasTheDocumentedArgumentsAndResults) {
  ProgramOptions options = Options();
  options.optimizer.name = "adam";
  const Result<Graph> update = Make(options).Update(128);
  ASSERT_TRUE(update.ok()) << update.status();
  EXPECT_EQ(ArgNames(*update), (std::vector<std::string>{"param", "grad", "exp_avg", "exp_avg_sq",
                                                         "lr", "grad_scale", "bias1", "bias2"}));
  EXPECT_EQ(ResultNames(*update), (std::vector<std::string>{"param", "exp_avg", "exp_avg_sq"}));
}

TEST(Program, FrozenParametersHaveNoGradientAndTheirNormsKeepTheirStatistics) {
  ProgramOptions options = Options();
  options.freeze = {"*", "!fc.*"};
  for (const bool learn : {false, true}) {
    options.frozen_norms_learn = learn;
    const Program program = Make(options);
    const Result<Graph> lane = program.Lane(3);
    ASSERT_TRUE(lane.ok()) << lane.status();
    std::vector<std::string> expected = {"numerator", "denominator", "grad:fc.weight",
                                         "grad:fc.bias"};
    if (learn) {
      for (const char* block : {"block1", "block2"}) {
        for (const char* total : {"count:", "mean:", "var:"}) {
          expected.push_back(std::string(total) + block + "/bn");
        }
      }
    }
    EXPECT_EQ(ResultNames(*lane), expected);
    EXPECT_EQ(FindNode(*lane, "batch_norm_train") != nullptr, learn);
    EXPECT_EQ(FindNode(*lane, "conv2d_weight_grad"), nullptr);
    EXPECT_EQ(program.running().size(), 2u);
    const ParameterSpace space = program.MakeParameterSpace();
    for (size_t i = 0; i < program.parameters().size(); ++i) {
      EXPECT_EQ(space.IsFrozen(i), !program.parameters()[i].name.starts_with("fc."));
    }
  }
}

// What is trained below a frozen norm gets its gradient through it.
TEST(Program, AFrozenNormLetsGradientsThrough) {
  const std::vector<std::vector<std::string>> lists = {
      {"kind=norm"}, {"block2.*"}, {"block1.bn.weight"}, {"*.bias"}};
  for (const std::vector<std::string>& freeze : lists) {
    for (const bool rewrite : {false, true}) {
      ProgramOptions options = Options();
      options.freeze = freeze;
      options.rewrite = rewrite;
      const Program program = Make(options);
      const Result<Graph> lane = program.Lane(3);
      ASSERT_TRUE(lane.ok()) << freeze[0] << ": " << lane.status();
      for (size_t i = 0; i < program.parameters().size(); ++i) {
        const std::string name = "grad:" + program.parameters()[i].name;
        EXPECT_EQ(lane->FindResult(name) != nullptr, !program.IsFrozen(i)) << name;
      }
    }
  }
}

TEST(Program, AGroupThatWaitsIsFrozenInTheStagesBeforeItsEpoch) {
  ProgramOptions options = Options();
  options.freeze = {"block1.bn.bias"};
  options.groups = {"block1.*:unfreeze_epoch=4", "block2.*:unfreeze_epoch=1"};
  const Program program = Make(options);
  ASSERT_EQ(program.stages(), 3u);
  const int64_t epochs[] = {0, 1, 3, 4, 9};
  const size_t stages[] = {0, 1, 1, 2, 2};
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(program.StageOf(epochs[i]), stages[i]) << epochs[i];
  for (size_t stage = 0; stage < 3; ++stage) {
    const Result<Graph> lane = program.Lane(3, 0, stage);
    ASSERT_TRUE(lane.ok()) << lane.status();
    for (size_t i = 0; i < program.parameters().size(); ++i) {
      const std::string& name = program.parameters()[i].name;
      const size_t first = name.starts_with("block1.") ? 2 : name.starts_with("block2.") ? 1 : 0;
      EXPECT_EQ(program.FirstStageOf(i), first) << name;
      const bool trained = first <= stage && name != "block1.bn.bias";
      EXPECT_EQ(lane->FindResult("grad:" + name) != nullptr, trained) << name << " " << stage;
    }
    // In the first no gradient passes a convolution.
    EXPECT_EQ(FindNode(*lane, "conv2d_weight_grad") != nullptr, stage > 0) << stage;
  }
  EXPECT_EQ(Make(Options()).stages(), 1u);
}

TEST(Program, AnAverageIsAnotherSlotThatFollowsTheParameter) {
  ProgramOptions options = Options();
  options.ema_decay = 0.75;
  const Program program = Make(options);
  EXPECT_EQ(program.slots(), (std::vector<std::string>{"momentum_buffer", "ema"}));
  EXPECT_EQ(program.ema_slot(), std::optional<size_t>(1));
  const Result<Graph> update = program.Update(128);
  ASSERT_TRUE(update.ok()) << update.status();
  EXPECT_EQ(ArgNames(*update), (std::vector<std::string>{"param", "grad", "momentum_buffer", "lr",
                                                         "grad_scale", "ema", "ema_weight"}));
  EXPECT_EQ(ResultNames(*update), (std::vector<std::string>{"param", "momentum_buffer", "ema"}));
  const auto weight = [&](int64_t updates, int64_t all) {
    return program.UpdateScalars(updates, all).back().second;
  };
  EXPECT_EQ(weight(1, 1), 1.0);
  EXPECT_EQ(weight(1, 5), 0.25);  // of a parameter that is trained from the fifth update on
}

TEST(Program, NormsAreMeasuredFromWhatTheUpdateReads) {
  ProgramOptions options = Options();
  options.optimizer.name = "lamb";
  options.ema_decay = 0.5;
  const Program program = Make(options);
  const Result<Graph> measure = program.Measure(128), update = program.Update(128);
  ASSERT_TRUE(measure.ok()) << measure.status();
  ASSERT_TRUE(update.ok()) << update.status();
  EXPECT_EQ(ArgNames(*measure), (std::vector<std::string>{"param", "grad", "exp_avg", "exp_avg_sq",
                                                          "lr", "grad_scale", "bias1", "bias2"}));
  EXPECT_EQ(ResultNames(*measure), (std::vector<std::string>{"squares"}));
  EXPECT_EQ(
      ArgNames(*update),
      (std::vector<std::string>{"param", "grad", "exp_avg", "exp_avg_sq", "lr", "grad_scale",
                                "bias1", "bias2", "ema", "ema_weight", "param_norm", "step_norm"}));
  EXPECT_TRUE(Make(Options()).norms().empty());
}

TEST(Program, AGroupHasItsOwnWeightDecay) {
  ProgramOptions options = Options();
  options.optimizer.options.Set("weight_decay", 0.25);
  options.groups = {"kind=norm:weight_decay=0", "fc.*:lr_scale=4"};
  const Program program = Make(options);
  ASSERT_EQ(program.update_groups().size(), 3u);
  EXPECT_EQ(program.update_groups()[2].lr_scale, 4.0);
  const double decays[] = {0.25, 0.0, 0.25};
  for (size_t group = 0; group < 3; ++group) {
    const Result<Graph> update = program.Update(128, group);
    ASSERT_TRUE(update.ok()) << update.status();
    EXPECT_EQ(*FindNode(*update, "sgd")->attrs.Find("weight_decay"), AttrValue(decays[group]));
  }
  EXPECT_EQ(program.GroupOf(program.ParameterIndex("block1.bn.bias")), 1u);
  EXPECT_EQ(program.GroupOf(program.ParameterIndex("block1.conv.bias")), 0u);
  EXPECT_EQ(program.GroupOf(program.ParameterIndex("fc.bias")), 2u);
}

TEST(Program, RefusesGroupsThatMatchNothingAndFreezingEverything) {
  const auto message = [](const std::vector<std::string>& freeze,
                          const std::vector<std::string>& groups) {
    ProgramOptions options = Options();
    options.freeze = freeze;
    options.groups = groups;
    return Program::Make(options).status().message();
  };
  EXPECT_NE(message({"fc.weigth"}, {}).find("matches no parameter"), std::string::npos);
  EXPECT_NE(message({"fc.weigth"}, {}).find("'fc.weight'"), std::string::npos);
  EXPECT_NE(message({"*"}, {}).find("model.freeze freezes all 10 parameters"), std::string::npos);
  EXPECT_NE(message({}, {"layer1.*:lr_scale=2"}).find("matches no parameter"), std::string::npos);
  EXPECT_NE(message({"fc.*"}, {"fc.*:lr_scale=2"}).find("matches no parameter"), std::string::npos);
  EXPECT_NE(message({}, {"fc.*:lr_scale=2", "fc.bias:lr_scale=3"}).find("the groups before it"),
            std::string::npos);
}

TEST(Program, RefusesAnOptimizerItDoesNotKnow) {
  ProgramOptions options = Options();
  options.optimizer.name = "adm";
  const Result<Program> program = Program::Make(options);
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.status().message().find("optimizer.name is 'adm'; did you mean 'adam'"),
            std::string::npos)
      << program.status();
}

TEST(Program, RefusesATaskItDoesNotKnow) {
  ProgramOptions options = Options();
  options.task = "clasification";
  EXPECT_EQ(Program::Make(options).status().ToString(),
            "not-found: there is no task 'clasification'; did you mean 'classification'?");
}

TEST(Program, ReadsTheFieldsThatTheTaskNames) {
  ProgramOptions options = Options();
  options.schema = {{{.name = "species", .kind = FieldKind::kLabel, .classes = {"a", "b"}},
                     {.name = "photo", .kind = FieldKind::kImage}}};
  const Program program = Make(options);
  EXPECT_EQ(program.inputs(), (std::vector<InputSpec>{{.tensor = "image", .field = "photo"},
                                                      {.tensor = "label", .field = "species"}}));
  EXPECT_EQ(program.Lane(3)->args()[1].type, (TensorType{DType::kInt32, {3}}));
  options.schema.fields.pop_back();
  const Status status = Program::Make(options).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("it has species label (2 classes)"), std::string::npos) << status;
}

// A task of a kind of target that classification does not have.
class ReadsEveryKind : public Task {
 public:
  std::string_view name() const override { return "reads-every-kind"; }
  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    RETURN_IF_ERROR(InputsOfLabelledImages(*this, schema).status());
    std::vector<InputSpec> inputs;
    for (const FieldSpec& field : schema.fields) inputs.push_back({field.name, field.name});
    return inputs;
  }
  void Train(size_t, TaskBuilder& b) const override { Loss(b); }
  void Eval(TaskBuilder& b) const override { Loss(b); }
  std::vector<Metric> metrics() const override { return {{.name = "nothing", .unit = ""}}; }
  Result<std::vector<Metric>> Measure(const Gathered&) const override { return metrics(); }
  std::string_view primary() const override { return "nothing"; }

 private:
  static void Loss(TaskBuilder& b) {
    for (const char* tensor : {"mask", "labels", "numbers"}) b.Input(tensor);
    const Value out = b.Call(kModelNetwork, kForward, {{"image", b.Input("image")}})[kOut];
    b.Loss(b.RecipeLoss(out, b.Input("label"), ops::kLabelTarget));
  }
};

TEST(Program, ATensorHasTheTypeThatTheLoaderMakesOfItsField) {
  AddTask(std::make_unique<const ReadsEveryKind>());
  ProgramOptions options = Options();
  options.model = "resnet18";
  options.image = {32, 32, 3};
  options.eval_image = {40, 48, 3};
  options.task = "reads-every-kind";
  options.schema = ImageAndLabel({});
  options.schema.fields.push_back({.name = "mask", .kind = FieldKind::kMask});
  options.schema.fields.push_back(
      {.name = "labels", .kind = FieldKind::kLabels, .classes = {"a", "b"}});
  options.schema.fields.push_back({.name = "numbers", .kind = FieldKind::kNumbers, .most = 4});
  const Program program = Make(options);
  const auto types = [](const Graph& graph) {
    std::string text;
    for (const Arg& arg : graph.args()) {
      if (arg.kind == ArgKind::kInput) text += arg.name + " " + arg.type.ToString() + "\n";
    }
    return text;
  };
  EXPECT_EQ(types(*program.Lane(2)),
            "mask i32[2,32,32]\nlabels f32[2,2]\nnumbers f32[2,4]\nimage f32[2,32,32,3]\n"
            "label i32[2]\n");
  EXPECT_TRUE(types(*program.Eval(3)).starts_with("mask i32[3,40,48]\n"));
  options.schema.fields.push_back({.name = "caption", .kind = FieldKind::kText});
  EXPECT_EQ(Program::Make(options).status().ToString(),
            "invalid-argument: the task 'reads-every-kind': field 'caption' is of kind text, which "
            "no batch can hold yet; expected image, label, labels, numbers, mask, boxes, "
            "box_labels, box_flags or box_area");
}

// Two phases that add up as many numbers as they are told to.
class AddsUp : public Task {
 public:
  AddsUp(std::string name, int64_t numbers, std::vector<std::string> sums,
         std::vector<int32_t> every = {1, 1})
      : name_(std::move(name)), numbers_(numbers), sums_(std::move(sums)), every_(every) {}
  std::string_view name() const override { return name_; }
  std::vector<PhaseSpec> phases() const override {
    return {{"one", {"model"}, every_[0]}, {"two", {"model"}, every_[1]}};
  }
  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    return InputsOfLabelledImages(*this, schema);
  }
  void Train(size_t phase, TaskBuilder& b) const override {
    Loss(b);
    const Value zeros = ops::Fill(b.emit("zeros"), 0.0, {DType::kFloat64, {numbers_}});
    b.Sum(sums_[phase], zeros);
  }
  void Eval(TaskBuilder& b) const override {
    Loss(b);
    b.PerSample("image", b.Input("image"));
    b.PerSample("label", b.Input("label"));
  }
  std::vector<Metric> metrics() const override { return {{.name = "nothing", .unit = ""}}; }
  Result<std::vector<Metric>> Measure(const Gathered&) const override { return metrics(); }
  std::string_view primary() const override { return "nothing"; }

 private:
  static void Loss(TaskBuilder& b) {
    const Value out = b.Call(kModelNetwork, kForward, {{"image", b.Input("image")}})[kOut];
    b.Loss(b.RecipeLoss(out, b.Input("label"), ops::kLabelTarget));
  }
  const std::string name_;
  const int64_t numbers_;
  const std::vector<std::string> sums_;
  const std::vector<int32_t> every_;
};

Result<Program> MakeOf(std::unique_ptr<const Task> task) {
  ProgramOptions options = Options();
  options.task = std::string(task->name());
  AddTask(std::move(task));
  return Program::Make(options);
}

TEST(Program, SumsOfTrainingStandBehindTheLossAndTakeFourKiBAtMost) {
  using Names = std::vector<std::string>;
  const auto fits = MakeOf(std::make_unique<AddsUp>("fits", 256, Names{"a", "b"}));
  ASSERT_TRUE(fits.ok()) << fits.status();
  EXPECT_EQ(ResultNames(*fits->Lane(2, 1))[2], "sum:b");
  ASSERT_EQ(fits->step_sums().sums.size(), 2u);
  EXPECT_EQ(fits->step_sums().Find("b")->f64, std::vector<double>(256, 0.0));
  EXPECT_EQ(MakeOf(std::make_unique<AddsUp>("large", 257, Names{"a", "b"})).status().message(),
            "the task 'large' adds up 4112 bytes in every step of a lane; expected at most 4096, "
            "so make its sums smaller, or add them up in evaluations");
  EXPECT_EQ(MakeOf(std::make_unique<AddsUp>("twice", 1, Names{"a", "a"})).status().message(),
            "the task 'twice' adds up 'a' in two phases; expected a name of its own for each sum");
}

TEST(Program, WhatIsKeptOfASampleIsCountedInBytes) {
  using Names = std::vector<std::string>;
  const auto keeps = MakeOf(std::make_unique<AddsUp>("keeps", 1, Names{"a", "b"}));
  ASSERT_TRUE(keeps.ok()) << keeps.status();
  EXPECT_EQ(keeps->score_bytes(), 8 * 8 * 4 + 4);
  const std::vector<std::string> results = ResultNames(*keeps->Eval(3));
  EXPECT_EQ(results, (Names{"numerator", "denominator", "row:image", "row:label"}));
  EXPECT_EQ(Make(Options()).score_bytes(), 0);
}

TEST(Program, TheFirstPhaseRunsInEveryStepAndTheOthersInSome) {
  using Names = std::vector<std::string>;
  const auto make = [](const char* name, int32_t one, int32_t two) {
    return MakeOf(std::make_unique<AddsUp>(name, 1, Names{"a", "b"}, std::vector{one, two}))
        .status();
  };
  EXPECT_TRUE(make("third", 1, 3).ok());
  EXPECT_EQ(make("first", 2, 1).message(),
            "the task 'first' runs its first phase 'one' every 2 steps; its loss is the step's, so "
            "it runs in every step");
  EXPECT_EQ(make("never", 1, 0).message(),
            "the task 'never' runs its phase 'two' every 0 steps; expected 1 or more");
}

TEST(Program, OneClassIsAModelLikeAnyOther) {
  ProgramOptions options = Options();
  options.model_options.classes = 1;
  const Result<Graph> eval = Make(options).Eval(2);
  ASSERT_TRUE(eval.ok()) << eval.status();
  EXPECT_EQ(eval->TypeOf(FindNode(*eval, "cross_entropy")->in[0]).shape, (Shape{2, 1}));
}

// A task whose evaluation calls a network that its training does not.
class EvaluatesMore : public Task {
 public:
  std::string_view name() const override { return "evaluates-more"; }
  std::vector<NetworkSpec> networks(const NetworkSpec& model) const override {
    NetworkSpec other = model;
    other.name = "other";
    return {model, other};
  }
  std::vector<PhaseSpec> phases() const override { return {{"train", {"model", "other"}}}; }
  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    return InputsOfLabelledImages(*this, schema);
  }
  void Train(size_t, TaskBuilder& b) const override { Loss(b, "model"); }
  void Eval(TaskBuilder& b) const override { Loss(b, "other"); }
  std::vector<Metric> metrics() const override { return {{.name = "nothing", .unit = ""}}; }
  Result<std::vector<Metric>> Measure(const Gathered&) const override { return metrics(); }
  std::string_view primary() const override { return "nothing"; }

 private:
  static void Loss(TaskBuilder& b, const std::string& network) {
    const Value out = b.Call(network, kForward, {{"image", b.Input("image")}})[kOut];
    b.Loss(b.RecipeLoss(out, b.Input("label"), ops::kLabelTarget));
  }
};

TEST(Program, WhatOccursInEvaluationsAloneIsRefused) {
  AddTask(std::make_unique<const EvaluatesMore>());
  ProgramOptions options = Options();
  options.task = "evaluates-more";
  EXPECT_EQ(Program::Make(options).status().message(),
            "the parameter 'other.block1.conv.weight' occurs in evaluations and not in training");
}

TEST(Program, EvaluationMayHaveImagesOfAnotherSizeWhereTheParametersFit) {
  ProgramOptions options = Options();
  options.model = "resnet18";
  options.image = {32, 32, 3};
  options.eval_image = {48, 40, 3};
  const Result<Graph> eval = Make(options).Eval(2);
  ASSERT_TRUE(eval.ok()) << eval.status();
  EXPECT_EQ(eval->args()[0].type.shape, (Shape{2, 48, 40, 3}));
  EXPECT_EQ(Make(options).Lane(2)->args()[0].type.shape, (Shape{2, 32, 32, 3}));
  options.model = "lenet5";
  EXPECT_EQ(Program::Make(options).status().message(),
            "the parameter 'fc1.weight' is f32[120,400] in training and f32[120,1008] in "
            "evaluation: the model needs one size of images");
}

TEST(Program, ForwardHalfOfALaneEndsWhereTheLossesGradientBegins) {
  for (const Model& model : Models()) {
    const Result<Graph> lane = Make(DescribedFor(model)).Lane(1);
    ASSERT_TRUE(lane.ok()) << lane.status();
    const size_t forward = ForwardNodes(*lane);
    ASSERT_LT(forward, lane->nodes().size());
    const std::string& last = lane->nodes()[forward - 1].op->name;
    const bool norms = FindNode(*lane, "batch_norm_totals") != nullptr;
    EXPECT_EQ(last, norms ? "batch_norm_totals" : "cross_entropy") << model.name;
    EXPECT_EQ(lane->nodes()[forward].op->name, "fill") << model.name;
  }
}

}  // namespace
}  // namespace lockstep::graph

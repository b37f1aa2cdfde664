// SPDX-License-Identifier: Apache-2.0
// What check_models.py compares with torchvision.
//
//   dump_model list                names and shapes of every model's parameters, as JSON
//   dump_model gradients MODEL --weights FILE --batch FILE --out FILE [options]
//
// `gradients` runs the lane graph once: logits, loss, the gradient of every parameter under its
// name, and every norm's totals (count, count times mean and variance), written as safetensors in
// the files' order. The batch holds `image` f32 (N, H, W, C) and `label` i32 (N) or, for
// segmenters, `mask` i32 (N, H, W), as a lane batch does.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/device/cpu/cpu_device.h"
#include "base/floating_point_state.h"
#include "graph/program/program.h"
#include "storage/checkpoint/safetensors.h"
#include "tests/oracles/lane_dump.h"
#include "worker/device/host_spec.h"
#include "worker/executor/executor.h"
#include "worker/model/weights.h"
#include "worker/step/bindings.h"

namespace lockstep::tests {
namespace {

using nlohmann::json;

struct Options {
  std::string model, weights, batch, out;
  std::string kernels = "reference", precision = "fp64";
  int64_t classes = 10;
  double dropout = -1.0;
  std::vector<std::string> own;  // "depth=2": options of the model
};

Status PrintList() {
  json models = json::object();
  for (const graph::Model& model : graph::Models()) {
    ASSIGN_OR_RETURN(const graph::Program program,
                     graph::Program::Make(graph::DescribedFor(model)));
    json entry = {{"classes", model.classes}, {"parameters", json::array()}};
    for (const graph::Parameter& p : program.parameters()) {
      entry["parameters"].push_back({p.name, p.file_shape.dims()});
    }
    models[std::string(model.name)] = std::move(entry);
  }
  std::cout << models.dump() << "\n";
  return OkStatus();
}

Result<storage::LaneBatch> ReadBatch(const std::string& path, DType precision) {
  ASSIGN_OR_RETURN(const storage::SafetensorsFile file, storage::SafetensorsFile::Read(path));
  ASSIGN_OR_RETURN(const storage::TensorView images, file.Find(storage::kImageTensor));
  const Shape& shape = images.type.shape;
  if (images.type.dtype != DType::kFloat32 || shape.rank() != 4) {
    return InvalidArgument("'" + path + "' holds images " + images.type.ToString() +
                           "; expected f32[N,H,W,C]");
  }
  storage::LaneBatch batch = {.lane = Lane(0), .rows = shape[0], .tensors = {}, .ids = {}};
  RETURN_IF_ERROR(batch.Add(storage::kImageTensor, {precision, shape}));
  const auto* x = static_cast<const float*>(images.data);
  storage::NamedTensor& image = batch.Tensor(storage::kImageTensor);
  if (precision == DType::kFloat64) {
    std::copy_n(x, shape.elements(), image.as<double>());
  } else {
    std::copy_n(x, shape.elements(), image.as<float>());
  }
  for (const std::string_view target : {storage::kLabelTensor, std::string_view("mask")}) {
    const Result<storage::TensorView> found = file.Find(target);
    if (!found.ok()) continue;
    if (found->type.dtype != DType::kInt32) {
      return InvalidArgument("'" + path + "' holds " + std::string(target) + " " +
                             found->type.ToString() + "; expected i32");
    }
    RETURN_IF_ERROR(batch.Add(target, found->type));
    std::copy_n(static_cast<const int32_t*>(found->data), found->type.shape.elements(),
                batch.Tensor(target).as<int32_t>());
  }
  return batch;
}

// The lane graph hands out the loss alone: its logits are what the loss reads.
Status AddLogits(graph::Graph* graph) {
  for (const graph::Node& node : graph->nodes()) {
    if (!node.op->name.ends_with("cross_entropy")) continue;
    graph->AddResult("logits", node.in[0]);
    return OkStatus();
  }
  return NotFound("the lane graph has no cross-entropy");
}

Result<graph::Program> MakeProgram(const Options& o, DType precision,
                                   const storage::LaneBatch& batch) {
  ASSIGN_OR_RETURN(const graph::Model* model, graph::FindModel(o.model));
  graph::ProgramOptions options = graph::DescribedFor(*model);
  const Shape& shape = batch.Tensor(storage::kImageTensor).type.shape;
  options.image = {shape[1], shape[2], shape[3]};
  options.precision = precision;
  options.lane_batch = batch.rows;
  if (o.dropout >= 0.0) options.model_options.own.Set("dropout", o.dropout);
  for (const std::string& text : o.own) {
    const size_t end = std::min(text.find('='), text.size());
    const std::string name = text.substr(0, end);
    const Option* const option = model->options.Find(name);
    if (option == nullptr) return InvalidArgument("the model has no option '" + name + "'");
    ASSIGN_OR_RETURN(AttrValue value,
                     option->Parse(text.substr(std::min(end + 1, text.size())), name));
    options.model_options.own.Set(name, std::move(value));
  }
  options.model_options.classes = o.classes;
  options.rewrite = o.kernels != "reference";
  return graph::Program::Make(options);
}

Status DumpGradients(const Options& o) {
  SetFloatingPointState();
  const DType precision = o.precision == "fp64" ? DType::kFloat64 : DType::kFloat32;
  ASSIGN_OR_RETURN(const storage::LaneBatch batch, ReadBatch(o.batch, precision));
  ASSIGN_OR_RETURN(const graph::Program program, MakeProgram(o, precision, batch));
  DeviceSpec spec = worker::ReferenceHostSpec();
  if (o.kernels != "reference") {
    ASSIGN_OR_RETURN(spec, worker::HostCpuSpec("native", /*threads=*/1));
  }
  CpuDevice device(spec);
  ASSIGN_OR_RETURN(const auto model, worker::CompiledModel::Make(program, &device, {}));
  ASSIGN_OR_RETURN(worker::ModelState state, worker::ModelState::Make(*model, std::nullopt, {}));
  RETURN_IF_ERROR(worker::LoadWeights(*model, {.path = o.weights}, &state));

  ASSIGN_OR_RETURN(graph::Graph lane, program.Lane(batch.rows));
  RETURN_IF_ERROR(AddLogits(&lane));
  ASSIGN_OR_RETURN(const auto plan, graph::Compile(lane, device.spec()));
  ASSIGN_OR_RETURN(const auto executor, worker::Executor::Make(plan, &device, {}));
  const std::vector<const void*> args =
      worker::ArgumentPlaces(*model, plan.get()).Bind(state, batch);
  ASSIGN_OR_RETURN(const auto tensors, RunLane(program, *executor, args));
  return WriteDump(o.out, tensors);
}

Status Main(int argc, char** argv) {
  CLI::App app("Runs models for check_models.py.");
  app.require_subcommand(1);
  CLI::App* list = app.add_subcommand("list", "Parameters of every model, as JSON");
  CLI::App* gradients = app.add_subcommand("gradients", "Logits and gradients of one batch");
  Options o;
  gradients->add_option("model", o.model)->required();
  gradients->add_option("--weights", o.weights)->required();
  gradients->add_option("--batch", o.batch)->required();
  gradients->add_option("--out", o.out)->required();
  gradients->add_option("--kernels", o.kernels)->check(CLI::IsMember({"reference", "auto"}));
  gradients->add_option("--precision", o.precision)->check(CLI::IsMember({"fp64", "fp32"}));
  gradients->add_option("--classes", o.classes);
  gradients->add_option("--option", o.own, "An option of the model, as NAME=VALUE");
  gradients->add_option("--dropout", o.dropout, "model.dropout; for models that have it");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return list->parsed() ? PrintList() : DumpGradients(o);
}

}  // namespace
}  // namespace lockstep::tests

int main(int argc, char** argv) {
  const lockstep::Status status = lockstep::tests::Main(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "dump_model: %s\n", status.ToString().c_str());
  return 1;
}

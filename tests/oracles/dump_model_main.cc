// SPDX-License-Identifier: Apache-2.0
// What check_models.py compares with torchvision.
//
//   dump_model list                names and shapes of every model's parameters, as JSON
//   dump_model gradients MODEL --weights FILE --batch FILE --out FILE [options]
//
// `gradients` runs the lane graph once: logits, loss, the gradient of every parameter under its
// name, and every norm's totals (count, count times mean and variance), written as safetensors in
// the files' order. The batch holds `image` f32 (N, H, W, C) and `label` i32 (N), as a lane batch
// does.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/floating_point_state.h"
#include "graph/program/program.h"
#include "storage/checkpoint/safetensors.h"
#include "tests/oracles/lane_dump.h"
#include "worker/device/cpu_device.h"
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
};

Status PrintList() {
  json models = json::object();
  for (const graph::Model& model : graph::Models()) {
    graph::ProgramOptions options;
    options.model = std::string(model.name);
    options.image = model.image;
    options.model_options.classes = model.classes;
    ASSIGN_OR_RETURN(const graph::Program program, graph::Program::Make(options));
    json entry = {{"classes", model.classes}, {"parameters", json::array()}};
    for (const graph::Parameter& p : program.parameters()) {
      entry["parameters"].push_back({p.name, p.file_shape.dims()});
    }
    models[options.model] = std::move(entry);
  }
  std::cout << models.dump() << "\n";
  return OkStatus();
}

Result<storage::LaneBatch> ReadBatch(const std::string& path, DType precision) {
  ASSIGN_OR_RETURN(const storage::SafetensorsFile file, storage::SafetensorsFile::Read(path));
  ASSIGN_OR_RETURN(const storage::TensorView images, file.Find(storage::kImageTensor));
  ASSIGN_OR_RETURN(const storage::TensorView labels, file.Find(storage::kLabelTensor));
  const Shape& shape = images.type.shape;
  if (images.type.dtype != DType::kFloat32 || shape.rank() != 4 ||
      labels.type != TensorType{DType::kInt32, {shape[0]}}) {
    return InvalidArgument("'" + path + "' holds images " + images.type.ToString() +
                           " and labels " + labels.type.ToString() +
                           "; expected f32[N,H,W,C] and i32[N]");
  }
  ASSIGN_OR_RETURN(
      storage::LaneBatch batch,
      storage::MakeImageBatch(Lane(0), shape[0], {shape[1], shape[2], shape[3]}, precision));
  const auto* x = static_cast<const float*>(images.data);
  storage::NamedTensor& image = batch.Tensor(storage::kImageTensor);
  if (precision == DType::kFloat64) {
    std::copy_n(x, shape.elements(), image.as<double>());
  } else {
    std::copy_n(x, shape.elements(), image.as<float>());
  }
  std::copy_n(static_cast<const int32_t*>(labels.data), batch.rows,
              batch.Tensor(storage::kLabelTensor).as<int32_t>());
  return batch;
}

// The lane graph hands out the loss alone: its logits are what the loss reads.
Status AddLogits(graph::Graph* graph) {
  for (const graph::Node& node : graph->nodes()) {
    if (node.op->name != "cross_entropy") continue;
    graph->AddResult("logits", node.in[0]);
    return OkStatus();
  }
  return NotFound("the lane graph has no node cross_entropy");
}

Result<graph::Program> MakeProgram(const Options& o, DType precision,
                                   const storage::LaneBatch& batch) {
  graph::ProgramOptions options;
  options.model = o.model;
  const Shape& shape = batch.Tensor(storage::kImageTensor).type.shape;
  options.image = {shape[1], shape[2], shape[3]};
  options.precision = precision;
  options.lane_batch = batch.rows;
  if (o.dropout >= 0.0) options.model_options.own.Set("dropout", o.dropout);
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
  worker::CpuDevice device(spec);
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

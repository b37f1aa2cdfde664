// SPDX-License-Identifier: Apache-2.0
// dump_op_samples OUTDIR: every sample of every op, executed in double by the reference kernels,
// for check_ops.py to compare with PyTorch. OUTDIR/OP/SAMPLE/ gets inputs in0.npy, ..., outputs
// out0.npy, ..., and where the op has a gradient rule dout0.npy, ... (what flows in) and din0.npy,
// ... (what the rule made of it); OUTDIR/index.json tells what there is, written last.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "ops/core/testing/gradient_run.h"
#include "ops/core/testing/sample_inputs.h"
#include "tests/oracles/npy.h"

namespace lockstep::tests {
namespace {

using nlohmann::json;
using ops::GradientRun;
using ops::OpCase;
using ops::Value;

json AttrsJson(const Attrs& attrs) {
  json result = json::object();
  for (const auto& [name, value] : attrs.fields()) {
    std::visit([&, &key = name](const auto& typed) { result[key] = typed; }, value);
  }
  return result;
}

// Writes the tensors that exist as PREFIX0.npy, ...; returns their file names, null for the others.
Result<json> WriteTensors(const std::string& out_dir, const std::string& prefix,
                          const GradientRun& run, const std::vector<Value>& values) {
  json names = json::array();
  for (size_t i = 0; i < values.size(); ++i) {
    names.push_back(nullptr);
    if (!values[i].valid()) continue;
    const std::string name = prefix + std::to_string(i) + ".npy";
    const ops::GuardedTensor& tensor = run.Get(values[i]);
    RETURN_IF_ERROR(WriteNpy(out_dir + "/" + name, tensor.type(), tensor.data()));
    names.back() = name;
  }
  return names;
}

Result<GradientRun> Run(const OpCase& c) {
  if (c.op->grad == nullptr) return ops::RunForward(c);
  ASSIGN_OR_RETURN(const ops::TensorTypes out,
                   c.op->infer(c.sample->attrs, ops::SampleTypes(*c.sample, DType::kFloat64)));
  return ops::RunGradient(c, ops::DifferentiableOutputs(*c.op, out),
                          ops::DifferentiableInputs(*c.sample));
}

Result<json> DumpCase(const OpCase& c, const std::string& out_dir) {
  const std::string sample_dir = c.op->name + "/" + c.sample->name;
  const std::string dir = out_dir + "/" + sample_dir;
  RETURN_IF_ERROR(MakeDirs(dir));
  ASSIGN_OR_RETURN(const GradientRun run, Run(c));
  json entry = {{"op", c.op->name},
                {"sample", c.sample->name},
                {"dir", sample_dir},
                {"attrs", AttrsJson(c.sample->attrs)},
                {"has_gradient", c.op->grad != nullptr},
                {"wanted", json::array()}};
  for (const size_t i : ops::DifferentiableInputs(*c.sample)) entry["wanted"].push_back(i);
  if (c.op->random_streams > 0) {
    const ops::StepHeader& step = ops::SampleStep();
    entry["stream"] = {{"seed", step.seed},
                       {"step", step.step},
                       {"lane", step.lane},
                       {"path", ops::SamplePath(c.op->name, *c.sample)}};
  }
  ASSIGN_OR_RETURN(entry["in"], WriteTensors(dir, "in", run, run.in));
  ASSIGN_OR_RETURN(entry["out"], WriteTensors(dir, "out", run, run.out));
  ASSIGN_OR_RETURN(entry["dout"], WriteTensors(dir, "dout", run, run.dout));
  ASSIGN_OR_RETURN(entry["din"], WriteTensors(dir, "din", run, run.din));
  return entry;
}

Status DumpAll(const std::string& out_dir) {
  json samples = json::array();
  for (const OpCase& c : ops::AllOpCases(ops::OpRegistry::Global())) {
    Result<json> entry = DumpCase(c, out_dir);
    if (!entry.ok()) return entry.status().WithContext(c.ToString());
    samples.push_back(*std::move(entry));
  }
  return WriteFileAtomic(out_dir + "/index.json", samples.dump(1) + "\n");
}

}  // namespace
}  // namespace lockstep::tests

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: dump_op_samples OUTDIR\n");
    return 2;
  }
  const lockstep::Status status = lockstep::tests::DumpAll(argv[1]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "dump_op_samples: %s\n", status.ToString().c_str());
  return 1;
}

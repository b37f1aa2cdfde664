// SPDX-License-Identifier: Apache-2.0
// `lockstep ckpt diff`: bit by bit, tensor by tensor.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <iomanip>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include "cluster/cli/ckpt_command.h"
#include "cluster/cli/progress.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/checkpoint_directory.h"

namespace lockstep::cluster {
namespace {

using storage::CheckpointFile;
using storage::CheckpointManifest;
using storage::CheckpointTensors;
using storage::TensorView;

struct Side {
  std::string path;
  CheckpointManifest manifest;
};

Result<std::vector<std::string>> PathsToCompare(const std::vector<std::string>& what) {
  if (what.size() == 2) return what;
  if (what.size() != 3) {
    return InvalidArgument(
        "ckpt diff takes two checkpoint directories, or a run directory and two "
        "names; " +
        std::to_string(what.size()) + " were given");
  }
  const std::string folder = storage::CheckpointsFolder(what[0]) + "/";
  return std::vector<std::string>{folder + what[1], folder + what[2]};
}

// "model", "momentum_buffer", ... of both.
std::set<std::string> StemsOf(const Side& a, const Side& b) {
  std::set<std::string> stems;
  for (const Side* side : {&a, &b}) {
    for (const CheckpointFile& file : side->manifest.files) {
      stems.insert(file.name.substr(0, file.name.find('-')));
    }
  }
  return stems;
}

struct ElementDifference {
  int64_t count = 0;
  double largest = 0;  // absolute; NaN where a NaN is compared with anything else
};

template <typename T>
ElementDifference CompareElements(const void* a, const void* b, int64_t elements) {
  ElementDifference difference;
  for (int64_t i = 0; i < elements; ++i) {
    T x, y;
    std::memcpy(&x, static_cast<const T*>(a) + i, sizeof x);
    std::memcpy(&y, static_cast<const T*>(b) + i, sizeof y);
    if (std::memcmp(&x, &y, sizeof x) == 0) continue;  // bits: 0 and -0 differ, by 0
    ++difference.count;
    const double by = std::abs(static_cast<double>(x) - static_cast<double>(y));
    if (by > difference.largest || std::isnan(by)) difference.largest = by;  // a NaN stays
  }
  return difference;
}

ElementDifference Compare(const TensorView& a, const TensorView& b) {
  const int64_t elements = a.type.bytes() / SizeOf(a.type.dtype);
  switch (a.type.dtype) {
    case DType::kFloat32:
      return CompareElements<float>(a.data, b.data, elements);
    case DType::kFloat64:
      return CompareElements<double>(a.data, b.data, elements);
    case DType::kInt32:
      return CompareElements<int32_t>(a.data, b.data, elements);
    case DType::kInt64:
      return CompareElements<int64_t>(a.data, b.data, elements);
    case DType::kUInt8:
      return CompareElements<uint8_t>(a.data, b.data, elements);
  }
  CHECK(false) << "unknown dtype";
  return {};
}

std::string TypeText(const TensorType& type) {
  std::string text(DTypeName(type.dtype));
  text += "[";
  for (const int64_t d : type.shape.dims())
    text += (text.back() == '[' ? "" : ",") + std::to_string(d);
  return text + "]";
}

std::string Number(double value) {
  std::ostringstream text;
  text << std::setprecision(6) << value;
  return text.str();
}

// How one tensor differs; empty if not at all. Null: that side has it not.
std::string TensorDifference(const TensorView* a, const TensorView* b) {
  if (b == nullptr) return "only in a";
  if (a == nullptr) return "only in b";
  if (!(a->type == b->type)) return "a has " + TypeText(a->type) + ", b " + TypeText(b->type);
  const ElementDifference difference = Compare(*a, *b);
  if (difference.count == 0) return "";
  return TypeText(a->type) + ": " + CountText(difference.count) + " of " +
         CountText(a->type.bytes() / SizeOf(a->type.dtype)) + " elements differ, by up to " +
         Number(difference.largest);
}

Result<std::optional<CheckpointTensors>> ReadGroup(const Side& side, const std::string& stem) {
  auto read = CheckpointTensors::ReadDirectory(side.path, side.manifest, stem);
  if (read.status().code() == StatusCode::kNotFound) return std::optional<CheckpointTensors>();
  if (!read.ok()) return read.status();
  return std::optional<CheckpointTensors>(*std::move(read));
}

struct Differences {
  int64_t tensors = 0;  // compared
  int64_t different = 0;
};

Status CompareGroup(const Side& a, const Side& b, const std::string& stem, std::ostream& out,
                    Differences* differences) {
  ASSIGN_OR_RETURN(const auto read_a, ReadGroup(a, stem));
  ASSIGN_OR_RETURN(const auto read_b, ReadGroup(b, stem));
  std::vector<std::string> names;  // in the order of a, then what only b has
  std::map<std::string, std::pair<const TensorView*, const TensorView*>> pairs;
  const std::vector<TensorView> of_a = read_a ? read_a->tensors() : std::vector<TensorView>();
  const std::vector<TensorView> of_b = read_b ? read_b->tensors() : std::vector<TensorView>();
  for (const TensorView& tensor : of_a) {
    names.push_back(tensor.name);
    pairs[tensor.name].first = &tensor;
  }
  for (const TensorView& tensor : of_b) {
    if (pairs.count(tensor.name) == 0) names.push_back(tensor.name);
    pairs[tensor.name].second = &tensor;
  }
  for (const std::string& name : names) {
    ++differences->tensors;
    const std::string difference = TensorDifference(pairs[name].first, pairs[name].second);
    if (difference.empty()) continue;
    ++differences->different;
    out << "tensor    " << stem << "/" << name << ": " << difference << "\n";
  }
  return OkStatus();
}

std::string PositionText(const CheckpointManifest& m) {
  return "branch " + std::to_string(m.id.branch) + ", step " + std::to_string(m.id.step) +
         (m.step_in_epoch == 0 ? " (the end of epoch " + std::to_string(m.epoch) + ")"
                               : " (step " + std::to_string(m.step_in_epoch) + " of epoch " +
                                     std::to_string(m.epoch + 1) + ")");
}

// What stands beside the tensors. Only the trainer state is part of the state.
void PrintFields(const CheckpointManifest& a, const CheckpointManifest& b, std::ostream& out) {
  const auto print = [&](const char* label, const std::string& of_a, const std::string& of_b) {
    if (of_a != of_b) {
      out << label << "a has " << of_a << ", b " << of_b << "\n";
    } else {
      out << label << "equal: " << of_a << "\n";
    }
  };
  print("position  ", PositionText(a), PositionText(b));
  print("digest    ", Hex64(a.digest), Hex64(b.digest));
  print("recipe    ", Hex64(a.recipe_hash), Hex64(b.recipe_hash));
  print("dataset   ", a.dataset_digest.ToHex(), b.dataset_digest.ToHex());
  print("hardware  ", a.hardware, b.hardware);
  const bool trainer = a.trainer_state == b.trainer_state;
  out << "trainer   " << (trainer ? "equal" : "differs: counters of steps, the best evaluation")
      << "\n";
}

}  // namespace

Status RunCkptDiff(const CkptDiffOptions& options, Console* console) {
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, PathsToCompare(options.what));
  std::vector<Side> sides;
  {
    Progress progress(console, "verify", "bytes");
    int64_t done = 0;
    for (const std::string& path : paths) {
      ASSIGN_OR_RETURN(CheckpointManifest manifest,
                       storage::VerifyCheckpointDirectory(path, std::nullopt, [&](int64_t bytes) {
                         progress.Update(done += bytes, 0);
                         return OkStatus();
                       }));
      sides.push_back({path, std::move(manifest)});
    }
  }
  const Side &a = sides[0], &b = sides[1];
  console->out << "a         " << a.path << "\n"
               << "b         " << b.path << "\n";
  PrintFields(a.manifest, b.manifest, console->out);
  Differences differences;
  for (const std::string& stem : StemsOf(a, b)) {
    RETURN_IF_ERROR(CompareGroup(a, b, stem, console->out, &differences));
  }
  const bool trainer = a.manifest.trainer_state == b.manifest.trainer_state;
  if (differences.different == 0 && trainer) {
    console->out << "The states are equal: " << CountText(differences.tensors) << " tensors.\n";
    return OkStatus();
  }
  return DataLoss("the states differ: " + CountText(differences.different) + " of " +
                  CountText(differences.tensors) + " tensors" +
                  (trainer ? "" : " and the trainer state") + " ('" + a.path + "' and '" + b.path +
                  "')");
}

Command CkptDiffCommand() {
  const auto o = std::make_shared<CkptDiffOptions>();
  return {.name = "diff",
          .description = R"(Compare two checkpoints, tensor by tensor.

Examples:
  lockstep ckpt diff runs/a/checkpoints/b01-s0000001200 runs/b/checkpoints/b01-s0000001200
  lockstep ckpt diff runs/a b01-s0000001200 b02-s0000001200
)",
          .options = {{"WHAT",
                       &o->what,
                       "Two checkpoint directories, or RUN NAME NAME",
                       {.required = true, .count = ValueCount{2, 3}}}},
          .run = [o](Console* console) { return RunCkptDiff(*o, console); }};
}

}  // namespace lockstep::cluster

// SPDX-License-Identifier: Apache-2.0
// Small checkpoints of made-up state for tests: every step and branch has its own bytes, digest and
// files.
#pragma once

#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "base/philox.h"
#include "storage/checkpoint/checkpoint.h"

namespace lockstep::storage {

class MadeCheckpoint {
 public:
  explicit MadeCheckpoint(CheckpointId id, uint32_t variant = 0) : variant_(variant) {
    manifest_.id = id;
    manifest_.generation = 1;
    manifest_.epoch = static_cast<int32_t>(id.step / 100);
    manifest_.step_in_epoch = id.step % 100;
    manifest_.evaluation_due = id.step % 2 == 1;
    manifest_.tables = {{"digests.csv", id.step, Hash128("digests")}, {"results.csv", 1, {}}};
    manifest_.digest = Hash64(id.Name() + std::to_string(variant));
    manifest_.state_hash = manifest_.digest + 1;
    manifest_.trainer_state = std::string("\x00\xff\x80state", 8);
    manifest_.fixed_keys = "model.name=lenet5\n";
    manifest_.branch_keys = "optimizer.lr=0.1\n";
    manifest_.recipe_hash = 0xfedcba9876543210u;
    manifest_.dataset_digest = Hash128("dataset");
    manifest_.build = "0123456789abcdef";
    manifest_.hardware = "cpu-x86-64";
    manifest_.environment = {{"host", "knot \"4\""}, {"time", "2026-11-25T02:03:45Z"}};
    manifest_.values = {{"best", "b01-s0000000100"}, {"note", "gr\xc3\xbcn\n"}};
    Group("model", {{DType::kFloat32, {8, 3, 2}},
                    {DType::kFloat32, {8}},
                    {DType::kInt64, {}},
                    {DType::kFloat64, {3, 5}},
                    {DType::kFloat32, {0, 4}}});
    Group("momentum_buffer", {{DType::kFloat32, {8, 3, 2}}, {DType::kFloat32, {8}}});
    Group("progress", {{DType::kUInt8, {13}}});
  }
  MadeCheckpoint(const MadeCheckpoint&) = delete;
  MadeCheckpoint& operator=(const MadeCheckpoint&) = delete;

  CheckpointManifest& manifest() { return manifest_; }
  const CheckpointManifest& manifest() const { return manifest_; }
  const std::vector<TensorGroup>& groups() const { return groups_; }

  // Five files of tensors: "model" is split.
  Result<int64_t> Write(const std::string& run_directory,
                        std::function<Status()> may_commit = {}) const {
    CheckpointWriteOptions options;
    options.file_bytes = 150;
    options.may_commit = std::move(may_commit);
    return WriteCheckpoint(run_directory, manifest_, groups_, options);
  }

  // Whether that checkpoint's tensors are these, to the bit.
  bool IsIn(const std::string& run_directory, const CheckpointManifest& manifest) const {
    if (manifest.id != manifest_.id || manifest.digest != manifest_.digest) return false;
    for (const TensorGroup& group : groups_) {
      const auto read = CheckpointTensors::Read(run_directory, manifest, group.stem);
      if (!read.ok() || read->tensors().size() != group.tensors.size()) return false;
      for (const TensorView& expected : group.tensors) {
        const auto found = read->Find(expected.name);
        if (!found.ok() || !(found->type == expected.type)) return false;
        const auto size = static_cast<size_t>(expected.type.bytes());
        if (size > 0 && std::memcmp(found->data, expected.data, size) != 0) return false;
      }
    }
    return true;
  }

 private:
  void Group(const std::string& stem, const std::vector<TensorType>& types) {
    TensorGroup group{stem, {}};
    for (const TensorType& type : types) {
      const std::string name = "layer" + std::to_string(group.tensors.size()) + ".weight";
      std::string& bytes = bytes_.emplace_back();
      for (uint32_t i = 0; static_cast<int64_t>(bytes.size()) < type.bytes(); ++i) {
        const auto step = static_cast<uint32_t>(manifest_.id.step);
        const PhiloxCounter words =
            Philox4x32({i, step, variant_, static_cast<uint32_t>(bytes_.size())}, {3, 1});
        bytes += static_cast<char>(words[0]);
      }
      group.tensors.push_back({name, type, bytes.data()});
    }
    groups_.push_back(std::move(group));
  }

  uint32_t variant_;
  CheckpointManifest manifest_;
  std::deque<std::string> bytes_;
  std::vector<TensorGroup> groups_;
};

}  // namespace lockstep::storage

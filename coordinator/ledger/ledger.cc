// SPDX-License-Identifier: Apache-2.0
// Keys, sorted as they are to be read:
//   format                    "1"
//   c NAME                    a checkpoint: digest, generation, state
//   g NUMBER                  a generation: branch, recipe hash, parent, build, hardware
//   s BRANCH STEP             a step: digest, bits of its loss
// Numbers in keys are 8 bytes, big-endian; values are base/bytes.h.
#include "coordinator/ledger/ledger.h"

#include <set>

#include "base/bytes.h"
#include "base/fault_point.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "coordinator/ledger/step_history.h"
#include "storage/checkpoint/checkpoint.h"

namespace lockstep::coordinator {
namespace {

constexpr char kFormatKey[] = "format";
constexpr char kFormat[] = "1";

std::string StepKey(int32_t branch, int64_t step) {
  return "s" + BigEndianKey(static_cast<uint64_t>(branch)) +
         BigEndianKey(static_cast<uint64_t>(step));
}

std::string GenerationKey(int64_t number) {
  return "g" + BigEndianKey(static_cast<uint64_t>(number));
}

std::string StepValue(const comm::StepDigest& step) {
  ByteWriter writer;
  writer.U64(step.digest);
  writer.U64(step.loss_bits);
  return std::move(writer).Take();
}

Result<comm::StepDigest> ParseStep(int64_t step, std::string_view value) {
  ByteReader reader(value, "ledger entry of step " + std::to_string(step));
  comm::StepDigest digest;
  digest.step = step;
  ASSIGN_OR_RETURN(digest.digest, reader.U64());
  ASSIGN_OR_RETURN(digest.loss_bits, reader.U64());
  RETURN_IF_ERROR(reader.ExpectEnd());
  return digest;
}

std::string CheckpointValue(const CheckpointEntry& entry) {
  ByteWriter writer;
  writer.U64(entry.digest);
  writer.I64(entry.generation);
  writer.U8(static_cast<uint8_t>(entry.state));
  return std::move(writer).Take();
}

Result<CheckpointEntry> ParseCheckpoint(std::string_view value) {
  ByteReader reader(value, "ledger entry of a checkpoint");
  CheckpointEntry entry;
  ASSIGN_OR_RETURN(entry.digest, reader.U64());
  ASSIGN_OR_RETURN(entry.generation, reader.I64());
  ASSIGN_OR_RETURN(const uint8_t state, reader.U8());
  RETURN_IF_ERROR(reader.ExpectEnd());
  if (state < 1 || state > 2) return DataLoss("ledger: unknown checkpoint state");
  entry.state = static_cast<CheckpointState>(state);
  return entry;
}

struct GenerationEntry {
  int64_t branch = 1;
  std::string build, hardware;  // empty: not known, the ledger was built anew
};

std::string GenerationValue(const storage::GenerationInfo& generation, const std::string& build,
                            const std::string& hardware) {
  ByteWriter writer;
  writer.I64(generation.branch);
  writer.U64(generation.recipe_hash);
  writer.String(generation.parent);
  writer.String(build);
  writer.String(hardware);
  return std::move(writer).Take();
}

Result<GenerationEntry> ParseGeneration(std::string_view value) {
  ByteReader reader(value, "ledger entry of a generation");
  GenerationEntry entry;
  ASSIGN_OR_RETURN(entry.branch, reader.I64());
  RETURN_IF_ERROR(reader.U64().status());
  RETURN_IF_ERROR(reader.String().status());
  ASSIGN_OR_RETURN(entry.build, reader.String());
  ASSIGN_OR_RETURN(entry.hardware, reader.String());
  RETURN_IF_ERROR(reader.ExpectEnd());
  return entry;
}

Status Conflict(int32_t branch, uint64_t before, const comm::StepDigest& now) {
  return DataLoss("step " + std::to_string(now.step) + " of branch " + std::to_string(branch) +
                  " was done again and gave digest " + Hex64(now.digest) +
                  "; the first time it gave " + Hex64(before) +
                  ": a machine computes wrongly, or something that decides bits has changed. Test "
                  "memory and processors of the machines; to give the earlier history up, begin "
                  "anew with --overwrite");
}

// RUN/ledger, or a place for this run in the state directory.
Result<std::string> PlaceOf(const LedgerOptions& options) {
  const Status here = CheckLocksWork(options.run_directory);
  if (here.ok()) return options.run_directory + "/ledger";
  if (options.state_directory.empty()) return here;
  LOG(kInfo) << "the ledger goes to the state directory: " << here.message();
  RETURN_IF_ERROR(MakeDirs(options.state_directory));
  RETURN_IF_ERROR(CheckLocksWork(options.state_directory));
  return options.state_directory + "/ledger-" + Hex64(Hash64(options.run_directory));
}

}  // namespace

Ledger::Ledger(const LedgerOptions& options, std::string directory,
               std::unique_ptr<LedgerStore> store)
    : options_(options), directory_(std::move(directory)), store_(std::move(store)) {}

std::unique_ptr<Ledger> Ledger::Open(const LedgerOptions& options) {
  const auto without = [](const Status& why) {
    LOG(kWarning) << "the run goes on without a ledger: " << why.message();
    return nullptr;
  };
  const Result<std::string> place = PlaceOf(options);
  if (!place.ok()) return without(place.status());
  Status failure;
  // The second time it is built anew.
  for (const bool anew : {!FileExists(*place), true}) {
    Result<std::unique_ptr<LedgerStore>> store = LedgerStore::Open(*place);
    if (store.ok()) {
      std::unique_ptr<Ledger> ledger(new Ledger(options, *place, *std::move(store)));
      failure = ledger->Reconcile(anew);
      if (failure.ok()) return ledger;
    } else {
      failure = store.status();
      if (failure.code() == StatusCode::kUnavailable) return without(failure);
    }
    if (anew) break;
    LOG(kWarning) << "the ledger cannot be used and is built anew from the run's files: "
                  << failure.message();
    const Status removed = RemoveTree(*place);
    if (!removed.ok()) return without(removed);
  }
  return without(failure);
}

Status Ledger::Reconcile(bool made_anew) {
  if (!made_anew) {
    const auto format = store_->Get(kFormatKey);
    RETURN_IF_ERROR(format.status());
    if (*format != kFormat) return DataLoss("ledger '" + directory_ + "': unknown format");
  }
  RETURN_IF_ERROR(ForgetStepsOfOtherPrograms());
  RETURN_IF_ERROR(ReconcileCheckpoints());
  RETURN_IF_ERROR(EnterGenerations());
  if (made_anew) RETURN_IF_ERROR(EnterSteps());
  // Last: a ledger without it was not finished, and is built anew.
  return store_->Put({{kFormatKey, kFormat}}, /*sync=*/true);
}

Status Ledger::ReconcileCheckpoints() {
  ASSIGN_OR_RETURN(auto entries, Checkpoints());
  ASSIGN_OR_RETURN(const auto ids, storage::ListCheckpoints(options_.run_directory));
  std::set<std::string> present;
  for (const storage::CheckpointId id : ids) {
    const std::string name = id.Name();
    present.insert(name);
    const auto entry = entries.find(name);
    if (entry != entries.end() && entry->second.state == CheckpointState::kVerified) continue;
    const auto manifest = storage::VerifyCheckpoint(options_.run_directory, id);
    if (!manifest.ok()) {
      LOG(kWarning) << "not entered in the ledger: " << manifest.status().message();
      continue;
    }
    const CheckpointEntry found{manifest->digest, manifest->generation};
    RETURN_IF_ERROR(store_->Put({{"c" + name, CheckpointValue(found)}}, /*sync=*/true));
  }
  for (auto& [name, entry] : entries) {
    if (present.count(name) != 0 || entry.state == CheckpointState::kLost) continue;
    entry.state = CheckpointState::kLost;
    // Older ones are removed in the course of a run; names of a branch sort by step.
    if (present.empty() || name > *present.rbegin()) {
      LOG(kWarning) << "the ledger knows checkpoint " << name
                    << ", which is gone; the run goes on from an older one";
    }
    RETURN_IF_ERROR(store_->Put({{"c" + name, CheckpointValue(entry)}}, /*sync=*/true));
  }
  return OkStatus();
}

Status Ledger::EnterGenerations() {
  ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, Generations());
  const std::set<int64_t> known(numbers.begin(), numbers.end());
  ASSIGN_OR_RETURN(const auto all, storage::ListGenerations(options_.run_directory, nullptr));
  for (const storage::GenerationInfo& generation : all) {
    if (generation.number == options_.generation.number) continue;
    if (known.count(generation.number) != 0) continue;
    RETURN_IF_ERROR(store_->Put(
        {{GenerationKey(generation.number), GenerationValue(generation, "", "")}}, /*sync=*/false));
  }
  return store_->Put({{GenerationKey(options_.generation.number),
                       GenerationValue(options_.generation, options_.build, options_.hardware)}},
                     /*sync=*/true);
}

Status Ledger::EnterSteps() {
  const std::string path = options_.run_directory + "/digests.csv";
  if (!FileExists(path)) return OkStatus();
  ASSIGN_OR_RETURN(const std::string csv, ReadFile(path));
  ASSIGN_OR_RETURN(const auto checkpoints, Checkpoints());
  std::map<storage::CheckpointId, uint64_t> verified;
  for (const auto& [name, entry] : checkpoints) {
    const auto id = storage::CheckpointId::Parse(name);
    if (id && entry.state == CheckpointState::kVerified) verified[*id] = entry.digest;
  }
  ASSIGN_OR_RETURN(const auto generations,
                   storage::ListGenerations(options_.run_directory, nullptr));
  const auto steps = StepsOfBranches(ParseDigestRows(csv), verified, generations);
  LedgerStore::Entries entries;
  for (const BranchStep& step : steps) {
    entries.emplace_back(StepKey(step.branch, step.digest.step), StepValue(step.digest));
  }
  if (!checkpoints.empty() || !steps.empty()) {
    LOG(kWarning) << "the ledger was missing and was built anew: " << verified.size()
                  << " checkpoint(s), " << steps.size() << " step(s) of digests.csv";
  }
  return store_->Put(entries, /*sync=*/false);
}

// A branch that begins again at step 0, before it had a checkpoint, may do so with another program,
// whose bits may differ: nobody was promised otherwise. What was noted of it counts no more.
Status Ledger::ForgetStepsOfOtherPrograms() {
  bool other = false;
  Status bad;
  RETURN_IF_ERROR(store_->Scan("g", [&](std::string_view, std::string_view value) {
    const Result<GenerationEntry> entry = ParseGeneration(value);
    if (!entry.ok()) {
      bad = entry.status();
    } else if (entry->branch == options_.generation.branch && !entry->build.empty()) {
      other |= entry->build != options_.build || entry->hardware != options_.hardware;
    }
  }));
  RETURN_IF_ERROR(bad);
  if (!other) return OkStatus();
  LOG(kInfo) << "branch " << options_.generation.branch
             << " was begun with another program; the steps it noted are forgotten";
  return store_->RemovePrefix("s" +
                              BigEndianKey(static_cast<uint64_t>(options_.generation.branch)));
}

void Ledger::Warn(const Status& status) {
  if (status.ok() || warned_.exchange(true)) return;
  LOG(kWarning) << "the ledger misses entries from now on; the run goes on, and the next start "
                   "mends it: "
                << status.message();
}

Status Ledger::AddSteps(const std::vector<comm::StepDigest>& steps) {
  if (steps.empty()) return OkStatus();
  const int32_t branch = options_.generation.branch;
  MutexLock lock(&mutex_);
  LedgerStore::Entries entries;
  Status conflict;
  for (const comm::StepDigest& step : steps) {
    const Result<comm::StepDigest> before = FindStep(branch, step.step);
    if (before.ok()) {
      if (conflict.ok() && before->digest != step.digest) {
        conflict = Conflict(branch, before->digest, step);
      }
    } else if (before.status().code() == StatusCode::kNotFound) {
      entries.emplace_back(StepKey(branch, step.step), StepValue(step));
    } else {
      Warn(before.status());
    }
  }
  Warn(store_->Put(entries, /*sync=*/false));
  return conflict;
}

void Ledger::AddCheckpoint(const std::string& name, uint64_t digest) {
  MutexLock lock(&mutex_);
  FaultPoint("ledger.write.before");
  const CheckpointEntry entry{digest, options_.generation.number};
  Warn(store_->Put({{"c" + name, CheckpointValue(entry)}}, /*sync=*/true));
  FaultPoint("ledger.write.after");
}

Result<comm::StepDigest> Ledger::FindStep(int32_t branch, int64_t step) const {
  ASSIGN_OR_RETURN(const std::string value, store_->Get(StepKey(branch, step)));
  return ParseStep(step, value);
}

Result<std::map<std::string, CheckpointEntry>> Ledger::Checkpoints() const {
  std::map<std::string, CheckpointEntry> entries;
  Status bad;
  RETURN_IF_ERROR(store_->Scan("c", [&](std::string_view key, std::string_view value) {
    const Result<CheckpointEntry> entry = ParseCheckpoint(value);
    if (entry.ok()) entries[std::string(key.substr(1))] = *entry;
    if (!entry.ok()) bad = entry.status();
  }));
  RETURN_IF_ERROR(bad);
  return entries;
}

Result<std::vector<int64_t>> Ledger::Generations() const {
  std::vector<int64_t> numbers;
  Status bad;
  RETURN_IF_ERROR(store_->Scan("g", [&](std::string_view key, std::string_view) {
    const Result<uint64_t> number = ParseBigEndianKey(key.substr(1));
    if (number.ok()) numbers.push_back(static_cast<int64_t>(*number));
    if (!number.ok()) bad = number.status();
  }));
  RETURN_IF_ERROR(bad);
  return numbers;
}

}  // namespace lockstep::coordinator

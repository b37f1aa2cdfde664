// SPDX-License-Identifier: Apache-2.0
// The names of checkpoints and the text of manifest.json (docs/formats.md).
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/json/hashed_json.h"

namespace lockstep::storage {
namespace {

using nlohmann::json;

constexpr char kFormat[] = "lockstep-checkpoint";
constexpr HashedFormat kHashedFormat = {kFormat, kCheckpointVersion, "Use the program that made it",
                                        /*oldest=*/kOldestCheckpointVersion};

std::string Padded(int64_t number, size_t digits) {
  std::string text = std::to_string(number);
  if (text.size() < digits) text.insert(0, digits - text.size(), '0');
  return text;
}

std::string HexOf(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// -1: it is none.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

Result<std::string> BytesOfHex(const std::string& key, const std::string& text) {
  if (text.size() % 2 != 0) return DataLoss("'" + key + "' has an odd number of digits");
  for (const char c : text) {
    if (HexDigit(c) >= 0) continue;
    return DataLoss(std::string("'") + c + "' is no lower-case hexadecimal digit");
  }
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    bytes += static_cast<char>(HexDigit(text[i]) * 16 + HexDigit(text[i + 1]));
  }
  return bytes;
}

// Checks that the files are complete sets STEM-0000i-of-0000n, in order: nothing else may be in a
// manifest, least of all a path that leads out of the checkpoint.
Status CheckFileNames(const std::vector<CheckpointFile>& files) {
  size_t i = 0;
  std::string previous;
  while (i < files.size()) {
    const std::string& first = files[i].name;
    const std::string stem = first.substr(0, first.find('-'));
    size_t count = i;
    while (count < files.size() && files[count].name.starts_with(stem + "-")) ++count;
    count -= i;
    if (count == 0 || !IsGroupStem(stem) || stem <= previous) {
      return DataLoss("'" + first + "' is no file of a checkpoint, or out of order");
    }
    for (size_t k = 0; k < count; ++k) {
      const std::string expected = CheckpointFileName(stem, k, count);
      if (files[i + k].name != expected) {
        return DataLoss("'" + files[i + k].name + "' stands where '" + expected + "' was expected");
      }
    }
    previous = stem;
    i += count;
  }
  return OkStatus();
}

Result<CheckpointManifest> FromJson(const JsonObject& j) {
  CheckpointManifest m;
  m.version = j.Integer("version");
  m.id = {j.Integer32("branch"), j.Integer("step")};
  if (m.id.branch < 1) return DataLoss("'branch' is 0; branches count from 1");
  m.generation = j.Integer("generation");
  m.epoch = j.Integer32("epoch");
  m.step_in_epoch = j.Integer("step_in_epoch");
  m.evaluation_due = j.Bool("evaluation_due");
  m.digest = j.Hex64("digest");
  m.state_hash = j.Hex64("state_hash");
  ASSIGN_OR_RETURN(m.trainer_state, BytesOfHex("trainer_state", j.Text("trainer_state")));
  m.fixed_keys = j.Text("fixed_keys");
  m.branch_keys = j.Text("branch_keys");
  m.recipe_hash = j.Hex64("recipe_hash");
  m.dataset_digest = j.Hex128("dataset_digest");
  m.build = j.Text("build");
  m.hardware = j.Text("hardware");
  m.environment = j.TextByName("environment");
  m.values = j.TextByName("values");
  for (const JsonObject& t : j.Objects("tables")) {
    m.tables.push_back({t.Text("name"), t.Integer("rows"), t.Hex128("xxh3_128")});
  }
  for (const JsonObject& f : j.Objects("files")) {
    m.files.push_back({f.Text("name"), f.Integer("size"), f.Hex128("xxh3_128")});
  }
  RETURN_IF_ERROR(CheckFileNames(m.files));
  return m;
}

// A number of a name, of at least `digits` digits; -1 where it is none.
int64_t NumberOf(std::string_view text, size_t digits) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && text.size() >= digits ? value : -1;
}

}  // namespace

std::string CheckpointId::Name() const { return "b" + Padded(branch, 2) + "-s" + Padded(step, 10); }

std::optional<CheckpointId> CheckpointId::Parse(std::string_view name) {
  const size_t dash = name.find("-s");
  if (!name.starts_with('b') || dash == std::string_view::npos) return std::nullopt;
  const int64_t branch = NumberOf(name.substr(1, dash - 1), 2);
  const int64_t step = NumberOf(name.substr(dash + 2), 10);
  if (branch < 1 || branch > std::numeric_limits<int32_t>::max() || step < 0) return std::nullopt;
  const CheckpointId id{static_cast<int32_t>(branch), step};
  if (id.Name() != name) return std::nullopt;  // b001-...: a name has one spelling
  return id;
}

bool IsGroupStem(std::string_view stem) {
  return !stem.empty() && std::all_of(stem.begin(), stem.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string CheckpointFileName(const std::string& stem, size_t index, size_t count) {
  return stem + "-" + Padded(static_cast<int64_t>(index) + 1, 5) + "-of-" +
         Padded(static_cast<int64_t>(count), 5) + ".safetensors";
}

Status CheckGoesOn(const CheckpointManifest& m) {
  if (m.version == kCheckpointVersion) return OkStatus();
  return FailedPrecondition(
      "checkpoint " + m.id.Name() + " has format version " + std::to_string(m.version) +
      ", of an earlier Lockstep: this program evaluates its weights, but goes on only from "
      "version " +
      std::to_string(kCheckpointVersion) +
      ". Go on with the program that made it, choose another place with --run, or begin anew with "
      "--overwrite");
}

Status CheckManifestFits(const CheckpointManifest& m) {
  if (m.id.branch < 1 || m.id.step < 0 || m.generation < 0 || m.epoch < 0 || m.step_in_epoch < 0) {
    return InvalidArgument("checkpoint '" + m.id.Name() + "' has a branch below 1 or a negative " +
                           "step, generation or position");
  }
  RETURN_IF_ERROR(CheckUtf8("'fixed_keys'", m.fixed_keys));
  RETURN_IF_ERROR(CheckUtf8("'branch_keys'", m.branch_keys));
  RETURN_IF_ERROR(CheckUtf8("'build'", m.build));
  RETURN_IF_ERROR(CheckUtf8("'hardware'", m.hardware));
  for (const TableState& t : m.tables) {
    if (t.rows < 0) return InvalidArgument("table '" + t.name + "' has a negative number of rows");
    RETURN_IF_ERROR(CheckUtf8("the name of a table", t.name));
  }
  for (const auto* texts : {&m.environment, &m.values}) {
    for (const auto& [key, text] : *texts) {
      RETURN_IF_ERROR(CheckUtf8("a name", key));
      RETURN_IF_ERROR(CheckUtf8("'" + key + "'", text));
    }
  }
  return {};
}

std::string EncodeCheckpointManifest(const CheckpointManifest& m) {
  json files = json::array();
  for (const CheckpointFile& f : m.files) {
    files.push_back({{"name", f.name}, {"size", f.size}, {"xxh3_128", f.hash.ToHex()}});
  }
  json tables = json::array();
  for (const TableState& t : m.tables) {
    tables.push_back({{"name", t.name}, {"rows", t.rows}, {"xxh3_128", t.hash.ToHex()}});
  }
  return HashedText({{"format", kFormat},
                     {"version", m.version},
                     {"branch", m.id.branch},
                     {"step", m.id.step},
                     {"generation", m.generation},
                     {"epoch", m.epoch},
                     {"step_in_epoch", m.step_in_epoch},
                     {"evaluation_due", m.evaluation_due},
                     {"digest", Hex64(m.digest)},
                     {"state_hash", Hex64(m.state_hash)},
                     {"trainer_state", HexOf(m.trainer_state)},
                     {"fixed_keys", m.fixed_keys},
                     {"branch_keys", m.branch_keys},
                     {"recipe_hash", Hex64(m.recipe_hash)},
                     {"dataset_digest", m.dataset_digest.ToHex()},
                     {"build", m.build},
                     {"hardware", m.hardware},
                     {"environment", json(m.environment)},
                     {"values", json(m.values)},
                     {"tables", std::move(tables)},
                     {"files", std::move(files)}});
}

Result<CheckpointManifest> DecodeCheckpointManifest(std::string_view text) {
  return DecodeHashed<CheckpointManifest>(text, kHashedFormat, FromJson, EncodeCheckpointManifest);
}

}  // namespace lockstep::storage

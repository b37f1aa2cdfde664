// SPDX-License-Identifier: Apache-2.0
#include "coordinator/recovery/resume_decision.h"

#include <algorithm>

#include "coordinator/recovery/key_difference.h"

namespace lockstep::coordinator {
namespace {

using comm::MemberInfo;
using comm::RunInfo;
using storage::CheckpointManifest;
using storage::GenerationInfo;

constexpr char kRemedy[] =
    "go back to the old values, choose another place with --run, or begin anew with --overwrite";
constexpr char kNewBitsRemedy[] =
    ", or accept other bits from here on with --new-bits (a new branch)";

// A file that could not be parsed keeps only its number.
bool IsReadable(const GenerationInfo& generation) { return !generation.host.empty(); }

const GenerationInfo* NewestReadable(const ResumeFindings& found) {
  const auto it = std::find_if(found.generations.rbegin(), found.generations.rend(), IsReadable);
  return it == found.generations.rend() ? nullptr : &*it;
}

// The branch of the last beginning anew: everything on lower branches was thrown away then, though
// a crash may have come before it was removed.
int32_t FirstLivingBranch(const ResumeFindings& found) {
  int32_t branch = 0;
  for (const GenerationInfo& generation : found.generations) {
    if (generation.overwrite) branch = std::max(branch, generation.branch);
  }
  return branch;
}

// What a run has written is cut only where a person asks for that by name.
Status CheckNotShorter(const RunInfo& run, const ResumeFindings& found) {
  const auto newest = NewestCheckpoint(found);
  if (!newest || newest->step <= run.total_steps) return OkStatus();
  return InvalidArgument(
      "run '" + run.run_directory + "' has come to step " + std::to_string(newest->step) +
      " (checkpoint " + newest->Name() + "), and this command ends at step " +
      std::to_string(run.total_steps) +
      " (train.epochs, train.max_steps): it would cut what the run has written. Ask for at least " +
      std::to_string(newest->step) +
      " steps, choose another place with --run, go back on purpose with `lockstep ckpt rewind " +
      run.run_directory + " --to STEP`, or begin anew with --overwrite");
}

// A kernel file holds for one build and one kind of hardware, so it may change with them.
bool IsOfNewBits(const KeyDifference& difference) { return difference.name == "train.kernel_file"; }

// The line that says by which rules recipes are hashed; recipes of schema 1 have none.
std::string SchemaOf(const std::string& fixed_keys) {
  constexpr std::string_view kName = "recipe.schema=";
  const size_t at = fixed_keys.find(kName);
  if (at == std::string::npos) return "1";
  const size_t begin = at + kName.size();
  return fixed_keys.substr(begin, fixed_keys.find('\n', begin) - begin);
}

// Digests begin with the recipe's hash, so those of another schema would not go on.
Status CheckSchema(const RunInfo& run, const std::string& what, const std::string& before) {
  const std::string then = SchemaOf(before), now = SchemaOf(run.fixed_keys);
  if (then == now) return OkStatus();
  return InvalidArgument(
      "run '" + run.run_directory + "' cannot go on: " + what +
      " was made by a version of Lockstep that hashes recipes by schema " + then +
      ", and this one does by schema " + now +
      ", so its digests would not go on. Evaluate what is there (`lockstep eval " +
      run.run_directory + "`), begin another run from its weights (model.weights = \"" +
      run.run_directory + "\" and another --run), or begin anew with --overwrite");
}

Status CheckFixedKeys(const RunInfo& run, const std::string& what, const std::string& before) {
  RETURN_IF_ERROR(CheckSchema(run, what, before));
  std::vector<KeyDifference> differences = DifferencesOf(before, run.fixed_keys, run.unlisted_keys);
  if (run.new_bits) std::erase_if(differences, IsOfNewBits);
  if (differences.empty()) return OkStatus();
  const bool new_bits_help = std::all_of(differences.begin(), differences.end(), IsOfNewBits);
  return InvalidArgument(
      "run '" + run.run_directory + "' cannot go on with this recipe: " + what +
      " has other values of keys that are fixed for a run: " + ToText(differences) + "; " +
      kRemedy + (new_bits_help ? kNewBitsRemedy : ""));
}

// The keys that differ and may do so: branch keys, and with new bits the kernel file.
std::vector<KeyDifference> ChangedKeys(const RunInfo& run, const std::string& fixed_before,
                                       const std::string& branch_before) {
  std::vector<KeyDifference> changed =
      DifferencesOf(branch_before, run.branch_keys, run.unlisted_keys);
  for (KeyDifference& difference : DifferencesOf(fixed_before, run.fixed_keys, run.unlisted_keys)) {
    changed.push_back(std::move(difference));
  }
  return changed;
}

Status CheckDataset(const RunInfo& run, const CheckpointManifest& checkpoint) {
  if (run.dataset_digest == checkpoint.dataset_digest) return OkStatus();
  return InvalidArgument(
      "run '" + run.run_directory + "' cannot go on with this dataset: checkpoint " +
      checkpoint.id.Name() + " was trained on the dataset of digest " +
      checkpoint.dataset_digest.ToHex() + ", now it is " + run.dataset_digest.ToHex() +
      "; use the old dataset, choose another place with --run, or begin anew with --overwrite");
}

// A reason for a new branch, or empty, or a refusal.
Result<std::string> CompareProgram(const std::string& kind, const std::string& before,
                                   const std::string& now, const RunInfo& run,
                                   const CheckpointManifest& checkpoint) {
  if (before == now) return std::string();
  const std::string text = kind + ": " + before + ", now " + now;
  if (run.new_bits) return text;
  return FailedPrecondition("run '" + run.run_directory + "': checkpoint " + checkpoint.id.Name() +
                            " was made with another " + text +
                            "; the bits of a run hold for one of each. Go on with the same, or "
                            "accept other bits from here on with --new-bits (a new branch)");
}

ResumeDecision BeginAnew(const ResumeFindings& found) {
  ResumeDecision decision;
  decision.branch = NextBranch(found);
  decision.overwrite = decision.remove_checkpoints = true;
  decision.notes.push_back("begun anew on purpose (--overwrite): branch " +
                           std::to_string(decision.branch) + " from step 0; " +
                           std::to_string(found.checkpoints.size()) + " checkpoint(s) are removed");
  return decision;
}

Result<ResumeDecision> GoOnFromCheckpoint(const RunInfo& run, const MemberInfo& member,
                                          const ResumeFindings& found) {
  const CheckpointManifest& checkpoint = *found.checkpoint;
  RETURN_IF_ERROR(storage::CheckGoesOn(checkpoint).WithContext("run '" + run.run_directory + "'"));
  const std::string name = checkpoint.id.Name();
  RETURN_IF_ERROR(CheckFixedKeys(run, "checkpoint " + name, checkpoint.fixed_keys));
  RETURN_IF_ERROR(CheckDataset(run, checkpoint));
  ASSIGN_OR_RETURN(const std::string build,
                   CompareProgram("build", checkpoint.build, member.build, run, checkpoint));
  ASSIGN_OR_RETURN(const std::string hardware, CompareProgram("hardware", checkpoint.hardware,
                                                              member.hardware, run, checkpoint));
  const auto keys = ChangedKeys(run, checkpoint.fixed_keys, checkpoint.branch_keys);

  ResumeDecision decision;
  decision.checkpoint = checkpoint;
  decision.branch = checkpoint.id.branch;
  decision.finished = checkpoint.id.step == run.total_steps;
  const std::string at = "checkpoint " + name + " (step " + std::to_string(checkpoint.id.step) +
                         " of " + std::to_string(run.total_steps) + ")";
  std::string reasons;
  for (const std::string& reason : {ToText(keys), build, hardware}) {
    if (!reason.empty()) reasons += (reasons.empty() ? "" : "; ") + reason;
  }
  if (decision.finished) {
    // No step is left that other values could act on, so there is no new history either.
    decision.notes.push_back("the run is finished: " + at +
                             (reasons.empty() ? "" : "; without effect: " + reasons));
  } else if (reasons.empty()) {
    decision.notes.push_back("going on from " + at);
  } else {
    decision.branch = NextBranch(found);
    decision.notes.push_back("branch " + std::to_string(decision.branch) + " goes on from " + at +
                             "; changed: " + reasons);
  }
  return decision;
}

// Whether the branch began at a checkpoint of another branch: it cannot be had again from step 0.
bool HasOtherRoot(const ResumeFindings& found, int32_t branch) {
  return std::any_of(found.generations.begin(), found.generations.end(), [&](const auto& g) {
    const auto parent = storage::CheckpointId::Parse(g.parent);
    return g.branch == branch && parent && parent->branch != branch;
  });
}

// Generations, but no checkpoint that can be used: a run that ended early, or whose checkpoints are
// all damaged.
Result<ResumeDecision> BeginAgain(const RunInfo& run, const ResumeFindings& found) {
  ResumeDecision decision;
  const GenerationInfo* last = NewestReadable(found);
  if (last == nullptr) {
    decision.branch = NextBranch(found);
    decision.notes.push_back("no checkpoint and no generation file that can be read: branch " +
                             std::to_string(decision.branch) + " from step 0");
    return decision;
  }
  const std::string name = storage::GenerationName(last->number);
  RETURN_IF_ERROR(CheckFixedKeys(run, "generation " + name, last->fixed_keys));
  const auto keys = ChangedKeys(run, last->fixed_keys, last->branch_keys);
  const bool same = keys.empty() && !HasOtherRoot(found, last->branch);
  decision.branch = same ? last->branch : NextBranch(found);
  decision.notes.push_back("no checkpoint to go on from: branch " +
                           std::to_string(decision.branch) + " from step 0" +
                           (keys.empty() ? "" : "; changed: " + ToText(keys)));
  return decision;
}

}  // namespace

int32_t NextBranch(const ResumeFindings& found) {
  int32_t highest = 0;
  for (const auto& checkpoint : found.checkpoints) highest = std::max(highest, checkpoint.branch);
  for (const auto& generation : found.generations) highest = std::max(highest, generation.branch);
  return highest + 1;
}

std::optional<storage::CheckpointId> NewestCheckpoint(const ResumeFindings& found) {
  if (found.checkpoints.empty()) return std::nullopt;
  const storage::CheckpointId newest =
      *std::max_element(found.checkpoints.begin(), found.checkpoints.end());
  if (newest.branch < FirstLivingBranch(found)) return std::nullopt;
  return newest;
}

Result<ResumeFindings> FindWhatIsThere(const std::string& run_directory,
                                       const storage::Advance& advance) {
  ResumeFindings found;
  const auto note = [&](const std::string& text) { found.notes.push_back(text); };
  ASSIGN_OR_RETURN(found.generations, storage::ListGenerations(run_directory, &found.notes));
  ASSIGN_OR_RETURN(found.checkpoints, storage::ListCheckpoints(run_directory));
  ASSIGN_OR_RETURN(found.checkpoint, storage::FindResume(run_directory, note, advance));
  return found;
}

Result<ResumeDecision> DecideResume(const RunInfo& run, const MemberInfo& member,
                                    const ResumeFindings& found) {
  const bool anything = !found.generations.empty() || !found.checkpoints.empty();
  if (run.overwrite && anything) return BeginAnew(found);
  if (!anything) {
    ResumeDecision decision;
    decision.notes.push_back("a new run: branch 1 from step 0");
    return decision;
  }
  RETURN_IF_ERROR(CheckNotShorter(run, found));
  const int32_t living = FirstLivingBranch(found);
  if (found.checkpoint && found.checkpoint->id.branch >= living) {
    return GoOnFromCheckpoint(run, member, found);
  }
  ASSIGN_OR_RETURN(ResumeDecision decision, BeginAgain(run, found));
  if (found.checkpoint) {
    decision.remove_checkpoints = true;
    decision.notes.push_back("the checkpoints of branches below " + std::to_string(living) +
                             " were thrown away with --overwrite and are removed now");
  }
  return decision;
}

}  // namespace lockstep::coordinator

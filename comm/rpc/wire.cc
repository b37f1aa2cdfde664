// SPDX-License-Identifier: Apache-2.0
#include "comm/rpc/wire.h"

namespace lockstep::comm {
namespace {

// proto3 strings must be UTF-8 or the other side refuses the whole message: a path or an error text
// may hold any bytes, and losing those is better than losing the message.
std::string Utf8(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t size = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : 4;
    bool good = lead < 0x80 || (lead >= 0xc2 && lead <= 0xf4 && i + size <= text.size());
    for (size_t k = 1; good && k < size; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      good = next >> 6 == 2;
      if (k > 1) continue;  // overlong forms, surrogates and what lies beyond U+10FFFF
      good = good && (lead != 0xe0 || next >= 0xa0) && (lead != 0xed || next < 0xa0) &&
             (lead != 0xf0 || next >= 0x90) && (lead != 0xf4 || next < 0x90);
    }
    if (good) {
      out.append(text, i, size);
      i += size;
    } else {
      out += '?';
      ++i;
    }
  }
  return out;
}

void RangeToWire(Range range, v1::Range* out) {
  out->set_begin(range.begin);
  out->set_end(range.end);
}

Range RangeFromWire(const v1::Range& wire) { return {wire.begin(), wire.end()}; }

void MemberToWire(const MemberInfo& member, v1::MemberInfo* out) {
  out->set_rank(member.rank.value);
  out->set_world_size(member.world_size);
  out->set_host(Utf8(member.host));
  out->set_pid(member.pid);
  out->set_build(Utf8(member.build));
  out->set_hardware(Utf8(member.hardware));
  out->set_fingerprint(member.fingerprint);
  out->set_boot_id(member.boot_id);
  out->set_pid_namespace(member.pid_namespace);
  out->set_process_start(member.process_start);
}

MemberInfo MemberFromWire(const v1::MemberInfo& wire) {
  return {.rank = Rank(wire.rank()),
          .world_size = wire.world_size(),
          .host = wire.host(),
          .pid = wire.pid(),
          .build = wire.build(),
          .hardware = wire.hardware(),
          .fingerprint = wire.fingerprint(),
          .boot_id = wire.boot_id(),
          .pid_namespace = wire.pid_namespace(),
          .process_start = wire.process_start()};
}

void RunToWire(const RunInfo& run, v1::RunInfo* out) {
  out->set_run_directory(Utf8(run.run_directory));
  out->set_fixed_keys(Utf8(run.fixed_keys));
  out->set_branch_keys(Utf8(run.branch_keys));
  out->set_unlisted_keys(Utf8(run.unlisted_keys));
  out->set_recipe_hash(run.recipe_hash);
  out->mutable_dataset_digest()->set_low(run.dataset_digest.low);
  out->mutable_dataset_digest()->set_high(run.dataset_digest.high);
  out->set_samples(run.samples);
  out->set_shard_size(run.shard_size);
  out->set_window_shards(run.window_shards);
  out->set_lane_batch(run.lane_batch);
  out->set_lanes(run.lanes);
  out->set_seed(run.seed);
  out->set_total_steps(run.total_steps);
  out->set_takeover(run.takeover);
  out->set_overwrite(run.overwrite);
  out->set_new_bits(run.new_bits);
  out->set_heartbeat_limit(run.heartbeat_limit);
}

RunInfo RunFromWire(const v1::RunInfo& wire) {
  return {.run_directory = wire.run_directory(),
          .fixed_keys = wire.fixed_keys(),
          .branch_keys = wire.branch_keys(),
          .unlisted_keys = wire.unlisted_keys(),
          .recipe_hash = wire.recipe_hash(),
          .dataset_digest = {wire.dataset_digest().low(), wire.dataset_digest().high()},
          .samples = wire.samples(),
          .shard_size = wire.shard_size(),
          .window_shards = wire.window_shards(),
          .lane_batch = wire.lane_batch(),
          .lanes = wire.lanes(),
          .seed = wire.seed(),
          .total_steps = wire.total_steps(),
          .takeover = wire.takeover(),
          .overwrite = wire.overwrite(),
          .new_bits = wire.new_bits(),
          .heartbeat_limit = wire.heartbeat_limit()};
}

void AssignmentToWire(const Assignment& assignment, v1::Assignment* out) {
  out->set_generation(assignment.generation);
  out->set_branch(assignment.branch);
  RangeToWire(assignment.lanes, out->mutable_lanes());
  for (const Range& range : assignment.shards) RangeToWire(range, out->add_shards());
  out->set_checkpoint(Utf8(assignment.checkpoint));
  out->set_step(assignment.step);
  out->set_digest(assignment.digest);
  out->set_finished(assignment.finished);
}

Assignment AssignmentFromWire(const v1::Assignment& wire) {
  Assignment assignment = {.generation = wire.generation(),
                           .branch = wire.branch(),
                           .lanes = RangeFromWire(wire.lanes()),
                           .shards = {},
                           .checkpoint = wire.checkpoint(),
                           .step = wire.step(),
                           .digest = wire.digest(),
                           .finished = wire.finished()};
  for (const v1::Range& range : wire.shards()) assignment.shards.push_back(RangeFromWire(range));
  return assignment;
}

}  // namespace

void ToWire(const Status& status, v1::Status* out) {
  if (status.ok()) return;
  out->set_code(std::string(StatusCodeName(status.code())));
  out->set_message(Utf8(status.message()));
}

Status FromWire(const v1::Status& wire) {
  if (wire.code().empty()) return OkStatus();
  for (int code = 1; code <= static_cast<int>(StatusCode::kInternal); ++code) {
    const auto candidate = static_cast<StatusCode>(code);
    if (StatusCodeName(candidate) == wire.code()) return Status(candidate, wire.message());
  }
  return Internal(wire.code() + ": " + wire.message());
}

void ToWire(const RegisterRequest& request, v1::RegisterRequest* out) {
  MemberToWire(request.member, out->mutable_member());
  RunToWire(request.run, out->mutable_run());
}

RegisterRequest FromWire(const v1::RegisterRequest& wire) {
  return {MemberFromWire(wire.member()), RunFromWire(wire.run())};
}

void ToWire(const RegisterReply& reply, v1::RegisterReply* out) {
  out->set_accepted(reply.accepted);
  out->set_note(Utf8(reply.note));
  AssignmentToWire(reply.assignment, out->mutable_assignment());
  for (const std::string& note : reply.notes) out->add_notes(Utf8(note));
}

RegisterReply FromWire(const v1::RegisterReply& wire) {
  RegisterReply reply = {.accepted = wire.accepted(),
                         .note = wire.note(),
                         .assignment = AssignmentFromWire(wire.assignment()),
                         .notes = {}};
  for (const std::string& note : wire.notes()) reply.notes.push_back(note);
  return reply;
}

void ToWire(const HeartbeatRequest& request, v1::HeartbeatRequest* out) {
  out->set_generation(request.generation);
  out->set_rank(request.rank.value);
  out->set_phase(Utf8(request.phase));
  out->set_step(request.step);
  out->set_stop_wanted(request.stop_wanted);
  for (const StepDigest& digest : request.digests) {
    v1::StepDigest* wire = out->add_digests();
    wire->set_step(digest.step);
    wire->set_digest(digest.digest);
    wire->set_loss_bits(digest.loss_bits);
  }
}

HeartbeatRequest FromWire(const v1::HeartbeatRequest& wire) {
  HeartbeatRequest request = {.generation = wire.generation(),
                              .rank = Rank(wire.rank()),
                              .phase = wire.phase(),
                              .step = wire.step(),
                              .digests = {},
                              .stop_wanted = wire.stop_wanted()};
  for (const v1::StepDigest& digest : wire.digests()) {
    request.digests.push_back({digest.step(), digest.digest(), digest.loss_bits()});
  }
  return request;
}

void ToWire(const CommitRequest& request, v1::CommitRequest* out) {
  out->set_generation(request.generation);
  out->set_rank(request.rank.value);
  out->set_checkpoint(Utf8(request.checkpoint));
  out->set_step(request.step);
  out->set_digest(request.digest);
}

CommitRequest FromWire(const v1::CommitRequest& wire) {
  return {.generation = wire.generation(),
          .rank = Rank(wire.rank()),
          .checkpoint = wire.checkpoint(),
          .step = wire.step(),
          .digest = wire.digest()};
}

void ToWire(const LeaveRequest& request, v1::LeaveRequest* out) {
  out->set_generation(request.generation);
  out->set_rank(request.rank.value);
  ToWire(request.status, out->mutable_status());
  out->set_step(request.step);
  out->set_digest(request.digest);
}

LeaveRequest FromWire(const v1::LeaveRequest& wire) {
  return {.generation = wire.generation(),
          .rank = Rank(wire.rank()),
          .status = FromWire(wire.status()),
          .step = wire.step(),
          .digest = wire.digest()};
}

}  // namespace lockstep::comm

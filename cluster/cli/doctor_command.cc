// SPDX-License-Identifier: Apache-2.0
// `lockstep doctor` on the command line; cluster/doctor does its work.
#include <memory>

#include "cluster/cli/command.h"
#include "cluster/doctor/doctor.h"

namespace lockstep::cluster {
namespace {

struct Given {
  DoctorOptions doctor;
  bool no_measure = false;
};

}  // namespace

Command DoctorCommand() {
  const auto o = std::make_shared<Given>();
  return {.name = "doctor",
          .description = R"(Say whether this machine is fit for training, and what to mend.

Examples:
  lockstep doctor
  lockstep doctor --run /scratch/runs --json
  mpirun -np 2 lockstep doctor --no-measure
  lockstep doctor --write-spec this-machine.txt

Ends with 78 where something is a problem, with 0 where there are warnings at most.
)",
          .options = {{"--run",
                       &o->doctor.run,
                       "Run directory whose file system to look at",
                       {.shows_default = true}},
                      {"--write-spec", &o->doctor.write_spec,
                       "Write what plans and predictions need to know of this machine here"},
                      {"--no-measure", &o->no_measure, "Leave out the ceilings, about a second"},
                      {"--json", &o->doctor.json, "As JSON"}},
          .run =
              [o](Console* console) {
                o->doctor.measure = !o->no_measure;
                return RunDoctor(o->doctor, console);
              },
          .at_stop = "ending after the finding at hand",
          .needs_room = false};  // the doctor says itself what it finds
}

}  // namespace lockstep::cluster

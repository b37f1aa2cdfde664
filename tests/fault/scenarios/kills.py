# SPDX-License-Identifier: Apache-2.0
"""kill -9 of ranks, mpirun and the coordinator in every phase of a run, then the same command on
another number of ranks."""

import itertools
import re
import shutil
import signal
import time

from processes import Failure, send, wait_until
from runs import GONE_SECONDS, OK
from scenarios import Spec

WHAT = "kill -9 of a rank, all ranks, mpirun, the coordinator, a lone process, in every phase"

# Places as LOCKSTEP_FAULTS names them, with the count at which they count (base/fault_point.h).
PHASES = {
    "start-up": ("train.join@1", "generation.link.before@1", "generation.link.after@1"),
    "step": ("train.step@2", "train.step@14", "train.step@33"),
    "write": ("train.checkpoint@2", "checkpoint.write@40", "checkpoint.fsync@19"),
    "commit": ("checkpoint.rename.before@2", "checkpoint.rename.after@3",
               "checkpoint.parent_fsync.before@4", "checkpoint.parent_fsync.after@5",
               "ledger.write.before@6", "ledger.write.after@7"),
    "evaluation": ("train.evaluate@1", "train.evaluate@2"),
    "exit": ("train.end@1", "train.summary@1", "train.leave@1"),
}
TARGETS = ("rank0", "rank1", "all", "mpirun", "coordinator", "lone")
QUICK = {("start-up", "rank1"), ("step", "coordinator"), ("write", "all"), ("commit", "rank0"),
         ("evaluation", "mpirun"), ("exit", "lone")}


def fault(place, action, process):
    name, _, count = place.partition("@")
    return f"{name}:{action}@{count}#{process}"


def kill_by_itself(case, ranks, place, rank):
    """The process at the place kills itself: nothing of it runs a moment longer."""
    program = case.train(ranks, faults=fault(place, "kill", rank), mpi=ranks > 1)
    with program:
        program.wait_rank_dead(rank)
        case.expect_gone(program)
    if program.code == 0:
        raise Failure(f"a rank was killed and the command says 0: {program}")


def kill_other(case, ranks, place, victims_of, action_in="0", arguments=()):
    """Stops one process at the place, kills others, lets the stopped one go on."""
    program = case.train(ranks, *arguments, faults=fault(place, "stop", action_in))
    with program:
        stopped = program.wait_stopped()
        for pid in victims_of(program):
            send(pid, signal.SIGKILL)
        send(stopped.pid, signal.SIGCONT)
        case.expect_gone(program)
    return program


def kill_coordinator(case, ranks, place):
    """A coordinator of its own is killed while a rank, or it itself, is at the place."""
    its_own = place.startswith(("generation.", "ledger."))
    faults = fault(place, "kill", "coordinator") if its_own else ""
    coordinator, arguments = case.coordinator(faults)
    with coordinator:
        if its_own:
            program = case.train(ranks, *arguments)
            with program:
                coordinator.wait_gone(60)
                case.expect_gone(program)
        else:
            program = kill_other(case, ranks, place, lambda _: [coordinator.pid],
                                 arguments=arguments)
    if program.code == 0:
        case.check_finished(program)
    elif "coordinator" not in program.err:
        raise Failure(f"the coordinator was killed and nothing says so: {program}")


def restart_with_coordinator(case, ranks):
    coordinator, arguments = case.coordinator()
    with coordinator:
        case.finishes(ranks, *arguments)
        coordinator.wait()
    case.check_ended(OK, coordinator)


def kill_case(target, place, ranks, then):
    def do(case):
        rank0_only = not place.startswith("train.")
        if target == "rank0":
            kill_by_itself(case, ranks, place, 0)
        elif target == "lone":
            kill_by_itself(case, 1, place, 0)
        elif target == "rank1" and not rank0_only:
            kill_by_itself(case, ranks, place, 1)
        elif target == "rank1":
            kill_other(case, ranks, place, lambda program: [program.ranks()[1].pid])
        elif target == "all":
            kill_other(case, ranks, place,
                       lambda program: [rank.pid for rank in program.ranks().values()])
        elif target == "mpirun":
            kill_other(case, ranks, place, lambda program: [program.pid])
        else:
            kill_coordinator(case, ranks, place)
        if target == "coordinator" and then % 2 == 0:
            restart_with_coordinator(case, then)
        else:
            case.finishes(then)
    return do


def as_recommended(case):
    """With the setting of Open MPI that the program asks for, mpirun itself stays for longer; the
    run can go on meanwhile."""
    told = re.search(r"(OMPI_MCA_odls_base_sigkill_timeout)=(\d+)", case.finishes(2).err)
    if not told:
        raise Failure("under mpirun the program asks for no OMPI_MCA_odls_base_sigkill_timeout")
    shutil.rmtree(case.run)
    program = case.train(3, faults=fault("train.step@13", "kill", 1),
                         environment=dict([told.groups()]))
    with program:
        program.wait_rank_dead(1)
        killed = time.monotonic()
        wait_until(lambda: not program.ranks(), GONE_SECONDS, lambda: f"ranks are left: {program}")
        case.finishes(2)
        program.wait_gone(max(0.0, GONE_SECONDS - (time.monotonic() - killed)))
        case.kills += 1
        case.gone = time.monotonic() - killed
    case.notes.append(told.group())


# A run that train.max_steps cuts within its second epoch: after its last checkpoint a row of
# results.csv, the weights and the summary are still to come.
CUT = "train.max_steps=31"
CUT_PLACES = ("checkpoint.rename.after@8", "checkpoint.parent_fsync.after@8", "train.evaluate@2",
              "train.end@1", "train.summary@1", "train.leave@1")


def kill_of_cut_run(place, ranks, then):
    def do(case):
        program = case.train(ranks, CUT, faults=fault(place, "kill", 0), mpi=ranks > 1)
        with program:
            program.wait_rank_dead(0)
            case.expect_gone(program)
        case.finishes(then, CUT, like=(CUT,))
    return do


def cases(suite):
    killed_on = itertools.cycle((2, 3, 4))
    then_on = itertools.cycle((1, 2, 3, 4))
    for _ in range(suite.seed % 12):  # other pairs of numbers for another seed
        next(killed_on), next(then_on)
    quick = set(QUICK)
    for phase, places in PHASES.items():
        for place, target in itertools.product(places, TARGETS):
            ranks, then = next(killed_on) if target != "lone" else 1, next(then_on)
            yield Spec(f"{phase}-{place.replace('@', '-')}-{target}",
                       f"kill {target} of {ranks} at {place}, go on with {then}",
                       kill_case(target, place, ranks, then),
                       recipe="convnet" if place.endswith(("14", "3", "19")) else "mlp",
                       quick=(phase, target) in quick)
            quick.discard((phase, target))
        next(then_on)
    for number, place in enumerate(CUT_PLACES):
        ranks, then = 1 + number % 3, 1 + (number + 1) % 3
        yield Spec(f"cut-{place.replace('@', '-')}",
                   f"kill rank 0 of {ranks} at {place} of a run cut within an epoch, go on with "
                   f"{then}", kill_of_cut_run(place, ranks, then),
                   recipe="convnet" if number % 2 else "mlp",
                   quick=place == "train.end@1")
    yield Spec("as-recommended", "kill rank 1 of 3 with the sigkill_timeout the program asks for",
               as_recommended)

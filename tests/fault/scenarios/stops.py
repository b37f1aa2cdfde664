# SPDX-License-Identifier: Apache-2.0
"""A wish to stop in every phase of a start is served, and a rank whose launcher has gone ends."""

import signal

from processes import Failure, is_pending, send, wait_until
from runs import GONE_SECONDS, OK, STOPPED, read_bytes, summary_of
from scenarios import Spec
from scenarios.kills import fault

WHAT = "signals before and while a run begins; a launcher that is killed; a shell that goes"

BEFORE = "stopped on request before the run began"
ENDLESS = ("train.epochs=100000", "eval.every_epochs=1000", "checkpoint.every_steps=500")


def early(ranks, place, number, says=BEFORE):
    """One rank stands still at the place while the wish comes."""
    def do(case):
        program = case.train(ranks, faults=fault(f"{place}@1", "stop", 0))
        with program:
            stopped = program.wait_stopped()
            send(program.pid, number)
            if program.pid != stopped.pid:
                wait_until(lambda: is_pending(stopped.pid, number), 30, "mpirun forwards nothing")
            send(stopped.pid, signal.SIGCONT)
            program.wait()
            case.gone = program.wait_gone(GONE_SECONDS)
        case.check_ended(STOPPED, program, says=[says, "finishing the step and writing a checkpoint"])
        if program.err.count("finishing the step") != 1:
            raise Failure(f"the wish is acknowledged more than once: {program}")
        case.finishes(1 + ranks % 2)
    return do


def in_restore(ranks, then):
    """The wish comes while the checkpoint is read that a killed run goes on from."""
    def do(case):
        killed = case.train(ranks, faults=fault("train.step@13", "kill", 0))
        with killed:
            killed.wait()
            case.expect_gone(killed)
        early(ranks, "train.restore", signal.SIGUSR1)(case)
        case.finishes(then)
    return do


def in_evaluation(evaluation, ranks, then):
    """The wish comes within an evaluation: it is given up, and a resume begins with it."""
    def do(case):
        program = case.train(ranks, faults=fault(f"train.evaluate@{evaluation}", "stop", 0))
        with program:
            stopped = program.wait_stopped()
            send(stopped.pid, signal.SIGUSR1)
            send(stopped.pid, signal.SIGCONT)
            program.wait()
            case.gone = program.wait_gone(GONE_SECONDS)
        case.check_ended(STOPPED, program, says=[f"stopped on request after step {20 * evaluation}"])
        rows = len(read_bytes(f"{case.run}/results.csv").splitlines()) - 1
        if rows != evaluation - 1:
            raise Failure(f"results.csv has {rows} rows, expected {evaluation - 1}: {program}")
        case.finishes(then, says=["Trained 2 epochs"])
    return do


def ignored(case):
    """As a script's background job: SIGINT, ignored from the start, does nothing."""
    shell = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
    program = case.train(1, faults=fault("train.step@13", "stop", 0), launch=shell)
    with program:
        stopped = program.wait_stopped()
        send(stopped.pid, signal.SIGINT)
        send(stopped.pid, signal.SIGCONT)
        program.wait()
    case.check_ended(OK, program)
    case.check_finished(program)


def launcher_killed(ranks, launch=()):
    """kill -9 of mpirun: the ranks end by themselves, a lone one in order."""
    def do(case):
        mpirun = ["mpirun", "--oversubscribe", "--bind-to", "none", "-np", ranks]
        program = case.start([*mpirun, *launch, *case.train_command(*ENDLESS)],
                             faults=fault("train.step@13", "stop", 0))
        with program:
            stopped = program.wait_stopped()
            send(program.pid, signal.SIGKILL)
            program.wait()
            send(stopped.pid, signal.SIGCONT)
            case.expect_gone(program)
        if ranks == 1 and summary_of(case.run)["status"] != "stopped":
            raise Failure(f"it did not end in order: {summary_of(case.run)}")
        check_goes_on(case)
    return do


def check_goes_on(case):
    """The endless run, cut a few steps later, has the digests of one that nobody disturbed."""
    steps = len(read_bytes(f"{case.run}/digests.csv").splitlines()) - 1
    cut = (*ENDLESS, f"train.max_steps={steps + 5}")
    case.must_end(OK, case.train(2, *cut))
    alone = f"{case.folder}/alone"
    case.must_end(OK, case.start([*case.train_command(*cut, run=alone), "--ranks", "3"]))
    case.check_digests(read_bytes(f"{alone}/digests.csv"))
    case.check_checkpoints()


def shell_gone(case):
    """A background job outlives its shell: nothing launched it that would be missed."""
    shell = ["sh", "-c", '"$@" & exit 0', "sh"]
    program = case.train(1, faults=fault("train.step@13", "stop", 0), launch=shell)
    with program:
        program.wait()
        stopped = wait_until(lambda: [p for p in program.living() if p.state == "T"], 60,
                             "nothing of it stopped")[0]
        wait_until(lambda: parent_of(stopped.pid) != program.pid, 30, "the shell is still there")
        send(stopped.pid, signal.SIGCONT)
        program.wait_gone(60)
    case.check_finished(program)


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf8", errors="replace") as file:
        return int(file.read().rpartition(")")[2].split()[1])


def cases(_):
    for ranks, place, number, quick in (
            (2, "mpi.init", signal.SIGUSR1, True), (3, "mpi.started", signal.SIGUSR1, False),
            (2, "world.meeting", signal.SIGUSR2, False), (2, "train.dataset", signal.SIGUSR1, False),
            (1, "train.dataset", signal.SIGTERM, True), (1, "train.compile", signal.SIGINT, False),
            (1, "train.draw", signal.SIGTERM, False), (2, "train.draw", signal.SIGUSR1, True),
            (1, "train.join", signal.SIGINT, False)):
        yield Spec(f"{signal.Signals(number).name.lower()}-{ranks}-{place}",
                   f"{signal.Signals(number).name} while rank 0 of {ranks} is at {place}",
                   early(ranks, place, number), quick=quick)
    for ranks, then in ((1, 2), (2, 3)):
        yield Spec(f"restore-{ranks}", f"SIGUSR1 while {ranks} ranks read a checkpoint",
                   in_restore(ranks, then), quick=ranks == 2)
    for evaluation, ranks, then in ((1, 3, 1), (2, 1, 2), (2, 2, 3)):
        yield Spec(f"evaluation-{evaluation}-{ranks}",
                   f"SIGUSR1 to rank 0 of {ranks} within evaluation {evaluation} of 2, then on with "
                   f"{then}", in_evaluation(evaluation, ranks, then), quick=ranks == 2)
    yield Spec("ignored", "SIGINT that was ignored from the start", ignored, quick=True)
    yield Spec("launcher-1", "kill mpirun -np 1", launcher_killed(1), quick=True)
    yield Spec("launcher-3", "kill mpirun -np 3", launcher_killed(3))
    script = ["sh", "-c", '"$@"; true', "sh"]
    yield Spec("launcher-script", "kill mpirun -np 1 of a script", launcher_killed(1, script))
    yield Spec("shell-gone", "the shell of a background job ends", shell_gone)

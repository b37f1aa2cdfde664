# SPDX-License-Identifier: Apache-2.0
"""A rank that stands still: for less than the limit nobody minds, longer ends the job."""

import signal
import time

from processes import Failure, send
from runs import GONE_SECONDS, OK
from scenarios import Spec
from scenarios.kills import fault

WHAT = "a rank stands still for 0.5, 2 and 10 times run.heartbeat_limit"

LIMIT = 2  # seconds
WATCHED = (f"run.heartbeat_limit={LIMIT}",)


def short(rank, place):
    def do(case):
        program = case.train(2, *WATCHED, faults=fault(place, "stop", rank))
        with program:
            stopped = program.wait_stopped()
            time.sleep(0.5 * LIMIT)
            send(stopped.pid, signal.SIGCONT)
            program.wait()
        case.check_ended(OK, program)
        case.check_finished(program)
    return do


def long(rank, place, times, says):
    def do(case):
        """The others must end without the one that stands still; that one must go when it wakes."""
        program = case.train(2, *WATCHED, faults=fault(place, "stop", rank))
        with program:
            stopped = program.wait_stopped()
            began = time.monotonic()
            while time.monotonic() - began < times * LIMIT and not program.ended():
                time.sleep(0.01)
            ended_after = time.monotonic() - began if program.ended() else None
            send(stopped.pid, signal.SIGCONT)
            case.gone = program.wait_gone(GONE_SECONDS)
        if ended_after is None and times * LIMIT > LIMIT + GONE_SECONDS:
            raise Failure(f"it had not ended after {times * LIMIT} s: {program}")
        if program.code == 0:
            raise Failure(f"a rank stood still for {times} limits and all went well: {program}")
        for phrase in says:
            if phrase not in program.err:
                raise Failure(f"it does not say '{phrase}': {program}")
        case.notes.append(f"mpirun's exit code {program.code}" + (
            f" {ended_after:.1f} s after the stop" if ended_after else ", after it woke"))
        case.finishes(1 + times % 4)
    return do


def cases(_):
    for rank in (1, 0):
        yield Spec(f"rank{rank}-half", f"rank {rank} stands still for 0.5 limits",
                   short(rank, "train.step@13"), quick=rank == 1)
    # The phase is that of the last heartbeat, half a limit ago at most.
    silent = ("rank 1 ", "has been silent for", "last heard of in phase '")
    for times in (2, 10):
        yield Spec(f"rank1-{times}", f"rank 1 stands still for {times} limits in a step",
                   long(1, "train.step@13", times, silent), quick=times == 10)
        yield Spec(f"rank1-evaluation-{times}",
                   f"rank 1 stands still for {times} limits in the evaluation",
                   long(1, "train.evaluate@1", times, silent))
        # Rank 0 hosts the coordinator: what the others notice is its silence.
        yield Spec(f"rank0-{times}", f"rank 0 stands still for {times} limits in a step",
                   long(0, "train.step@13", times, ("rank 1", "coordinator")))

# SPDX-License-Identifier: Apache-2.0
"""A process dies right before and right after each call that makes something durable."""

from runs import GONE_SECONDS, OK
from scenarios import Spec
from scenarios.kills import fault, kill_by_itself

WHAT = "kill -9 before and after link, fsync, rename and ledger write, first and second time"

PLACES = ("generation.link", "checkpoint.manifest_fsync", "checkpoint.rename",
          "checkpoint.parent_fsync", "ledger.write")


def point_case(place, count, ranks, then):
    def do(case):
        if place.startswith("generation.") and count == 2:
            # A process links once: the second time is the second start.
            case.stop_with_signal(10)
            kill_by_itself(case, ranks, f"{place}@1", 0)
        else:
            kill_by_itself(case, ranks, f"{place}@{count}", 0)
        case.finishes(then)
    return do


def every_checkpoint_fails(case):
    """Each start dies at its second commit: a run goes on all the same, a bit each time."""
    starts = 0
    while True:
        starts += 1
        program = case.train(1 + starts % 3, mpi=starts % 3 != 0,
                             faults=fault("checkpoint.rename.after@2", "kill", 0))
        with program:
            program.wait()
            program.wait_gone(GONE_SECONDS)
        if program.code == OK:
            break
        case.kills += 1
    case.notes.append(f"{starts} starts")
    case.check_finished(program)


def cases(_):
    for index, place in enumerate(PLACES):
        for side in ("before", "after"):
            for count in (1, 2):
                name = f"{place}.{side}"
                ranks = 1 + (index + count) % 2
                yield Spec(f"{name}-{count}", f"kill rank 0 of {ranks} at {name}@{count}",
                           point_case(name, count, ranks, 1 + (index + count) % 3),
                           quick=count == 2 and side == "after")
    yield Spec("again-and-again", "every start dies at its second commit, until one does not",
               every_checkpoint_fails)

# SPDX-License-Identifier: Apache-2.0
"""Two commands on one run directory: one trains, the other waits, and nothing is lost."""

import re
import signal

from processes import Failure, send, wait_until
from runs import EXISTS, OK, STOPPED, read_bytes
from scenarios import Spec

WHAT = "two train commands on one run directory at once"


def at_once(first_ranks, second_ranks):
    def do(case):
        """Both are started together; whoever comes second sees a finished run."""
        first, second = case.train(first_ranks), case.train(second_ranks)
        with first, second:
            first.wait(), second.wait()
        for program in (first, second):
            case.check_ended(OK, program)
        finished = [program for program in (first, second) if "is finished already" in program.out]
        if len(finished) != 1:
            raise Failure(f"{len(finished)} of the two say that the run is finished already: "
                          f"{first}\n{second}")
        case.check_finished()
    return do


def again_and_again(case):
    """The two meet at another place each time."""
    for number in range(10):
        case.run = f"{case.folder}/run{number}"
        at_once(1, 1)(case)


def second_gives_up(case):
    """The first runs for longer than the second waits: that one names it and ends with 73."""
    endless = ("train.epochs=100000", "checkpoint.every_steps=500", "eval.every_epochs=1000")
    first = case.train(1, *endless)
    with first:
        wait_until(lambda: "epoch 1/" in first.err + first.out or first.ended(), 60,
                   lambda: f"it does not begin: {first}")
        second = case.must_end(EXISTS, case.train(2, *endless),
                               says=[f"held by process {first.pid} ", "--takeover", "waiting for"])
        if re.search(r"(?m)^Trained", second.out):
            raise Failure(f"it trained: {second}")
        send(first.pid, signal.SIGUSR1)
        first.wait()
    case.check_ended(STOPPED, first)
    steps = len(read_bytes(f"{case.run}/digests.csv").splitlines()) - 1
    cut = (*endless, f"train.max_steps={steps + 5}")
    case.must_end(OK, case.train(2, *cut))
    alone = f"{case.folder}/alone"
    case.must_end(OK, case.start([*case.train_command(*cut, run=alone), "--ranks", "3"]))
    case.check_digests(read_bytes(f"{alone}/digests.csv"))
    case.check_tidy()
    case.check_checkpoints()
    case.notes.append(f"the first did {steps} steps meanwhile")


def cases(_):
    yield Spec("lone-lone", "two lone commands together", at_once(1, 1), quick=True)
    yield Spec("lone-lone-10", "the same ten times", again_and_again)
    yield Spec("lone-mpirun", "a lone command and mpirun -np 2 together", at_once(1, 2))
    yield Spec("mpirun-mpirun", "mpirun -np 2 and mpirun -np 3 together", at_once(2, 3))
    yield Spec("gives-up", "the second waits for the first in vain", second_gives_up)

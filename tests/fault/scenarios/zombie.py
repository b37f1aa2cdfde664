# SPDX-License-Identifier: Apache-2.0
"""A run that stood still is taken over; when its processes go on, they can add nothing."""

import signal

from processes import Failure, send
from runs import GONE_SECONDS, SUPERSEDED, read_bytes
from scenarios import Spec
from scenarios.kills import fault

WHAT = "a stopped run is taken over after its counter stood still, then wakes up"

PLACES = ("train.step@13", "checkpoint.write@40", "checkpoint.rename.before@3",
          "checkpoint.rename.after@3", "train.evaluate@2", "train.summary@1")
# Nobody counts a rank as lost before the run is taken over.
PATIENT = ("run.heartbeat_limit=600",)


def take_over(case, zombie, to_wake, then):
    """With `zombie` standing still: another start finishes; awake again it ends by itself."""
    case.finishes(then, *PATIENT, says=["to stand still for 10 s"])
    before = case.snapshot()
    for pid in to_wake:
        send(pid, signal.SIGCONT)
    zombie.wait(60)
    case.gone = max(case.gone, zombie.wait_gone(GONE_SECONDS))
    if zombie.code == 0:
        raise Failure(f"the zombie says that all went well: {zombie}")
    if case.snapshot() != before:
        changed = [name for name in {**before, **case.snapshot()}
                   if case.snapshot().get(name) != before.get(name)]
        raise Failure(f"the zombie changed {', '.join(sorted(changed))}: {zombie}")
    case.check_tidy()
    case.check_checkpoints()


def lone(place, then):
    def do(case):
        zombie = case.train(1, *PATIENT, faults=fault(place, "stop", 0))
        with zombie:
            take_over(case, zombie, [zombie.wait_stopped().pid], then)
        case.check_ended(SUPERSEDED, zombie, says=["has been taken over"])
    return do


def rank_zero(place, then):
    def do(case):
        zombie = case.train(2, *PATIENT, faults=fault(place, "stop", 0))
        with zombie:
            take_over(case, zombie, [zombie.wait_stopped().pid], then)
    return do


def everything(place, then):
    """As a suspended machine: mpirun and all ranks stand still."""
    def do(case):
        zombie = case.train(2, *PATIENT, faults=fault(place, "stop", 0))
        with zombie:
            zombie.wait_stopped()
            sleepers = [process.pid for process in zombie.living()]
            for pid in sleepers:
                send(pid, signal.SIGSTOP)
            take_over(case, zombie, sleepers, then)
    return do


def taken_by_force(case):
    """--takeover waits for nobody; the holder that lives ends with 76."""
    holder = case.train(1, faults=fault("train.step@13", "stop", 0))
    with holder:
        stopped = holder.wait_stopped()
        case.finishes(2, "--takeover")
        digests = read_bytes(f"{case.run}/digests.csv")
        send(stopped.pid, signal.SIGCONT)
        holder.wait()
    case.check_ended(SUPERSEDED, holder)
    case.check_digests(digests)
    case.check_finished()


def cases(_):
    for number, place in enumerate(PLACES):
        yield Spec(f"lone-{place.replace('@', '-')}", f"a lone process stopped at {place}",
                   lone(place, 1 + number % 3), quick=number == 0)
    for number, place in enumerate(PLACES[:4]):
        yield Spec(f"rank0-{place.replace('@', '-')}", f"rank 0 of 2 stopped at {place}",
                   rank_zero(place, 1 + number % 3))
    yield Spec("everything", "mpirun and both ranks stopped at train.step@13",
               everything("train.step@13", 3))
    yield Spec("taken-by-force", "--takeover from a stopped process", taken_by_force, quick=True)

# SPDX-License-Identifier: Apache-2.0
"""kill -9 of a run with all that a recipe can keep and decide beside its weights: norms of whole
parameters, a moving average that evaluations read, and a group that is trained from the second epoch
on. The kills lie around its first step of that epoch."""

from scenarios import Spec
from scenarios.kills import kill_case

WHAT = "kill -9 of runs with LAMB, a moving average and a group that is trained later"

# Step 20 ends the first epoch, and the fifth checkpoint is of it.
PLACES = ("train.step@20", "train.step@22", "train.checkpoint@5", "train.evaluate@1", "train.end@1")


def cases(_):
    for number, place in enumerate(PLACES):
        ranks, then = 2 + number % 2, 1 + number % 3
        yield Spec(f"{place.replace('@', '-')}-{ranks}-then-{then}",
                   f"kill rank 0 of {ranks} at {place}, go on with {then}",
                   kill_case("rank0", place, ranks, then), recipe="averages",
                   quick=place in ("train.step@22", "train.evaluate@1"))

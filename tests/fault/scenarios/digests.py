# SPDX-License-Identifier: Apache-2.0
"""The same bits on 1 to 8 processes, however they are bound."""

from runs import OK
from scenarios import Spec

WHAT = "equal digests on W processes, with every binding"

BINDINGS = {
    "default": lambda ranks: ["mpirun", "--oversubscribe", "-np", ranks],
    "unbound": lambda ranks: ["mpirun", "--oversubscribe", "--bind-to", "none", "-np", ranks],
    "one-core": lambda ranks: ["taskset", "-c", "0", "mpirun", "--oversubscribe", "--bind-to",
                               "none", "-np", ranks],
}
WORLDS = {"default": (1, 2), "unbound": (1, 2, 3, 4, 5, 8), "one-core": (3, 4, 5, 8)}
QUICK = {("default", 2), ("unbound", 3), ("one-core", 8)}


def mpi_case(binding, ranks):
    def do(case):
        case.must_end(OK, case.start([*BINDINGS[binding](ranks), *case.train_command()]))
        case.check_finished()
    return do


def threads_case(ranks):
    def do(case):
        case.must_end(OK, case.train(ranks, mpi=False))
        case.check_finished()
    return do


def cases(_):
    for recipe in ("mlp", "convnet"):
        for binding, worlds in WORLDS.items():
            for ranks in worlds:
                yield Spec(f"{recipe}-{binding}-w{ranks}", f"mpirun -np {ranks}, {binding}",
                           mpi_case(binding, ranks), recipe=recipe,
                           quick=recipe == "mlp" and (binding, ranks) in QUICK)
        for ranks in (2, 3, 5, 8):
            yield Spec(f"{recipe}-threads-w{ranks}", f"--ranks {ranks}", threads_case(ranks),
                       recipe=recipe, quick=recipe == "convnet" and ranks == 3)

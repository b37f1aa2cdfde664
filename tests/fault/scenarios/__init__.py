# SPDX-License-Identifier: Apache-2.0
"""The scenarios, in the order they run. Each module has WHAT, a line for people, and cases(suite),
which yields Spec."""

from dataclasses import dataclass
from typing import Callable

NAMES = ("digests", "kills", "killpoints", "photographs", "averages", "ledger", "two_at_once",
         "zombie", "pause", "stops", "disk", "damage", "launch", "branch", "python", "job")


@dataclass
class Spec:
    """One case: what is done, by a function of the case's folder."""

    name: str
    what: str
    do: Callable
    quick: bool = False  # also in the short run
    recipe: str = "mlp"

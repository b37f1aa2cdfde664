# SPDX-License-Identifier: Apache-2.0
"""What is made of measurements: medians with spread, ratios within a round, rounds in turns, and a
calibration that voids what was disturbed. Knows no PyTorch and, but for Calibration, no clock."""

import os
import statistics
import time

LOOP = 150_000  # turns of the calibration's arithmetic: about 10 ms


def fixed_arithmetic():
    """The same work every time: a linear congruential generator."""
    x = 1
    for _ in range(LOOP):
        x = (x * 1664525 + 1013904223) & 0xffffffff
    return x


class Calibration:
    """How long fixed arithmetic takes on each core now, the least of a few times in a row (one may
    be cut by a clock tick), against the best seen so far."""

    TIMES = 3

    def __init__(self, cores, work=fixed_arithmetic, clock=time.perf_counter,
                 bind=lambda cores: os.sched_setaffinity(0, cores)):
        self.cores = sorted(cores)
        self.work, self.clock, self.bind = work, clock, bind
        self.best = {}  # seconds by core

    def slowdown(self):
        """Time over the best so far, of the worst core: 1.0 is undisturbed."""
        worst = 1.0
        for core in self.cores:
            self.bind({core})
            taken = min(self.time() for _ in range(self.TIMES))
            self.best[core] = min(taken, self.best.get(core, taken))
            worst = max(worst, taken / self.best[core])
        self.bind(set(self.cores))
        return worst

    def time(self):
        began = self.clock()
        self.work()
        return self.clock() - began


class Measurement:
    """One turn of one contender: images a second of its median step."""

    def __init__(self, rate, disturbances=(), **details):
        self.rate = rate
        self.disturbances = list(disturbances)
        self.details = details


def undisturbed(measure, slowdown, attempts, limit, pause=lambda: None):
    """measure() between two calibrations, again while one of them is above `limit`, after a pause.
    `measure` returns a Measurement, with what it noticed itself. The last attempt is returned with
    what disturbed it, and how many were made."""
    for attempt in range(1, attempts + 1):
        if attempt > 1:
            pause()
        before = slowdown()
        measurement = measure()
        after = slowdown()
        for when, value in (("before", before), ("after", after)):
            if value > limit:
                measurement.disturbances.append(
                    f"fixed arithmetic took {value:.2f} times its best {when}")
        if not measurement.disturbances:
            break
    measurement.details["attempts"] = attempt
    return measurement


def order_of_round(names, number):
    """Rounds begin with another contender each time, and every second one goes backwards, so that
    none always follows the same one."""
    start = number % len(names)
    turned = names[start:] + names[:start]
    return turned[::-1] if number % 2 else turned


def spread(values):
    """None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "min": ordered[0], "max": ordered[-1],
            "count": len(ordered)}


def rates(rounds, name):
    """Undisturbed rates of a contender. `rounds`: one {name: Measurement} each."""
    return [r[name].rate for r in rounds if name in r and not r[name].disturbances]


def ratios(rounds, ours, theirs):
    """Ours over theirs, round by round, where neither was disturbed."""
    return [r[ours].rate / r[theirs].rate for r in rounds
            if ours in r and theirs in r
            and not r[ours].disturbances and not r[theirs].disturbances]


def best_of(rounds, names):
    """The name with the highest median rate; None where none has any."""
    medians = {name: statistics.median(rates(rounds, name)) for name in names
               if rates(rounds, name)}
    return max(medians, key=medians.get) if medians else None

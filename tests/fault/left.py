# SPDX-License-Identifier: Apache-2.0
"""What a run has left in its directory, and how that differs from what another run left.

Everything a run writes must be equal, byte for byte, but for what a clock, the number of ranks or
the number of starts says: those fields and columns are named here, all others count.
"""

import csv
import json
import os
import re

from processes import Failure

# Columns of results.csv that say what a clock said.
CLOCK_COLUMNS = ("images_per_second", "seconds")
# Keys of summary.json of clocks, of starts, and of the number of ranks; `hash` is over all of them.
SUMMARY_OF_THE_START = ("images_per_second", "seconds", "step_ms", "exchange_ms", "exchange_share",
                        "generation", "resumed_from_step", "world_size", "peak_memory_bytes",
                        "hash")
# Keys of a checkpoint's manifest that must be equal; `tables` leaves the columns of clocks out.
MANIFEST = ("branch", "step", "epoch", "step_in_epoch", "digest", "state_hash", "trainer_state",
            "evaluation_due", "tables", "recipe_hash", "dataset_digest", "fixed_keys")


def read_bytes(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise Failure(f"{path} is missing") from None


def read_json(path):
    text = read_bytes(path)
    try:
        return json.loads(text)
    except ValueError as error:
        raise Failure(f"{path} is no JSON ({error}): {text!r}") from None


def results_of(run):
    """results.csv without the columns of clocks."""
    rows = csv.DictReader(read_bytes(f"{run}/results.csv").decode().splitlines())
    return [[value for name, value in row.items() if name not in CLOCK_COLUMNS] for row in rows]


def summary_of(run):
    return read_json(f"{run}/summary.json")


def comparable(summary):
    """A summary without what may differ: the hash of results.csv holds clocks, that of recipe.toml
    holds free keys and where each key came from."""
    kept = {key: value for key, value in summary.items() if key not in SUMMARY_OF_THE_START}
    kept["files"] = [file for file in summary.get("files", [])
                     if file["name"] not in ("results.csv", "recipe.toml")]
    return kept


def checkpoints_of(run):
    """Names, the oldest first."""
    try:
        names = os.listdir(f"{run}/checkpoints")
    except FileNotFoundError:
        return []
    return sorted(name for name in names if re.fullmatch(r"b\d+-s\d+", name))


def state_files(folder):
    """Bytes of all files of a checkpoint but its manifest and its tables, whose clocks differ."""
    return {name: read_bytes(f"{folder}/{name}") for name in sorted(os.listdir(folder))
            if name != "manifest.json" and not name.startswith("tables-")}


class Left:
    """What a finished run has left, read at once."""

    def __init__(self, run):
        self.digests = read_bytes(f"{run}/digests.csv")
        self.results = results_of(run)
        self.summary = summary_of(run)
        self.model = read_bytes(f"{run}/model.safetensors")
        self.checkpoints = {}
        for name in checkpoints_of(run):
            folder = f"{run}/checkpoints/{name}"
            manifest = read_json(f"{folder}/manifest.json")
            self.checkpoints[name] = ({key: manifest.get(key) for key in MANIFEST},
                                      state_files(folder))


def difference_of_checkpoints(mine, reference):
    """Those that both have must be equal, and both have the last one."""
    common = sorted(set(mine) & set(reference))
    if max(reference) not in common:
        return f"checkpoint {max(reference)} is missing; there are {', '.join(sorted(mine))}"
    for name in common:
        (manifest, files), (expected, expected_files) = mine[name], reference[name]
        for key in MANIFEST:
            if manifest[key] != expected[key]:
                return (f"checkpoints/{name}/manifest.json: {key} is {manifest[key]!r}, expected "
                        f"{expected[key]!r}")
        if sorted(files) != sorted(expected_files):
            return f"checkpoints/{name} has {sorted(files)}, expected {sorted(expected_files)}"
        for file, data in files.items():
            if data != expected_files[file]:
                return f"checkpoints/{name}/{file} has other bytes than expected"
    return ""


def difference_of_digests(digests, expected):
    if digests == expected:
        return ""
    mine, theirs = digests.splitlines(), expected.splitlines()
    for number, (got, wanted) in enumerate(zip(mine, theirs)):
        if got != wanted:
            return (f"digests.csv:{number + 1}: {got.decode(errors='replace')}, expected "
                    f"{wanted.decode()}")
    return f"digests.csv has {len(mine)} lines, expected {len(theirs)}"


def difference(mine, reference):
    """The first difference between what two runs left, in words; "" where there is none."""
    found = difference_of_digests(mine.digests, reference.digests)
    if found:
        return found
    if mine.results != reference.results:
        return f"results.csv: {mine.results}, expected {reference.results}"
    got, wanted = comparable(mine.summary), comparable(reference.summary)
    for key in sorted(set(got) | set(wanted)):
        if got.get(key) != wanted.get(key):
            return f"summary.json: {key} is {got.get(key)!r}, expected {wanted.get(key)!r}"
    if mine.model != reference.model:
        return "model.safetensors has other bytes than expected"
    return difference_of_checkpoints(mine.checkpoints, reference.checkpoints)

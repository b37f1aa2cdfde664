# SPDX-License-Identifier: Apache-2.0
"""The input benchmark's report: JSON, and the same as tables in markdown."""

import measure
from measure import Measurement
from report import rounded, table


def kept(rounds):
    """The same rounds with every turn counted, the disturbed ones too."""
    return [{name: Measurement(turn.rate, (), **turn.details) for name, turn in r.items()}
            for r in rounds]


def detail(rounds, name, key):
    """Spread of a detail of all turns of a contender."""
    return measure.spread([r[name].details[key] for r in rounds if key in r[name].details])


def compare(workload, wanted, every, rounds):
    """One workload's part of the report."""
    ours = next(c for c in every if c.ours)
    figures = []
    for one in every:
        entry = {"name": one.name, "error": one.error, "version": one.version}
        figures.append(entry)
        if one.error:
            continue
        entry |= {
            "images_per_second": measure.spread(measure.rates(kept(rounds), one.name)),
            "cpu_ms": detail(rounds, one.name, "cpu_ms"),
            "first_batch_ms": detail(rounds, one.name, "first_batch_ms"),
            "open_ms": detail(rounds, one.name, "open_ms"),
            "foreign": detail(rounds, one.name, "foreign"),
            "turns": len(rounds),
            "void": sum(bool(r[one.name].disturbances) for r in rounds)}
        if not one.ours:
            entry |= {"ratio": measure.spread(measure.ratios(kept(rounds), ours.name, one.name)),
                      "ratio_undisturbed": measure.spread(
                          measure.ratios(rounds, ours.name, one.name)),
                      "cpu_ratio": measure.spread([
                          r[one.name].details["cpu_ms"] / r[ours.name].details["cpu_ms"]
                          for r in rounds])}
    parts = [r[ours.name].details["thread_ms"] for r in rounds]
    return {"workload": workload, "cores": len(ours.cores), "wanted": wanted,
            "contenders": figures,
            "thread_ms": {key: measure.spread([p[key] for p in parts]) for key in parts[0]}}


def row(one):
    if one["error"]:
        return [one["name"], f"does not run: {one['error'].splitlines()[0]}", *[""] * 7]
    undisturbed = one.get("ratio_undisturbed")
    count = f" in {undisturbed['count']} rounds" if undisturbed else ""
    return [one["name"], rounded(one["images_per_second"], 0),
            rounded(one.get("ratio"), 2), rounded(undisturbed, 2) + count,
            rounded(one["cpu_ms"], 4), rounded(one.get("cpu_ratio"), 2),
            rounded(one["open_ms"], 0), rounded(one["first_batch_ms"], 0),
            f"{one['turns'] - one['void']} of {one['turns']}"]


def workload_markdown(part):
    return "\n\n".join([
        f"## {part['workload']}, {part['cores']} core{'s' if part['cores'] > 1 else ''}",
        table(["what", "images a second", "ours over it, all rounds", "rounds without a void turn",
               "CPU ms an image", "its over ours", "finding the files, ms",
               "then the first batch, ms", "turns undisturbed"],
              map(row, part["contenders"])),
        f"Wanted: {part['wanted']:.0f} times.",
        "An image takes a thread of ours: " + ", ".join(
            f"{name} {rounded(values, 4)} ms" for name, values in part["thread_ms"].items()) + "."])


def import_markdown(part):
    return "\n\n".join(["## Import, opening", table(
        ["CIFAR-10", "median (least to most)"],
        [[name, rounded(values, 3)] for name, values in part.items()])])


def markdown(whole):
    machine = whole["machine"]
    head = [
        "# The input against PyTorch's",
        f"{whole['date']}, {machine['cpu']}, {machine['online']} cores; {whole['rounds']} rounds "
        f"in turns after one that does not count, {whole['seconds']:g} s a turn; "
        "median (least to most).",
        f"Versions: {'; '.join(whole['versions'])}.",
        f"```sh\n{whole['command']}\n```"]
    parts = [workload_markdown(part) for part in whole["workloads"]]
    if whole["import"]:
        parts.append(import_markdown(whole["import"]))
    return "\n\n".join(head + parts) + "\n"

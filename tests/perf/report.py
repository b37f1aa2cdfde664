# SPDX-License-Identifier: Apache-2.0
"""The benchmark's report: JSON, and the same as tables in markdown."""

import measure

MEBI = 1 << 20


def rounded(values, digits):
    """"12.3 (11.9 to 12.8)"; "-" for None."""
    if values is None:
        return "-"
    return (f"{values['median']:.{digits}f} ({values['min']:.{digits}f} to "
            f"{values['max']:.{digits}f})")


def figures(contender, rounds):
    """What is reported of one contender."""
    turns = [r[contender.name] for r in rounds if contender.name in r]
    valid = [turn for turn in turns if not turn.disturbances]
    return {
        "name": contender.name, "ours": contender.ours, "description": contender.description,
        "error": contender.error, "version": contender.version,
        "lanes": contender.lanes, "threads": contender.threads, "lane_batch": contender.lane_batch,
        "images_per_second": measure.spread(measure.rates(rounds, contender.name)),
        "step_ms": measure.spread([turn.details["step_ms"] for turn in valid]),
        "resident_bytes": max((turn.details["resident_bytes"] for turn in turns), default=None),
        "warmup_ms": contender.warmup_ms,
        "turns": len(turns), "void": len(turns) - len(valid),
        "disturbances": sorted({text for turn in turns for text in turn.disturbances}),
    }


def compare(workload, batch, contenders, rounds):
    """One workload's part of the report."""
    running = [c for c in contenders if not c.error]
    ours = [c.name for c in running if c.ours and not c.full]
    theirs = [c.name for c in running if not c.ours]
    full = {(c.lanes, c.threads): c.name for c in running if c.full}
    return {
        "workload": workload, "batch": batch,
        "contenders": [figures(contender, rounds) for contender in contenders],
        "best_pytorch": measure.best_of(rounds, theirs),
        "best_ours": measure.best_of(rounds, ours),
        "ratios": [{"ours": o, "theirs": t,
                    "ratio": measure.spread(measure.ratios(rounds, o, t))}
                   for o in ours for t in theirs],
        # The time of a step over that of one that trains everything.
        "shares": [{"ours": c.name, "share": measure.spread(
            measure.ratios(rounds, full[c.lanes, c.threads], c.name))}
                   for c in running if c.ours and not c.full and (c.lanes, c.threads) in full],
    }


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def contender_row(one):
    if one["error"]:
        return [one["name"], f"does not run: {one['error'].splitlines()[0]}", "", "", "", ""]
    memory = one["resident_bytes"]
    return [one["name"], rounded(one["images_per_second"], 1), rounded(one["step_ms"], 2),
            "-" if memory is None else f"{memory / MEBI:.0f}", f"{one['warmup_ms'] / 1e3:.1f}",
            f"{one['turns'] - one['void']} of {one['turns']}"]


def workload_markdown(part):
    default = "newest eager contiguous"
    marks = {default: " (the default)", part["best_pytorch"]: " (its best)"}
    if part["best_pytorch"] == default:
        marks[default] = " (the default, and its best)"
    sections = [
        f"## {part['workload']}, batch {part['batch']}",
        table(["what", "images a second", "ms a step", "peak MiB above start-up", "warm-up s",
               "turns"], [contender_row(one) for one in part["contenders"]])]
    if part["ratios"]:
        sections.append("Ours over PyTorch, medians of the rounds' ratios:")
        sections.append(table(["ours", "PyTorch", "ratio"],
                              [[r["ours"], r["theirs"] + marks.get(r["theirs"], ""),
                                rounded(r["ratio"], 2)] for r in part["ratios"]]))
    if part["shares"]:
        sections.append("A step over one that trains everything, medians of the rounds' ratios:")
        sections.append(table(["ours", "share"], [[one["ours"], rounded(one["share"], 3)]
                                                  for one in part["shares"]]))
    return "\n\n".join(sections)


def markdown(report):
    machine = report["machine"]
    head = [
        "# A training step against PyTorch",
        f"{report['date']}, {machine['cpu']}, cores {machine['cores']} of {machine['online']}, "
        f"{report['threads']} threads; {report['rounds']} rounds in turns; median (least to most).",
        f"Versions: {'; '.join(report['versions'])}.",
        f"```sh\n{report['command']}\n```"]
    if any(one["void"] for part in report["workloads"] for one in part["contenders"]):
        head.append("**Some turns were disturbed and do not count (column turns); measure again on "
                    "an idle machine.**")
    if report["keep_disturbed"]:
        head.append("**Disturbed turns were not looked for: these figures are not to be quoted.**")
    return "\n\n".join(head + [workload_markdown(part) for part in report["workloads"]]) + "\n"

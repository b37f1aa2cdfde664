#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads compile_commands.json: every command line must keep the bits of a run what they are.

Usage: check_flags.py BUILD/compile_commands.json    exit code 1 on a breach
       check_flags.py --self-test                    plants each breach and looks for it

Refused: any fast-math, flags that pick an instruction set (the compiler may then fuse or vectorise
sums differently), and a command whose last word on contraction is not -ffp-contract=off.
"""
import json
import re
import shlex
import sys

REFUSED = re.compile(
    r"^(-Ofast|-ffast-math|-funsafe-math-optimizations|-fassociative-math|-freciprocal-math"
    r"|-ffinite-math-only|-fno-signed-zeros|-fno-rounding-math|-fno-trapping-math"
    r"|-fcx-limited-range|-fexcess-precision=.*|-ffp-model=.*|-mfpmath=.*"
    r"|-march=.*|-mtune=.*|-mcpu=.*|-mfma.*|-mavx.*|-msse.*|-mfpu=.*"
    r"|-fopenmp-simd|--use_fast_math|-use_fast_math|--fmad=true|-fmad=true)$")


def breaches(command):
    """What is wrong with one command line (a list of arguments)."""
    found = [f"refused flag {flag}" for flag in command if REFUSED.match(flag)]
    contract = [flag for flag in command if flag.startswith("-ffp-contract")]
    if not contract:
        found.append("-ffp-contract=off is missing")
    found += [f"refused flag {flag}" for flag in contract if flag != "-ffp-contract=off"]
    return found


def arguments(entry):
    return entry.get("arguments") or shlex.split(entry["command"])


def check(entries):
    return [f"{entry['file']}: {problem}" for entry in entries
            for problem in breaches(arguments(entry))]


def self_test():
    good = "g++ -O3 -ffp-contract=off -Wall -c a.cc"
    assert check([{"file": "a.cc", "command": good}]) == []
    for flag in ("-Ofast", "-ffast-math", "-funsafe-math-optimizations", "-fassociative-math",
                 "-freciprocal-math", "-ffinite-math-only", "-fno-signed-zeros", "-march=native",
                 "-march=x86-64-v3", "-mfma", "-mavx2", "-ffp-contract=fast", "-ffp-contract=on",
                 "-mtune=native", "-ffp-model=fast"):
        found = check([{"file": "a.cc", "command": f"{good} {flag}"}])
        assert found == [f"a.cc: refused flag {flag}"], (flag, found)
    missing = {"file": "a.cc", "arguments": ["g++", "-O3", "-c", "a.cc"]}
    assert check([missing]) == ["a.cc: -ffp-contract=off is missing"]
    print("self-test: every planted flag was found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        entries = json.load(file)
    found = check(entries)
    if not entries:
        found = [f"{sys.argv[1]}: no command lines; nothing was checked"]
    print("\n".join(found) if found else f"flags: {len(entries)} command lines are as they must be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

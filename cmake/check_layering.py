#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every #include of the tree to the arrows of cmake/layering.txt, and names file:line.

Usage: check_layering.py ROOT        exit code 1 when an arrow is broken
       check_layering.py --self-test plants breaches in a scratch tree and looks for each

The arrows hold between top-level folders and, within one, between its folders ("worker/step"); a
name such as "comm" on the right of "comm/local" means the files that lie in comm itself. The arrows
themselves make no circle. Tests and what lies in a folder "testing" are free of the arrows of the
second level, and nothing else may include what lies in "testing". Besides, includes are
root-relative and the file is there; an op (ops/FAMILY/OP) includes another op's public header only
(ops/FAMILY/OP/OP.h).
"""
import os
import re
import sys
import tempfile

SUFFIXES = (".cc", ".h", ".cu", ".cuh")
LIBRARIES = ("gtest/", "gmock/")  # may stand in quotes; every other library stands in <>
TEST_SOURCE = re.compile(r"(_test|_fuzz|_main|_plugin)\.cc$|(^|/)testing/|^tests/")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def read_arrows(path):
    """Folder -> set of folders it may include."""
    arrows = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.split("#")[0].strip()
            if line:
                folder, targets = line.split(":")
                arrows[folder] = set(targets.split()) | {folder}
    return arrows


def sources(root):
    """Root-relative paths of all C++ files, in order; build outputs and hidden folders left out."""
    for folder, folders, files in os.walk(root):
        top = folder == root
        folders[:] = sorted(f for f in folders if not f.startswith(".")
                            and not (top and f in ("build", "runs", "data", "shared")))
        for name in sorted(files):
            if name.endswith(SUFFIXES):
                yield os.path.relpath(os.path.join(folder, name), root)


def op_of(path):
    """The op a path belongs to ("nn/relu"), or None: ops/core and what lies outside ops have none."""
    parts = path.split("/")
    if len(parts) < 4 or parts[0] != "ops" or parts[1] == "core":
        return None
    return "/".join(parts[1:3])


def room_of(path):
    """The folder of the second level that a path belongs to ("worker/step"); "comm" for a file that
    lies in comm itself."""
    return "/".join(path.split("/")[:-1][:2])


def circle(arrows):
    """One circle of arrows, as a list of folders that ends where it begins, or None."""
    done = set()

    def follow(folder, road):
        if folder in road:
            return road[road.index(folder):] + [folder]
        if folder in done:
            return None
        for target in sorted(arrows.get(folder, set()) - {folder}):
            found = follow(target, road + [folder])
            if found:
                return found
        done.add(folder)
        return None

    for folder in sorted(arrows):
        found = follow(folder, [])
        if found:
            return found
    return None


def room_breach(arrows, path, target):
    """What is wrong with the rooms of `path` and `target`, which lie in one top-level folder, or
    None."""
    room, target_room = room_of(path), room_of(target)
    if room == target_room or room.split("/")[0] == "tests":
        return None
    if room not in arrows:
        return f"folder '{room}' is not in cmake/layering.txt"
    if target_room not in arrows[room]:
        top = room.split("/")[0]
        allowed = " ".join(sorted(r for r in arrows[room] - {room} if r.split("/")[0] == top))
        return f"includes \"{target}\": within {top}, {room} may include {allowed or 'nothing else'}"
    return None


def breach(root, arrows, path, target):
    """What is wrong with `path` including `target`, or None."""
    folder, target_folder = path.split("/")[0], target.split("/")[0]
    if target.startswith(LIBRARIES):
        return None
    if folder not in arrows:
        return f"folder '{folder}' is not in cmake/layering.txt"
    if target_folder not in arrows:
        return f"includes \"{target}\": not a root-relative path into a folder of layering.txt"
    if target_folder not in arrows[folder]:
        allowed = " ".join(sorted(arrows[folder] - {folder})) or "nothing else"
        return f"includes \"{target}\": {folder} may include {allowed}"
    if not os.path.isfile(os.path.join(root, target)):
        return f"includes \"{target}\": there is no such file"
    if not TEST_SOURCE.search(path):
        if "/testing/" in target:
            return f"includes \"{target}\": only tests may include what lies in testing/"
        problem = room_breach(arrows, path, target) if folder == target_folder else None
        if problem:
            return problem
    op, target_op = op_of(path), op_of(target)
    if op and target_op and op != target_op:
        if target != f"ops/{target_op}/{target_op.split('/')[1]}.h":
            return f"includes \"{target}\": a private header of another op"
    return None


def check(root):
    """All breaches, each "file:line: what"."""
    arrows = read_arrows(os.path.join(root, "cmake", "layering.txt"))
    found = []
    round_trip = circle(arrows)
    if round_trip:
        found.append(f"cmake/layering.txt:1: a circle of arrows: {' -> '.join(round_trip)}")
    for path in sources(root):
        if "/" not in path:
            found.append(f"{path}:1: C++ belongs into a folder of layering.txt")
            continue
        with open(os.path.join(root, path), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                match = INCLUDE.match(line)
                problem = match and breach(root, arrows, path, match.group(1))
                if problem:
                    found.append(f"{path}:{number}: {problem}")
    return found


def self_test():
    files = {
        "cmake/layering.txt": "base:\nops: base\nops/core:\nops/nn: ops/core\n"
                              "ops/math: ops/core\ngraph: base ops\ngraph/plan: graph\n",
        "base/a.h": "",
        "base/b.cc": '#include "base/a.h"\n#include <vector>\n#include "gtest/gtest.h"\n',
        "ops/core/op.h": '#include "base/a.h"\n',
        "ops/nn/relu/relu.h": '#include "ops/core/op.h"\n',
        "ops/nn/relu/relu_cpu.h": "",
        "ops/nn/tanh/tanh.cc": '#include "ops/nn/relu/relu.h"\n#include "ops/nn/relu/relu_cpu.h"\n',
        "graph/g.cc": '#include "ops/core/op.h"\n#include "base/missing.h"\n#include "g.h"\n',
        "ops/math/add/add.cc": '\n\n  #  include "graph/g.h"\n#include "ops/nn/relu/relu.h"\n',
        "ops/math/add/add_test.cc": '#include "ops/nn/relu/relu.h"\n',
        "ops/math/testing/values.h": '#include "ops/nn/relu/relu.h"\n',
        "ops/math/add/add_cpu.cc": '#include "ops/math/testing/values.h"\n',
        "graph/a.h": "",
        "graph/b.cc": '#include "graph/plan/plan.h"\n',
        "graph/plan/plan.h": '#include "graph/a.h"\n',
        "graph/ir/ir.h": '#include "graph/a.h"\n',
        "extra/x.cc": '#include "base/a.h"\n',
        "build/ignored.cc": '#include "nowhere.h"\n',
    }
    expected = ["extra/x.cc:1:", "graph/b.cc:1:", "graph/g.cc:2:", "graph/g.cc:3:",
                "graph/ir/ir.h:1:", "ops/math/add/add.cc:3:", "ops/math/add/add.cc:4:",
                "ops/math/add/add_cpu.cc:1:", "ops/nn/tanh/tanh.cc:2:"]
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        found = check(root)
    places = sorted(line.split(" ")[0] for line in found)
    assert places == expected, f"found {found}, expected breaches at {expected}"
    arrows = {"a": {"a", "b"}, "b": {"b", "c"}, "c": {"c"}}
    assert circle(arrows) is None
    arrows["c"].add("a")
    assert circle(arrows) == ["a", "b", "c", "a"], circle(arrows)
    print("self-test: every planted breach was found, nothing else")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    found = check(sys.argv[1])
    print("\n".join(found) if found else "layering: every include follows cmake/layering.txt")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

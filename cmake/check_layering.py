#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every #include of the tree to the arrows of cmake/layering.txt, and names file:line.

Usage: check_layering.py ROOT        exit code 1 when an arrow is broken
       check_layering.py --self-test plants breaches in a scratch tree and looks for each

Besides the arrows between top-level folders: includes are root-relative and the file is there; an
op (ops/FAMILY/OP) includes another op's public header only (ops/FAMILY/OP/OP.h).
"""
import os
import re
import sys
import tempfile

SUFFIXES = (".cc", ".h", ".cu", ".cuh")
LIBRARIES = ("gtest/", "gmock/")  # may stand in quotes; every other library stands in <>
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
    op, target_op = op_of(path), op_of(target)
    if op and target_op and op != target_op:
        if target != f"ops/{target_op}/{target_op.split('/')[1]}.h":
            return f"includes \"{target}\": a private header of another op"
    return None


def check(root):
    """All breaches, each "file:line: what"."""
    arrows = read_arrows(os.path.join(root, "cmake", "layering.txt"))
    found = []
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
        "cmake/layering.txt": "base:\nops: base\ngraph: base ops\n",
        "base/a.h": "",
        "base/b.cc": '#include "base/a.h"\n#include <vector>\n#include "gtest/gtest.h"\n',
        "ops/core/op.h": '#include "base/a.h"\n',
        "ops/nn/relu/relu.h": '#include "ops/core/op.h"\n',
        "ops/nn/relu/relu_cpu.h": "",
        "ops/nn/tanh/tanh.cc": '#include "ops/nn/relu/relu.h"\n#include "ops/nn/relu/relu_cpu.h"\n',
        "graph/g.cc": '#include "ops/core/op.h"\n#include "base/missing.h"\n#include "g.h"\n',
        "ops/math/add/add.cc": '\n\n  #  include "graph/g.h"\n',
        "extra/x.cc": '#include "base/a.h"\n',
        "build/ignored.cc": '#include "nowhere.h"\n',
    }
    expected = ["extra/x.cc:1:", "graph/g.cc:2:", "graph/g.cc:3:", "ops/math/add/add.cc:3:",
                "ops/nn/tanh/tanh.cc:2:"]
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        found = check(root)
    places = sorted(line.split(" ")[0] for line in found)
    assert places == expected, f"found {found}, expected breaches at {expected}"
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

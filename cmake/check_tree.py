#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tree's housekeeping, each check by its name:

  check_tree.py tests ROOT BUILD/compile_commands.json   every *_test.cc is built into a test program
  check_tree.py format ROOT CLANG_FORMAT                 every C++ file is as clang-format 14 has it
  check_tree.py size ROOT                                no file above 1 MB
  check_tree.py head ROOT                                every C++ file starts with its SPDX line
  check_tree.py threads ROOT                             only base/thread.cc starts threads
  check_tree.py links ROOT                               every link of a page leads somewhere
  check_tree.py --self-test CLANG_FORMAT                 plants a breach of each and looks for it

Looks at the files git tracks; outside a repository (an unpacked archive) at all but build outputs.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

CPP = (".cc", ".h", ".cu", ".cuh")
LARGEST = 1_000_000  # bytes
LICENSE = "// SPDX-License-Identifier: Apache-2.0"


def tracked(root):
    """Root-relative paths, in order."""
    try:
        listing = subprocess.run(["git", "-C", root, "ls-files", "-z"], check=True,
                                 capture_output=True).stdout.decode()
        paths = [path for path in listing.split("\0") if path]
    except (OSError, subprocess.CalledProcessError):
        paths = []
    if not paths:
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if not f.startswith(".") and not
                          (folder == root and f in ("build", "runs", "data"))]
            paths += [os.path.relpath(os.path.join(folder, name), root) for name in files]
    return sorted(path for path in paths if os.path.isfile(os.path.join(root, path)))


def check_tests(root, commands):
    with open(commands, encoding="utf-8") as file:
        built = {os.path.realpath(os.path.join(entry["directory"], entry["file"]))
                 for entry in json.load(file)}
    return [f"{path}: built into no test program" for path in tracked(root)
            if path.endswith("_test.cc")
            and os.path.realpath(os.path.join(root, path)) not in built]


def check_format(root, clang_format):
    paths = [path for path in tracked(root) if path.endswith(CPP)]
    found = set()
    for start in range(0, len(paths), 50):
        result = subprocess.run([clang_format, "--dry-run", "--Werror", *paths[start:start + 50]],
                                cwd=root, text=True, capture_output=True, check=False)
        complaints = re.findall(r"^(.+?):\d+:\d+: error", result.stderr, re.MULTILINE)
        if result.returncode != 0 and not complaints:
            return [f"{clang_format} failed: {result.stderr.strip()}"]
        found.update(complaints)
    return [f"{path}: not formatted; run {clang_format} -i {path}" for path in sorted(found)]


def check_size(root):
    sizes = ((path, os.path.getsize(os.path.join(root, path))) for path in tracked(root))
    return [f"{path}: {size} bytes; at most {LARGEST} belong into the repository"
            for path, size in sizes if size > LARGEST]


def check_head(root):
    found = []
    for path in tracked(root):
        if path.endswith(CPP):
            with open(os.path.join(root, path), encoding="utf-8") as file:
                if file.readline().rstrip() != LICENSE:
                    found.append(f"{path}:1: expected '{LICENSE}'")
    return found


def check_threads(root):
    """Threads are made by base/thread.h, which tells a refusal instead of throwing; tests may."""
    thrower = re.compile(r"\bstd::(thread|jthread|async)\b(?!::hardware_concurrency)"
                         r"|\bpthread_create\b")
    found = []
    for path in tracked(root):
        if not path.endswith(CPP) or path == "base/thread.cc" or re.search(
                r"_test\.cc$|_main\.cc$|/testing/|/made_\w+\.h$", path):
            continue
        with open(os.path.join(root, path), encoding="utf-8") as file:
            found += [f"{path}:{number}: starts a thread by itself; use base/thread.h"
                      for number, line in enumerate(file, 1)
                      if thrower.search(line.split("//")[0])]
    return found


def prose(text):
    """A page without its code."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"(?ms)^ *```.*?^ *```", "", text))


def anchors(path):
    """The names under which GitHub links to the headings of a page."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"(?ms)^ *```.*?^ *```", "", file.read())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"(?m)^#+ +(.+?) *$", text)}


def check_links(root):
    found = []
    for path in tracked(root):
        if not path.endswith(".md"):
            continue
        with open(os.path.join(root, path), encoding="utf-8") as file:
            links = re.findall(r"\]\(([^)\s]+)\)", prose(file.read()))
        for link in links:
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            place = os.path.join(root, os.path.dirname(path), target) if target else os.path.join(root, path)
            if not os.path.exists(place):
                found.append(f"{path}: links to '{link}', which is not there")
            elif anchor and anchor not in anchors(place):
                found.append(f"{path}: links to '{link}', but no heading there has that name")
    return found


def self_test(clang_format):
    with tempfile.TemporaryDirectory() as root:
        def write(path, text):
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        write(".clang-format", "BasedOnStyle: Google\n")
        write("good.cc", LICENSE + "\nint x = 1;\n")
        write("bad.cc", "int   x=1;\n")
        write("built_test.cc", LICENSE + "\n")
        write("lost_test.cc", LICENSE + "\n")
        write("large.bin", "x" * (LARGEST + 1))
        write("starts.cc", LICENSE + "\nstd::thread t(f);  // std::thread\n"
              "int n = std::thread::hardware_concurrency();\n")
        write("page.md", "# A `head` of, it\n[a](good.cc) [b](#a-head-of-it) [c](lost.md)\n"
              "```\n[d](code.md)\n```\n[e](https://example.org/)\n")
        write("other.md", "[a](page.md#a-head-of-it) [b](page.md#lost)\n")
        write("commands.json", json.dumps([{"directory": root, "file": "built_test.cc"}]))
        found = {
            "format": check_format(root, clang_format), "size": check_size(root),
            "head": check_head(root), "tests": check_tests(root, root + "/commands.json"),
            "threads": check_threads(root)}
        links = check_links(root)
    expected = {"format": "bad.cc", "size": "large.bin", "head": "bad.cc", "tests": "lost_test.cc",
                "threads": "starts.cc:2"}
    for name, path in expected.items():
        assert len(found[name]) == 1 and found[name][0].startswith(path), (name, found[name])
    assert [link.split(",")[0] for link in links] == [
        "other.md: links to 'page.md#lost'", "page.md: links to 'lost.md'"], links
    print("self-test: every planted breach was found, nothing else")


def main():
    name, arguments = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if name == "--self-test":
        self_test(*arguments)
        return 0
    checks = {"tests": check_tests, "format": check_format, "size": check_size, "head": check_head,
              "threads": check_threads, "links": check_links}
    if name not in checks:
        print(__doc__)
        return 2
    found = checks[name](*arguments)
    print("\n".join(found) if found else f"{name}: nothing to complain of")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

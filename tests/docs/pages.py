# SPDX-License-Identifier: Apache-2.0
"""What a page tells a reader to write: the code blocks that follow the name of a file.

    `ops/nn/hardswish/hardswish.h`:                              the whole file
    `graph/models/families.h`, above the line with `// x`:       lines for a file that is there
"""
import pathlib
import re

BLOCK = re.compile(r"^( *)`([\w/.]+/[\w.]+)`(?:, above the line with `([^`]+)`)?:\n\n"
                   r" *```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """(path, the line above which it stands or None, text), in the order of the page."""
    found = []
    for indent, path, above, text in BLOCK.findall(pathlib.Path(page).read_text()):
        lines = [line.removeprefix(indent) for line in text.splitlines()]
        found.append((path, above or None, "\n".join(lines) + "\n"))
    return found


def follow(page, root, scratch):
    """Writes below `scratch` what the page says. Files that it only changes are copied from `root`.
    Returns their paths, relative to both."""
    paths = []
    for path, above, text in blocks(page):
        target = pathlib.Path(scratch) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if above is not None:
            old = (target if path in paths else pathlib.Path(root) / path).read_text()
            lines = old.splitlines(keepends=True)
            places = [number for number, line in enumerate(lines) if above in line]
            if len(places) != 1:
                raise AssertionError(f"{page}: '{above}' stands {len(places)} times in {path}")
            text = "".join(lines[:places[0]]) + text + "".join(lines[places[0]:])
        elif (pathlib.Path(root) / path).exists():
            raise AssertionError(f"{page}: {path} is in the tree already; take another example")
        target.write_text(text)
        if path not in paths:
            paths.append(path)
    return paths

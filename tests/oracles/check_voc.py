#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares how Pascal VOC annotations are read (storage/importers/voc/) with a plain reader on Python's
xml.etree, over some thousand generated files, many of them odd or broken.

Usage: check_voc.py --program PATH [--self-test]

needs the Debian package python3-numpy. Compared are height, width, the number of empty boxes, and of
every object its name, corners and flag; or that a file is refused.

--self-test plants faults in the plain reader and fails unless each is found.
"""
import argparse
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as etree

import numpy as np

SPACES = " \t\r\n"
NUMBER = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
DEEPEST = 32


class Refused(Exception):
    """The file is no annotation."""


class Reader:
    """What an annotation means: pixels are counted from 1 and the far ones are in the box; ours from 0,
    and the far ones are outside."""

    first = 1
    parts = False

    def text(self, element):
        return ((element.text or "") + "".join(child.tail or "" for child in element)).strip(SPACES)

    def child(self, element, name):
        return next((child for child in element if child.tag == name), None)

    def number(self, box, name):
        child = self.child(box, name)
        if child is None or not NUMBER.fullmatch(self.text(child)):
            raise Refused
        with np.errstate(over="ignore"):
            value = np.float32(self.text(child))
        if not np.isfinite(value):
            raise Refused
        return value

    def side(self, root, name):
        size = self.child(root, "size")
        child = None if size is None else self.child(size, name)
        if child is None or not re.fullmatch("[0-9]+", self.text(child)):
            return 0
        value = int(self.text(child))
        return value if value < 2 ** 31 else 0

    def difficult(self, element):
        flag = self.child(element, "difficult")
        return int(flag is not None and self.text(flag) == "1")

    def is_empty(self, xmin, ymin, x1, y1, x2, y2):
        return xmin > x2 or ymin > y2 or x1 >= x2 or y1 >= y2

    def objects(self, root):
        return root.iter("object") if self.parts else root.findall("object")

    def read(self, data):
        if b"<!DOCTYPE" in data or b"<\0!\0D\0O" in data:
            raise Refused
        try:
            root = etree.fromstring(data)
        except (etree.ParseError, ValueError, LookupError):
            raise Refused from None
        if root.tag != "annotation" or depth_of(root) > DEEPEST:
            raise Refused
        empty, found = 0, []
        for element in self.objects(root):
            name, box = self.child(element, "name"), self.child(element, "bndbox")
            if name is None or not self.text(name) or box is None:
                raise Refused
            xmin, ymin, x2, y2 = (self.number(box, side) for side in ("xmin", "ymin", "xmax", "ymax"))
            x1, y1 = xmin - np.float32(self.first), ymin - np.float32(self.first)
            if self.is_empty(xmin, ymin, x1, y1, x2, y2):
                empty += 1
            else:
                found.append((self.text(name), x1, y1, x2, y2, self.difficult(element)))
        return self.side(root, "height"), self.side(root, "width"), empty, found


class FromZero(Reader):
    first = 0


class WithParts(Reader):
    parts = True


class OnlyTheFirstText(Reader):
    def text(self, element):
        return (element.text or "").strip(SPACES)


class KeepsTurnedRound(Reader):
    def is_empty(self, xmin, ymin, x1, y1, x2, y2):
        return False


class NothingIsDifficult(Reader):
    def difficult(self, element):
        return 0


class SidesExchanged(Reader):
    def side(self, root, name):
        return super().side(root, {"height": "width", "width": "height"}[name])


def depth_of(element):
    return 1 + max((depth_of(child) for child in element), default=0)


# --- files

NAMES = ("dog", "cat", "aeroplane", "sofa &amp; chair", "caf\u00e9", "&#233;&#x4e2d;", "  spaced  ", "a\tb",
         "<![CDATA[<dog>]]>", "do<!-- no -->g", "do<x/>g", "1")
ODD_NAMES = ("", "   ", "<x/>", "&nbsp;", "dog & cat", "dog<")
ODD_NUMBERS = ("", "two", "1e3", "-4", "+5", " 7 ", "3.25", ".5", "5.", "0x10", "1e999", "inf", "nan", "1,5",
               "1 2", "00012", "&#49;2", "1<!-- -->2", "9<x/>1", "\u0663")
ODD_SIDES = ("", "-3", "4.0", "2147483647", "2147483648", "x", " 9 ", "+9")


class Writer:
    """Annotations as people and programs write them, by a seed."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.odd = self.draw.random() < 0.5

    def strange(self, share=0.06):
        return self.odd and self.draw.random() < share

    def gap(self):
        return self.draw.choice(("", "", "\n", "\r\n\t", " <!-- a comment --> ", "<?a program?>"))

    def element(self, name, content):
        if self.strange(0.01):
            return f"<{name}>{content}</{name}x>"
        attributes = self.draw.choice(("", "", ' a="1"', " b='&lt;&amp;'"))
        return f"<{name}{attributes}>{content}</{name}>{self.gap()}"

    def number(self):
        if self.strange():
            return self.draw.choice(ODD_NUMBERS)
        return self.draw.choice((str(self.draw.randrange(0, 600)), f"{self.draw.uniform(0, 600):.2f}"))

    def box(self):
        sides = [self.element(side, self.number()) for side in ("xmin", "ymin", "xmax", "ymax")]
        if self.draw.random() < 0.6:  # mostly a box that is one
            x, y = sorted(self.draw.sample(range(1, 500), 2)), sorted(self.draw.sample(range(1, 500), 2))
            sides = [self.element(side, value) for side, value in
                     zip(("xmin", "ymin", "xmax", "ymax"), (x[0], y[0], x[1], y[1]))]
        if self.strange():
            sides.pop(self.draw.randrange(4))
        if self.strange():
            sides.append(self.element("xmin", self.number()))  # the first counts
        self.draw.shuffle(sides)
        return self.element("bndbox", self.gap() + "".join(sides))

    def object(self):
        parts = [self.element("name", self.draw.choice(ODD_NAMES if self.strange() else NAMES)), self.box()]
        if self.draw.random() < 0.5:
            flag = self.draw.choice(("0", "1", " 1 ", "2", "true", "")) if self.odd else self.draw.choice("01")
            parts.append(self.element("difficult", flag))
        if self.draw.random() < 0.3:
            parts.append(self.element("pose", "Left"))
        if self.draw.random() < 0.3:
            parts.append(self.element("part", "<name>head</name>" + self.box()))
        if self.strange(0.1):  # an object in an object is none of the annotation's
            parts.append(self.element("more", "<object><name>inner</name>" + self.box() + "</object>"))
        if self.strange():
            parts.pop(self.draw.randrange(2))
        self.draw.shuffle(parts)
        return self.element("object", self.gap() + "".join(parts))

    def size(self):
        sides = [self.element(name, self.draw.choice(ODD_SIDES) if self.strange(0.3)
                              else self.draw.randrange(1, 4000)) for name in ("width", "height", "depth")]
        return self.element("size", "".join(sides))

    def annotation(self):
        content = [self.object() for _ in range(self.draw.choice((0, 1, 1, 2, 3, 8)))]
        if self.draw.random() < 0.8:
            content.append(self.size())
        content.append(self.element("filename", "a.jpg"))
        if self.strange(0.05):
            content.append("<a>" * 40 + "</a>" * 40)
        self.draw.shuffle(content)
        name = "annotations" if self.strange(0.02) else "annotation"
        return f"<{name}>{self.gap()}{''.join(content)}</{name}>"

    def file(self):
        text = self.annotation()
        heads = {"": "utf-8", '<?xml version="1.0"?>\n': "utf-8",
                 '<?xml version="1.0" encoding="utf-8"?>': "utf-8",
                 '<?xml version="1.0" encoding="iso-8859-1"?>': "iso-8859-1",
                 '<?xml version="1.0" encoding="utf-16"?>': "utf-16"}
        head = self.draw.choice(list(heads)) if self.odd else ""
        if self.strange():
            head += "<!DOCTYPE annotation>"
        data = (head + text).encode(heads.get(head, "utf-8"), errors="xmlcharrefreplace")
        if self.strange(0.04):
            data = data[:self.draw.randrange(len(data))]
        if self.strange(0.02):
            data = data.replace(b"dog", b"d\xff")
        if self.strange(0.02):
            data += b"more"
        return data


def ours(program, paths):
    lines = iter(subprocess.run([program, *paths], check=True, capture_output=True, text=True)
                 .stdout.splitlines())
    answers = []
    for line in lines:
        if line == "error":
            answers.append(None)
            continue
        height, width, empty, count = map(int, line.split())
        found = []
        for _ in range(count):
            name, *corners, difficult = next(lines).split()
            found.append((bytes.fromhex(name).decode(), *map(np.float32, corners), int(difficult)))
        answers.append((height, width, empty, found))
    return answers


def plain(reader, data):
    try:
        return reader.read(data)
    except Refused:
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="read_voc")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    files = [Writer(seed).file() for seed in range(3000)]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, data in enumerate(files):
            paths.append(pathlib.Path(folder) / f"{number}.xml")
            paths[-1].write_bytes(data)
        answers = ours(options.program, paths)
    if len(answers) != len(files):
        sys.exit(f"{len(answers)} answers for {len(files)} files")
    if options.self_test:
        for fault in (FromZero, WithParts, OnlyTheFirstText, KeepsTurnedRound, NothingIsDifficult,
                      SidesExchanged):
            differing = sum(plain(fault(), data) != answer for data, answer in zip(files, answers))
            print(f"{fault.__name__}: found in {differing} files")
            if differing == 0:
                sys.exit(f"the fault {fault.__name__} is not found")
        return
    for data, answer in zip(files, answers):
        expected = plain(Reader(), data)
        if expected != answer:
            sys.exit(f"expected {expected}\nbut got  {answer}\nfor {data!r}")
    refused = sum(answer is None for answer in answers)
    objects = sum(len(answer[3]) for answer in answers if answer)
    print(f"{len(files)} files, {refused} refused, {objects} objects equal")
    if not 100 < refused < len(files) // 2 or objects < 1000:
        sys.exit("the files are not as varied as they should be")


if __name__ == "__main__":
    main()

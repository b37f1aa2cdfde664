#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws shapes: a set with masks, or one with tables of labels, numbers and boxes.

Usage: draw_shapes.py FOLDER [--tables] [--train 480] [--val 96] [--seed 1]

needs the Debian packages python3-pil and python3-numpy. Images have one of three sizes and up to three shapes of
any colour on a noisy ground of any other: discs, squares and triangles, some with a hole. Colour says nothing of
the shape. The same seed draws the same bytes.

Without --tables the folder is for `lockstep data import segmentation-folder`. A pixel of a mask is 0 (ground), 1
(disc), 2 (square), 3 (triangle), or 255 (to ignore) on the borders of shapes and, in some images, along the border
of the image. With --tables it is for `lockstep data import csv`: labels.csv names the shapes of each image,
numbers.csv says how much of it they cover and how many there are, boxes.csv has a box of each image with one shape.
"""
import argparse
import csv
import math
import pathlib
import random
import sys

try:
    import numpy
    from PIL import Image, ImageDraw
except ImportError as error:
    sys.exit(f"draw_shapes.py: {error} in {sys.executable}; install them: "
             "sudo apt-get install python3-pil python3-numpy")

CLASSES = ("ground", "disc", "square", "triangle")
SIZES = ((64, 64), (80, 64), (96, 80))  # width, height
IGNORE = 255
LEAST_CONTRAST = 90  # of some channel between a shape and the ground


def corners(kind, x, y, r, turn):
    """The polygon of a square or triangle in a circle of radius r."""
    count = 4 if kind == 2 else 3
    return [(x + r * math.cos(turn + 2 * math.pi * i / count), y + r * math.sin(turn + 2 * math.pi * i / count))
            for i in range(count)]


def draw_shape(draw, kind, x, y, r, turn, **how):
    if kind == 1:
        draw.ellipse((x - r, y - r, x + r, y + r), **how)
    else:
        draw.polygon(corners(kind, x, y, r, turn), **how)


def border_of(covered):
    """Pixels with a neighbour that is covered otherwise."""
    border = numpy.zeros_like(covered)
    for axis in (0, 1):
        differs = numpy.diff(covered.astype(numpy.int8), axis=axis) != 0
        first = [slice(None)] * 2
        second = [slice(None)] * 2
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        border[tuple(first)] |= differs
        border[tuple(second)] |= differs
    return border


def colour_beside(rng, ground):
    """A colour that can be told from the ground."""
    while True:
        colour = tuple(rng.randrange(256) for _ in range(3))
        if max(abs(a - b) for a, b in zip(colour, ground)) >= LEAST_CONTRAST:
            return colour


def places(rng, width, height):
    """Up to three circles (x, y, r) that reach a little over the image's border and hardly over one another."""
    found = []
    for _ in range(rng.randrange(1, 4)):
        r = rng.uniform(10, 20)
        x, y = rng.uniform(0.8 * r, width - 0.8 * r), rng.uniform(0.8 * r, height - 0.8 * r)
        if all(math.hypot(x - a, y - b) > 0.9 * (r + c) for a, b, c in found):
            found.append((x, y, r))
    return found


def make_sample(rng):
    """An image, its mask, and the kinds of its shapes."""
    width, height = rng.choice(SIZES)
    ground = tuple(rng.randrange(256) for _ in range(3))
    image, mask = Image.new("RGB", (width, height), ground), Image.new("L", (width, height), 0)
    borders = numpy.zeros((height, width), bool)
    kinds = []
    for x, y, r in places(rng, width, height):
        kind, turn = rng.randrange(1, 4), rng.uniform(0, math.tau)
        kinds.append(kind)
        alone = Image.new("L", (width, height), 0)
        draw_shape(ImageDraw.Draw(alone), kind, x, y, r, turn, fill=255)
        if rng.random() < 0.3:  # a hole of any form, through which the ground is seen
            draw_shape(ImageDraw.Draw(alone), rng.randrange(1, 4), x, y, 0.35 * r, turn, fill=0)
        image.paste(colour_beside(rng, ground), mask=alone)
        mask.paste(kind, mask=alone)
        covered = numpy.array(alone) > 0
        borders = (borders & ~covered) | border_of(covered)
    values = numpy.array(mask)
    values[borders] = IGNORE
    if rng.random() < 0.25:
        values[[0, -1], :] = IGNORE
        values[:, [0, -1]] = IGNORE
    noise = numpy.random.default_rng(rng.randrange(1 << 30)).normal(0, 8, (height, width, 3))
    pixels = numpy.clip(numpy.array(image) + noise, 0, 255).astype(numpy.uint8)
    return Image.fromarray(pixels), Image.fromarray(values), numpy.array(mask), kinds


def write_masks(folder, split, count, rng):
    for kind in ("images", "masks"):
        (folder / split / kind).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        image, mask, _, _ = make_sample(rng)
        image.save(folder / split / "images" / f"{index:04}.png")
        mask.save(folder / split / "masks" / f"{index:04}.png")


def write_tables(folder, splits, rng):
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = {"labels": [("path", "split", "labels")], "numbers": [("path", "split", "covered", "shapes")],
            "boxes": [("path", "split", "x1", "y1", "x2", "y2", "class")]}
    for split, count in splits:
        for index in range(count):
            image, _, shapes, kinds = make_sample(rng)
            path = f"images/{split}{index:04}.png"
            image.save(folder / path)
            rows["labels"].append((path, split, ";".join(sorted({CLASSES[kind] for kind in kinds}))))
            rows["numbers"].append((path, split, f"{(shapes > 0).mean():.6f}", len(kinds)))
            if len(kinds) == 1:
                y, x = numpy.nonzero(shapes)
                rows["boxes"].append((path, split, x.min(), y.min(), x.max() + 1, y.max() + 1, CLASSES[kinds[0]]))
    for name, lines in rows.items():
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf8") as file:
            csv.writer(file).writerows(lines)


def main():
    parser = argparse.ArgumentParser(description="Draws shapes with masks, or with tables of what they are.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tables", action="store_true", help="labels, numbers and boxes in place of masks")
    parser.add_argument("--train", type=int, default=480, help="images of the split train")
    parser.add_argument("--val", type=int, default=96, help="images of the split val")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    splits = (("train", options.train), ("val", options.val))
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.tables:
        write_tables(options.folder, splits, rng)
        return
    (options.folder / "classes.txt").write_text("".join(name + "\n" for name in CLASSES))
    for split, count in splits:
        write_masks(options.folder, split, count, rng)


if __name__ == "__main__":
    main()

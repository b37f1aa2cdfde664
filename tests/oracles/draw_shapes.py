#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws a set of shapes with masks, for `lockstep data import segmentation-folder`.

Usage: draw_shapes.py FOLDER [--train 480] [--val 96] [--seed 1]

needs the Debian packages python3-pil and python3-numpy. Images have one of three sizes and up to four shapes on a
noisy grey ground: mostly red discs, green squares and blue triangles, some with a hole. A pixel of the mask is 0 (ground), 1
(disc), 2 (square), 3 (triangle), or 255 (to ignore) on the borders of shapes and, in some images, along the
border of the image. The same seed draws the same bytes.
"""
import argparse
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


def make_sample(rng):
    width, height = rng.choice(SIZES)
    grey = rng.randrange(40, 216)
    ground = [grey + rng.randrange(-20, 21) for _ in range(3)]
    image, mask = Image.new("RGB", (width, height), tuple(ground)), Image.new("L", (width, height), 0)
    borders = numpy.zeros((height, width), bool)
    for _ in range(rng.randrange(1, 5)):
        kind, r = rng.randrange(1, 4), rng.uniform(8, 20)
        x, y, turn = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, math.tau)
        colour = tuple(rng.randrange(150, 256) if c == kind - 1 else rng.randrange(0, 110) for c in range(3))
        alone = Image.new("L", (width, height), 0)
        draw_shape(ImageDraw.Draw(alone), kind, x, y, r, turn, fill=255)
        if rng.random() < 0.3:  # a hole of the same form
            draw_shape(ImageDraw.Draw(alone), kind, x, y, 0.4 * r, turn, fill=0)
        image.paste(colour, mask=alone)
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
    return Image.fromarray(pixels), Image.fromarray(values)


def main():
    parser = argparse.ArgumentParser(description="Draws a set of shapes with masks.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--train", type=int, default=480, help="images of the split train")
    parser.add_argument("--val", type=int, default=96, help="images of the split val")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "classes.txt").write_text("".join(name + "\n" for name in CLASSES))
    for split, count in (("train", options.train), ("val", options.val)):
        for kind in ("images", "masks"):
            (options.folder / split / kind).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            image, mask = make_sample(rng)
            image.save(options.folder / split / "images" / f"{index:04}.png")
            mask.save(options.folder / split / "masks" / f"{index:04}.png")


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the pictures of this folder anew, from nothing but this file and the program:

    docs/pictures/make_pictures.py build/release/cluster/lockstep [FOLDER]

Draws a few scenes, imports them with `lockstep data import`, and has `lockstep data show` draw them: contact_sheet.png
is one of its sheets; augmentations.png holds one pair, before and after, for each line of OPERATIONS. Needs Pillow.
"""

import pathlib
import subprocess
import sys
import tempfile

from PIL import Image, ImageDraw

HEIGHT, WIDTH = 112, 150

RECIPE = """\
data.dataset = "scenes.ldb"
model.name = "lenet5"
optimizer.lr = 0.1
train.seed = 1
"""

OPERATIONS = ["resize:80", "center-crop:90", "random-crop:96:pad=16", "random-resized-crop:96", "hflip:p=1",
              "vflip:p=1", "pad:16", "letterbox:140:fill=128", "rotate:30", "affine:20:translate=0.1,0.1:shear=15",
              "color-jitter:brightness=0.6", "color-jitter:contrast=0.8", "color-jitter:saturation=0.9",
              "color-jitter:hue=0.3", "grayscale:p=1", "erase:p=1"]


def scene(seed, kind):
    """A house, a tree or a boat below a sun."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    horizon = 62 + seed * 7 % 12
    evening = seed % 3 == 1
    for y in range(horizon):
        share = y * 255 // horizon
        sky = (170 + share // 3, 90 + share // 3, 70 + share // 4) if evening else (60 + share // 2, 130 + share // 3, 235)
        draw.line([(0, y), (WIDTH, y)], fill=sky)
    ground = (40, 90 + seed * 11 % 50, 160) if kind == "boat" else (70 + seed * 13 % 50, 140, 60)
    for y in range(horizon, HEIGHT):
        dim = (y - horizon) // 2
        draw.line([(0, y), (WIDTH, y)], fill=tuple(max(0, c - dim) for c in ground))
    sun = 18 + seed * 29 % (WIDTH - 36)
    draw.ellipse([sun - 11, 10, sun + 11, 32], fill=(255, 225, 120))
    left = 30 + seed * 17 % 50
    if kind == "house":
        draw.rectangle([left, 52, left + 50, 92], fill=(200, 170 - seed * 9 % 60, 130))
        draw.polygon([(left - 7, 52), (left + 25, 28), (left + 57, 52)], fill=(150, 50, 45))
        draw.rectangle([left + 30, 66, left + 42, 92], fill=(90, 60, 40))
        draw.rectangle([left + 8, 62, left + 21, 75], fill=(190, 220, 240))
    elif kind == "tree":
        draw.rectangle([left + 18, 60, left + 26, 98], fill=(100, 70, 40))
        for dx, dy in ((0, 30), (22, 30), (11, 16), (11, 38)):
            draw.ellipse([left + dx - 4, dy, left + dx + 26, dy + 30], fill=(30, 110 + seed * 5 % 30, 45))
    else:
        draw.polygon([(left, 80), (left + 64, 80), (left + 50, 97), (left + 12, 97)], fill=(120, 60, 40))
        draw.polygon([(left + 30, 26), (left + 30, 74), (left + 62, 74)], fill=(245, 240, 230))
        draw.line([(left + 28, 22), (left + 28, 80)], fill=(80, 50, 30), width=3)
    return image


class Program:
    """The program, in a folder that holds scenes.ldb and recipe.toml."""

    def __init__(self, program, folder):
        self.program, self.folder = str(pathlib.Path(program).resolve()), pathlib.Path(folder)
        for index, kind in enumerate(["house", "tree", "boat"] * 6):
            path = self.folder / "scenes/train" / kind / f"{index:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            scene(index, kind).save(path)
        (self.folder / "recipe.toml").write_text(RECIPE)
        self.run("data", "import", "imagefolder", "scenes", "--out", "scenes.ldb")

    def run(self, *arguments):
        subprocess.run([self.program, *arguments], cwd=self.folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)

    def sheet(self, *arguments):
        self.run("data", "show", "scenes.ldb", *arguments, "--out", "sheet.png")
        with Image.open(self.folder / "sheet.png") as sheet:
            return sheet.convert("RGB")


def augmentations(program):
    """The sheets of all operations on one, with the operation in place of the text that is the same on all."""
    sheets = [program.sheet("0", "--recipe", "recipe.toml", f'augment.train=["{operation}"]')
              for operation in OPERATIONS]
    width, height, columns = sheets[0].width, sheets[0].height, 4
    rows = -(-len(sheets) // columns)
    picture = Image.new("RGB", (columns * width, rows * height), sheets[0].getpixel((0, 0)))
    draw = ImageDraw.Draw(picture)
    for index, (sheet, operation) in enumerate(zip(sheets, OPERATIONS)):
        left, top = index % columns * width, index // columns * height
        picture.paste(sheet, (left, top))
        draw.rectangle([left, top + 165, left + width, top + 177], fill=sheet.getpixel((0, 0)))
        draw.text((left + 4, top + 165), operation, fill=(255, 255, 255))
    return picture


def make(program, folder):
    with tempfile.TemporaryDirectory(prefix="lockstep-pictures-") as scratch:
        program = Program(program, scratch)
        program.sheet("--count", "12").save(folder / "contact_sheet.png", optimize=True)
        augmentations(program).save(folder / "augmentations.png", optimize=True)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    make(sys.argv[1], pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else pathlib.Path(__file__).parent)

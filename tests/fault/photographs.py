# SPDX-License-Identifier: Apache-2.0
"""A small dataset of photographs: JPEG files of many sizes in class folders, made from a seed."""

import os
import random

from PIL import Image

CLASSES = ("bird", "cat", "dog", "fish")


def picture(draw):
    """Smooth colours, as photographs have them, 28 to 48 pixels a side."""
    coarse = Image.new("RGB", (4, 4))
    coarse.putdata([tuple(draw.randrange(256) for _ in range(3)) for _ in range(16)])
    return coarse.resize((draw.randrange(28, 49), draw.randrange(28, 49)), Image.BICUBIC)


def write_source(folder, splits):
    """`splits` gives the number of images of each, which the classes share out."""
    draw = random.Random(7)
    for split, count in splits.items():
        for number in range(count):
            name = CLASSES[number % len(CLASSES)]
            os.makedirs(f"{folder}/{split}/{name}", exist_ok=True)
            # Every third with the colours of 4:4:4, the others of 4:2:0; some progressive.
            picture(draw).save(f"{folder}/{split}/{name}/{number:04}.jpg", quality=90,
                               subsampling=0 if number % 3 == 0 else 2,
                               progressive=number % 5 == 0)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What each augmentation makes of an image, as known answers.

The random numbers are drawn here in plain Python, as the file of each operation says; what is done
with them is done by Pillow and torchvision. Images are made by a formula, and of each result the
size and the CRC-32 of its bytes are printed.

Usage: python3 operations_reference.py > operations_answers.json
(needs python3-pil, python3-numpy, python3-torch, python3-torchvision)
"""
import json
import math
import zlib

import numpy as np
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

from augment_reference import Draws

FILTERS = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR,
           "bicubic": InterpolationMode.BICUBIC}


def made_image(height, width, channels):
    """Slopes with a coarse pattern and some noise; the test makes the same."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    v = 3 * x + 5 * y + 60 * c + 90 * ((x // 5 + y // 7 + c) % 2) + (x * y * 31 + x * 17 + c * 41) % 23
    v = (v % 256).astype(np.uint8)
    return Image.fromarray(v[:, :, 0], "L") if channels == 1 else Image.fromarray(v, "RGB")


def rounded(x):
    return math.floor(x + 0.5)


def resize(size, filter="bilinear"):
    return lambda image, draws: F.resize(image, size, FILTERS[filter])


def center_crop(size):
    return lambda image, draws: F.center_crop(image, size)


def letterbox(height, width, fill=0, filter="bilinear"):
    def run(image, draws):
        scale = min(height / image.height, width / image.width)
        h, w = max(1, rounded(image.height * scale)), max(1, rounded(image.width * scale))
        small = F.resize(image, [h, w], FILTERS[filter])
        top, left = (height - h) // 2, (width - w) // 2
        return F.pad(small, [left, top, width - w - left, height - h - top], fill=fill)
    return run


def random_crop(height, width):
    def run(image, draws):
        top = draws.below(image.height - height + 1)
        left = draws.below(image.width - width + 1)
        return F.crop(image, top, left, height, width)
    return run


def resized_crop_window(image, draws, scale, ratio):
    for _ in range(10):
        area = image.height * image.width * draws.between(*scale)
        aspect = math.exp(draws.between(math.log(ratio[0]), math.log(ratio[1])))
        w, h = rounded(math.sqrt(area * aspect)), rounded(math.sqrt(area / aspect))
        if 0 < w <= image.width and 0 < h <= image.height:
            return draws.below(image.height - h + 1), draws.below(image.width - w + 1), h, w
    w, h = image.width, image.height
    if w / h < ratio[0]:
        h = rounded(w / ratio[0])
    elif w / h > ratio[1]:
        w = rounded(h * ratio[1])
    return (image.height - h) // 2, (image.width - w) // 2, h, w


def random_resized_crop(size, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3), filter="bilinear"):
    def run(image, draws):
        window = resized_crop_window(image, draws, scale, ratio)
        return F.resized_crop(image, *window, size, FILTERS[filter])
    return run


def with_probability(p, change):
    return lambda image, draws: change(image) if draws.uniform() < p else image


def grey(image):
    return F.to_grayscale(image, num_output_channels=len(image.getbands()))


def color_jitter(**spans):
    changes = [("brightness", F.adjust_brightness), ("contrast", F.adjust_contrast),
               ("saturation", F.adjust_saturation), ("hue", F.adjust_hue)]

    def run(image, draws):
        order = [0, 1, 2, 3]
        for i in (3, 2, 1):
            k = draws.below(i + 1)
            order[i], order[k] = order[k], order[i]
        by = [draws.between(*spans.get(name, (0, 0))) for name, _ in changes]
        for what in order:
            name, change = changes[what]
            if name in spans:
                image = change(image, by[what])
        return image
    return run


def rotate(low, high, filter="bilinear", fill=0):
    return lambda image, draws: F.rotate(image, draws.between(low, high), FILTERS[filter], fill=fill)


def affine(degrees, translate=(0, 0), scale=(1, 1), shear=(0, 0, 0, 0), filter="bilinear", fill=0):
    def run(image, draws):
        angle = draws.between(-degrees, degrees)
        most = translate[0] * image.width, translate[1] * image.height
        shift = [rounded(draws.between(-most[0], most[0])), rounded(draws.between(-most[1], most[1]))]
        by = draws.between(*scale)
        slant = [draws.between(*shear[:2]), draws.between(*shear[2:])]
        return F.affine(image, angle, shift, by, slant, FILTERS[filter], fill=fill)
    return run


def erase(p, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0):
    def run(image, draws):
        if draws.uniform() >= p:
            return image
        pixels = np.array(image)
        for _ in range(10):
            area = image.height * image.width * draws.between(*scale)
            aspect = math.exp(draws.between(math.log(ratio[0]), math.log(ratio[1])))
            h, w = rounded(math.sqrt(area * aspect)), rounded(math.sqrt(area / aspect))
            if 0 < h < image.height and 0 < w < image.width:
                top, left = draws.below(image.height - h + 1), draws.below(image.width - w + 1)
                pixels[top:top + h, left:left + w] = value
                return Image.fromarray(pixels)
        return image
    return run


JITTER = {"brightness": (0.6, 1.4), "contrast": (0.5, 1.5), "saturation": (0.0, 2.5),
          "hue": (-0.3, 0.3)}
RGB, TALL, GREY, EVEN = (61, 83, 3), (97, 40, 3), (45, 70, 1), (40, 52, 3)
# (operation, what it is, sizes of images, how many samples)
OPERATIONS = [
    *((f"resize:{size}:filter={name}", resize(size, name), [RGB, TALL, GREY], 1)
      for size in (24, 61, 90) for name in FILTERS),
    *((f"resize:{h},{w}:filter={name}", resize([h, w], name), [RGB, TALL, GREY], 1)
      for h, w in ((20, 33), (61, 31), (120, 83), (1, 1), (37, 200)) for name in FILTERS),
    ("center-crop:30", center_crop(30), [RGB, TALL, GREY], 1),
    ("center-crop:50,60", center_crop([50, 60]), [RGB, TALL, GREY], 1),
    ("center-crop:99", center_crop(99), [RGB, TALL, GREY], 1),
    ("letterbox:64", letterbox(64, 64), [RGB, TALL, GREY], 1),
    ("letterbox:50,120:fill=114:filter=bicubic", letterbox(50, 120, 114, "bicubic"),
     [RGB, TALL, GREY], 1),
    ("random-crop:32,24", random_crop(32, 24), [RGB, GREY], 4),
    ("random-resized-crop:40", random_resized_crop([40, 40]), [RGB, TALL, GREY], 12),
    ("random-resized-crop:32,48:scale=0.5,1:ratio=0.75,1.333:filter=bicubic",
     random_resized_crop([32, 48], (0.5, 1), (0.75, 1.333), "bicubic"), [RGB, TALL], 6),
    ("random-resized-crop:30:scale=0.9,1:ratio=2,3:filter=nearest",  # often, no window fits
     random_resized_crop([30, 30], (0.9, 1), (2, 3), "nearest"), [RGB, TALL], 6),
    ("random-resized-crop:30:scale=0.9,1:ratio=0.1,0.2",
     random_resized_crop([30, 30], (0.9, 1), (0.1, 0.2)), [RGB, TALL], 4),
    ("hflip:p=0.3", with_probability(0.3, F.hflip), [RGB, GREY], 6),
    ("vflip", with_probability(0.5, F.vflip), [RGB, GREY], 6),
    ("grayscale:p=0.4", with_probability(0.4, grey), [RGB, GREY], 6),
    ("color-jitter:brightness=0.4:contrast=0.5:saturation=0,2.5:hue=0.3", color_jitter(**JITTER),
     [RGB], 24),
    ("color-jitter:brightness=0.4:contrast=0.5:saturation=0,2.5:hue=0.3", color_jitter(**JITTER),
     [GREY], 4),
    *((f"color-jitter:{name}={low},{high}", color_jitter(**{name: (low, high)}), [RGB], 3)
      for name, (low, high) in JITTER.items()),
    ("rotate:30", rotate(-30, 30), [RGB, GREY], 5),
    ("rotate:90,200:fill=9", rotate(90, 200, fill=9), [TALL], 5),
    ("affine:20:translate=0.1,0.2:scale=0.7,1.5:shear=-10,10,-5,8:fill=7",
     affine(20, (0.1, 0.2), (0.7, 1.5), (-10, 10, -5, 8), fill=7), [RGB, TALL, GREY], 5),
    # Of an odd number of rows the middle one would stay where it is, and whether its points lie just
    # before or behind the centres of pixels would be a matter of the last bit of a tangent.
    ("affine:0:shear=12", affine(0, shear=(-12, 12, 0, 0)), [EVEN], 3),
    ("erase", erase(0.5), [RGB, GREY], 6),
    ("erase:p=1:scale=0.3,0.9:ratio=1,2:value=10", erase(1, (0.3, 0.9), (1, 2), 10), [RGB, TALL], 6),
]
# Nearest pixels: Pillow finds them in fixed point of 16 bits, so a few at the border between two
# lie in the other one. Each result is printed, in hexadecimal.
NEAREST = [
    ("rotate:40:filter=nearest:fill=255", rotate(-40, 40, "nearest", 255)),
    ("affine:20:translate=0.1,0.2:scale=0.7,1.5:shear=8:filter=nearest",
     affine(20, (0.1, 0.2), (0.7, 1.5), (-8, 8, 0, 0), "nearest")),
]


def sample_of(index):
    return {"seed": 3 + index % 2, "epoch": index % 3, "id": index * 0x300000001}


def main():
    cases, nearest = [], []
    for text, run, sizes, samples in OPERATIONS:
        for size in sizes:
            for index in range(samples):
                sample = sample_of(index)
                out = run(made_image(*size), Draws(sample["seed"], sample["epoch"], sample["id"]))
                cases.append({"operation": text, "size": size, **sample, "out": [out.height, out.width],
                              "crc": zlib.crc32(out.tobytes())})
    for text, run in NEAREST:
        for index in range(3):
            sample = sample_of(index)
            out = run(made_image(*GREY), Draws(sample["seed"], sample["epoch"], sample["id"]))
            nearest.append({"operation": text, "size": GREY, **sample, "bytes": out.tobytes().hex()})
    windows = []
    for index in range(40):
        sample = sample_of(index)
        draws = Draws(sample["seed"], sample["epoch"], sample["id"])
        window = resized_crop_window(made_image(*RGB), draws, (0.08, 1.0), (3 / 4, 4 / 3))
        windows.append({**sample, "window": window})
    print("{" + ",\n".join(f'"{name}": [\n' + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases_of) + "]"
                           for name, cases_of in (("cases", cases), ("nearest", nearest),
                                                  ("windows", windows))) + "}")


if __name__ == "__main__":
    main()

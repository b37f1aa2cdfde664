#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The augmentations of storage/augment/augment.h in the plainest Python, as known answers.

Usage: python3 augment_reference.py > augment_answers.json      (needs python3-numpy)
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../tests/oracles"))
from reference_streams import philox, stream_key  # noqa: E402

M32 = 0xFFFFFFFF


class Draws:
    """The random numbers of operation `op` on sample `sample`."""

    def __init__(self, seed, epoch, sample, op=0):
        self.key, self.epoch, self.sample, self.op, self.draw = stream_key(seed, "augment"), epoch, sample, op, 0

    def word(self):
        counter = (self.epoch, self.sample & M32, self.sample >> 32, (self.op << 24) + self.draw)
        self.draw += 1
        return int(philox(counter, self.key)[0])

    def uniform(self):
        return (self.word() >> 8) * 2.0 ** -24

    def between(self, low, high):
        return low + (high - low) * self.uniform()

    def below(self, n):
        while True:
            m = self.word() * n
            if (m & M32) >= (1 << 32) % n:
                return m >> 32


def padded(image, pad):
    """Image: rows of pixels of channels."""
    zero = [0] * len(image[0][0])
    side = [[zero] * (len(image[0]) + 2 * pad)] * pad
    return side + [[zero] * pad + row + [zero] * pad for row in image] + side


def random_crop(image, draws, size, pad):
    image = padded(image, pad)
    top = draws.below(len(image) - size + 1)
    left = draws.below(len(image[0]) - size + 1)
    return [row[left:left + size] for row in image[top:top + size]]


def hflip(image, draws):
    return [row[::-1] for row in image] if draws.uniform() < 0.5 else image


def main():
    image = [[[(37 * (y * 8 + x * 2 + c) + 11) % 256 for c in range(2)] for x in range(4)]
             for y in range(5)]
    cases = []
    for seed, epoch, sample in [(7, 0, 0), (7, 0, 1), (7, 0, 2), (7, 1, 0), (7, 3, 2 ** 33 + 5),
                                (1, 3, 2 ** 33 + 5), (1, 4, 2 ** 33 + 6), (1, 4, 2 ** 33 + 7)]:
        out = random_crop(image, Draws(seed, epoch, sample, 0), 4, 2)
        out = hflip(out, Draws(seed, epoch, sample, 1))
        out = padded(out, 1)
        mean, std = (0.5, 0.25), (0.25, 0.3)
        cases.append({"seed": seed, "epoch": epoch, "id": sample,
                      "bytes": [v for row in out for pixel in row for v in pixel],
                      "values": [(v / 255 - mean[c]) / std[c] for row in out for pixel in row
                                 for c, v in enumerate(pixel)]})
    n, sample = 100001, 0  # a sample whose first draw below n is rejected
    while (Draws(7, 0, sample, 3).word() * n & M32) >= (1 << 32) % n:
        sample += 1
    draws = Draws(7, 0, sample, 3)
    below = [draws.below(n), draws.below(n)]
    print(json.dumps({
        "image": [v for row in image for pixel in row for v in pixel],
        "operations": ["random-crop:4:pad=2", "hflip", "pad:1", "normalise:mean=0.5,0.25:std=0.25,0.3"],
        "cases": cases,
        "rejected": {"seed": 7, "epoch": 0, "id": sample, "op": 3, "n": n, "values": below,
                     "draws": draws.draw}}))


if __name__ == "__main__":
    main()

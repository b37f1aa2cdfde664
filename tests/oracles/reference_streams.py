# SPDX-License-Identifier: Apache-2.0
"""Random streams in numpy, written from the definitions and not from the C++.

Philox4x32-10: Salmon et al., 2011. Keys: XXH3-64 of (seed, purpose, name), low word first.
"""
import numpy as np

import xxh3

MASK = np.uint64(0xFFFFFFFF)


def philox(counter, key):
    """Four arrays of 32-bit words from four arrays (or ints) of counter words and two key words."""
    c = np.broadcast_arrays(*[np.asarray(w, dtype=np.uint64) for w in counter])
    c = [w.copy() for w in c]
    k0, k1 = int(key[0]), int(key[1])
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * c[0]
        p1 = np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & MASK,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & MASK]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def stream_key(seed, purpose, name=""):
    value = xxh3.hash64(seed.to_bytes(8, "little") + (purpose + name).encode())
    return value & 0xFFFFFFFF, value >> 32


def uniform(words):
    """Top 24 bits times 2^-24."""
    return (words >> np.uint64(8)).astype(np.float64) * 2.0 ** -24


def initial_uniform(key, count, bound):
    """U(-bound, bound) for elements 0 .. count-1 in the file's order, in double."""
    element = np.arange(count, dtype=np.uint64)
    words = philox((element & MASK, element >> np.uint64(32), 0, 0), key)[0]
    return -bound + 2.0 * bound * uniform(words)


class Stream:
    """What a random op draws from: element i is word i mod 4 of counter (step, lane, i / 4 as two words)."""

    def __init__(self, seed, step, lane, path):
        self.seed, self.step, self.lane, self.path = seed, step, lane, path

    def uniforms(self, purpose, count):
        group = np.arange((count + 3) // 4, dtype=np.uint64)
        words = philox((self.step, self.lane, group & MASK, group >> np.uint64(32)),
                       stream_key(self.seed, purpose, self.path))
        return uniform(np.stack(words, axis=1).reshape(-1)[:count])

    def normals(self, purpose, count):
        """Box-Muller of words 0 and 1 of counter (step, lane, i as two words), for each element i."""
        element = np.arange(count, dtype=np.uint64)
        words = philox((self.step, self.lane, element & MASK, element >> np.uint64(32)),
                       stream_key(self.seed, purpose, self.path))
        radius = np.sqrt(-2.0 * np.log(uniform(words[0]) + 2.0 ** -25))
        return radius * np.cos(2.0 * np.pi * uniform(words[1]))

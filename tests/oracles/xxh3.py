# SPDX-License-Identifier: Apache-2.0
"""XXH3-64 with seed 0 of 9 to 128 bytes (Collet, xxHash 0.8), in plain Python: the keys of random streams."""

M64 = (1 << 64) - 1
PRIME = 0x9E3779B185EBCA87
PRIME_AVALANCHE = 0x165667919E3779F9
SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364")


def word(data, at):
    return int.from_bytes(data[at:at + 8], "little")


def fold(a, b):
    product = a * b
    return (product & M64) ^ (product >> 64)


def avalanche(h):
    h ^= h >> 37
    h = h * PRIME_AVALANCHE & M64
    return h ^ h >> 32


def mix16(data, at, secret):
    return fold(word(data, at) ^ word(SECRET, secret), word(data, at + 8) ^ word(SECRET, secret + 8))


def hash64(data):
    n = len(data)
    if not 9 <= n <= 128:
        raise ValueError(f"{n} bytes; this XXH3 takes 9 to 128")
    if n <= 16:
        low = word(SECRET, 24) ^ word(SECRET, 32) ^ word(data, 0)
        high = word(SECRET, 40) ^ word(SECRET, 48) ^ word(data, n - 8)
        swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
        return avalanche((n + swapped + high + fold(low, high)) & M64)
    h = n * PRIME & M64
    for i in range((n - 1) // 32, -1, -1):
        h += mix16(data, 16 * i, 32 * i) + mix16(data, n - 16 * (i + 1), 32 * i + 16)
    return avalanche(h & M64)

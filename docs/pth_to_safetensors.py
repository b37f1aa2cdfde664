#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a PyTorch state dictionary (.pth) as a safetensors file, with PyTorch alone.

Usage: pth_to_safetensors.py INPUT.pth OUTPUT.safetensors
"""
import json
import struct
import sys

import torch

DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.int64: "I64", torch.int32: "I32", torch.uint8: "U8"}


def save_file(tensors, path):
    """tensors: name -> tensor. Wider elements come first, so that each tensor is aligned to its own."""
    header, offset = {}, 0
    order = sorted(tensors, key=lambda name: -tensors[name].element_size())
    for name in order:
        tensor = tensors[name]
        if tensor.dtype not in DTYPES:
            sys.exit(f"{path}: tensor '{name}' is {tensor.dtype}; make it float32 first")
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(tensors[name].detach().contiguous().numpy().tobytes())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    save_file(torch.load(sys.argv[1], map_location="cpu"), sys.argv[2])

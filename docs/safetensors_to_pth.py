#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a safetensors file as a PyTorch state dictionary (.pth), with PyTorch alone.

Usage: safetensors_to_pth.py INPUT.safetensors OUTPUT.pth
"""
import json
import struct
import sys

import torch

DTYPES = {"F64": torch.float64, "F32": torch.float32, "I64": torch.int64, "I32": torch.int32, "U8": torch.uint8}


def load_file(path):
    """name -> tensor. The file: the length of its header, the header in JSON, the bytes of the tensors."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensor = torch.empty(0) if begin == end else torch.frombuffer(data[begin:end], dtype=DTYPES[entry["dtype"]])
        tensors[name] = tensor.to(DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    torch.save(load_file(sys.argv[1]), sys.argv[2])

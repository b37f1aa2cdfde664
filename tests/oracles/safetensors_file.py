# SPDX-License-Identifier: Apache-2.0
"""The safetensors format in a few lines of numpy: what the oracles exchange with the C++ programs."""
import json
import struct

import numpy as np

DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "u1"}
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}


def write(path, arrays):
    """arrays: name -> array. Wider elements come first, so that each array is aligned to its own."""
    order = sorted(arrays, key=lambda name: -arrays[name].itemsize)
    header, offset = {}, 0
    for name in order:
        array = arrays[name]
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(np.ascontiguousarray(arrays[name]).data)


def read(path):
    """name -> array; the arrays are the file's pages, read as they are touched."""
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + size)
    return {name: data[entry["data_offsets"][0]:entry["data_offsets"][1]]
            .view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}

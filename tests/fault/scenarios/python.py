# SPDX-License-Identifier: Apache-2.0
"""Checkpoints are read by Python's safetensors package as they are."""

import importlib
import json
import os
import subprocess
import sys

from processes import Failure, Skip
from runs import STEPS, read_bytes
from scenarios import Spec

WHAT = "checkpoints read back by the Python package safetensors"


def reader(suite):
    """safetensors.numpy.load_file: the installed package, or one fetched for this suite."""
    try:
        importlib.import_module("numpy")
    except ImportError:
        raise Skip("numpy is missing; install it (apt-get install python3-numpy)") from None
    folder = f"{suite.folder}/python"
    if os.path.isdir(folder) and folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module("safetensors.numpy").load_file
    except ImportError:
        pass
    if not os.path.isdir(folder):
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--retries", "1",
                   "--timeout", "20", "--target", folder, "safetensors"]
        done = subprocess.run(install, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise Skip("the Python package safetensors is missing and cannot be installed: "
                       + done.stderr.strip()[-300:])
        return reader(suite)
    raise Skip(f"the Python package safetensors in {folder} cannot be imported")


def tensors_of(load, folder, stem):
    tensors = {}
    for name in sorted(os.listdir(folder)):
        if name.startswith(f"{stem}-") and name.endswith(".safetensors"):
            tensors |= load(f"{folder}/{name}")
    if not tensors:
        raise Failure(f"{folder} has no tensors of '{stem}'")
    return tensors


def check_equal(first, second, what):
    if list(first) != list(second):
        raise Failure(f"{what}: names {list(first)} and {list(second)}")
    for name, tensor in first.items():
        other = second[name]
        if (tensor.shape, tensor.dtype) != (other.shape, other.dtype):
            raise Failure(f"{what}: {name} is {tensor.dtype}{tensor.shape} and "
                          f"{other.dtype}{other.shape}")
        if tensor.tobytes() != other.tobytes():
            raise Failure(f"{what}: {name} has other values")


def read_back(slots, ranks):
    def do(case):
        load = reader(case.suite)
        case.finishes(ranks)
        at = f"{case.run}/checkpoints/b01-s{STEPS:010}"
        model = tensors_of(load, at, "model")
        check_equal(model, load(f"{case.run}/model.safetensors"), "checkpoint and weights")
        parameters = [name for name in model if "running_" not in name
                      and "num_batches_tracked" not in name]
        count = 0
        for slot in slots:
            state = tensors_of(load, at, slot)
            if sorted(state) != sorted(parameters):
                raise Failure(f"{slot} is of {sorted(state)}, expected {sorted(parameters)}")
            for name, tensor in state.items():
                if tensor.shape != model[name].shape:
                    raise Failure(f"{slot} of {name} is {tensor.shape}, expected "
                                  f"{model[name].shape}")
                count += bool(tensor.any())
        if not count:
            raise Failure("all state of the optimizer is zero")
        listed = {file["name"] for file in json.loads(read_bytes(f"{at}/manifest.json"))["files"]}
        if listed | {"manifest.json"} != set(os.listdir(at)):
            raise Failure(f"the manifest lists {sorted(listed)}, there is {os.listdir(at)}")
        case.notes.append(f"{len(model)} tensors of the model, slots {', '.join(slots)}")
    return do


def cases(_):
    yield Spec("adam", "mlp with Adam", read_back(("exp_avg", "exp_avg_sq"), 3), quick=True)
    yield Spec("momentum", "convnet with batch norm and momentum",
               read_back(("momentum_buffer",), 2), recipe="convnet")

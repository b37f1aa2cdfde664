#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares every op, forward and gradients, with PyTorch, in double.

Usage: check_ops.py --dump-program PATH --ops FOLDER        needs the Debian package python3-torch

The program (dump_op_samples) writes what our reference kernels and gradient rules make of each op's
samples. What PyTorch makes of the same inputs is said in the op's own folder: ops/<group>/<op>/<op>_torch.py
defines for each op of the folder a function of the op's name,

    def relu(attrs, inputs): return [outputs]

attrs a dict, inputs and outputs tensors as in our op (NHWC; any permuting is the function's), in the
order of the op. A random op's function takes a third argument, a reference_streams.Stream. Gradients are torch's
autograd through that function, with the same numbers flowing in. Besides functions, such a file may have

    NOT_IN_TORCH = {"op": "reason"}               the op is not compared
    ZERO_GRADIENT = {("op", "sample", input): "reason"}   this gradient is zero, and not by mistake

Passes if every floating-point tensor is within 1e-9 (relative L2), integers are equal, types and shapes
too, every op is compared or excused, and no gradient compared is zero without a reason (a sample with an
empty input needs none).
"""
import argparse
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy
    import torch
except ImportError as error:
    sys.exit(f"check_ops.py: {error} in {sys.executable}; install it: sudo apt-get install python3-torch")

import reference_streams

TOLERANCE = 1e-9


class Expectations:
    """What the *_torch.py files of the op folders say, all together."""

    def __init__(self, ops_folder):
        self.functions, self.not_in_torch, self.zero_gradient, self.problems = {}, {}, {}, []
        folders = sorted(p for p in pathlib.Path(ops_folder).glob("*/*") if (p / f"{p.name}.cc").exists())
        for folder in folders:
            path = folder / f"{folder.name}_torch.py"
            if path.exists():
                self.load(path)
            else:
                self.problems.append(f"{folder} has no {path.name}: say there what PyTorch computes")

    def load(self, path):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.not_in_torch.update(getattr(module, "NOT_IN_TORCH", {}))
        self.zero_gradient.update(getattr(module, "ZERO_GRADIENT", {}))
        for name, value in vars(module).items():
            if callable(value) and getattr(value, "__module__", None) == path.stem and not name.startswith("_"):
                self.functions[name] = value


def difference(got, expected):
    """Relative L2 distance of two tensors, 0 if equal; None if type or shape differ or integers do."""
    if got.dtype != expected.dtype or got.shape != expected.shape:
        return None
    if not got.dtype.is_floating_point:
        return 0.0 if torch.equal(got, expected) else None
    if torch.equal(got, expected):
        return 0.0
    norm = torch.linalg.vector_norm(expected).item()
    error = torch.linalg.vector_norm(got - expected).item()
    return error / norm if norm > 0 else float("inf")


class Sample:
    """One sample of one op: our tensors, and PyTorch's."""

    def __init__(self, folder, entry):
        self.entry, self.op, self.name = entry, entry["op"], entry["sample"]
        load = lambda kind: [None if file is None else torch.from_numpy(numpy.load(folder / entry["dir"] / file))
                             for file in entry[kind]]
        self.inputs, self.outputs, self.dout, self.din = map(load, ("in", "out", "dout", "din"))

    def run_torch(self, function):
        """Outputs and the gradients of the wanted inputs."""
        wanted = self.entry["wanted"] if self.entry["has_gradient"] else []
        inputs = [x.clone().requires_grad_(i in wanted) for i, x in enumerate(self.inputs)]
        stream = [reference_streams.Stream(**self.entry["stream"])] if "stream" in self.entry else []
        outputs = function(dict(self.entry["attrs"]), inputs, *stream)
        pairs = [(y, dy) for y, dy in zip(outputs, self.dout) if dy is not None]
        gradients = {}
        if wanted:
            found = torch.autograd.grad([y for y, _ in pairs], [inputs[i] for i in wanted], [dy for _, dy in pairs],
                                        allow_unused=True)
            gradients = dict(zip(wanted, found))
        return [y.detach() for y in outputs], gradients


class Report:
    """Per op: samples, tensors compared, largest differences; and all that is wrong."""

    def __init__(self):
        self.rows, self.problems = {}, []

    def compare(self, sample, kind, index, got, expected):
        row = self.rows[sample.op]
        row[kind] += 1
        what = f"{sample.op}/{sample.name}: {kind} {index}"
        if got is None or expected is None:
            side = "our" if got is None else "PyTorch's"
            self.problems.append(f"{what} is missing on {side} side")
            return
        found = difference(got, expected)
        if found is None:
            self.problems.append(f"{what} is {describe(got)}; PyTorch has {describe(expected)}")
            return
        row["worst " + kind] = max(row["worst " + kind], found)
        if not found <= TOLERANCE:
            self.problems.append(f"{what} is off PyTorch's by {found:.3g} (relative L2); expected at most {TOLERANCE}")

    def add(self, sample, expectations):
        row = {"samples": 0, "output": 0, "gradient": 0, "worst output": 0.0, "worst gradient": 0.0}
        self.rows.setdefault(sample.op, row)["samples"] += 1
        outputs, gradients = sample.run_torch(expectations.functions[sample.op])
        if len(outputs) != len(sample.outputs):
            self.problems.append(f"{sample.op}/{sample.name}: {len(sample.outputs)} outputs; PyTorch's function "
                                 f"returns {len(outputs)}")
            return
        for i, (got, expected) in enumerate(zip(sample.outputs, outputs)):
            self.compare(sample, "output", i, got, expected)
        for i, expected in gradients.items():
            self.compare(sample, "gradient", i, sample.din[i], expected)
            if expected is not None:
                self.look_for_zero(sample, i, expected, expectations)

    def look_for_zero(self, sample, i, gradient, expectations):
        excused = (sample.op, sample.name, i) in expectations.zero_gradient
        zero = not gradient.any()
        empty = any(x.numel() == 0 for x in sample.inputs)
        if zero != excused and not empty:
            self.problems.append(f"{sample.op}/{sample.name}: gradient {i} is "
                                 + ("zero: nothing is compared" if zero else "not zero, as ZERO_GRADIENT says"))

    def print(self, not_in_torch):
        print(f"{'op':20} {'samples':>7} {'outputs':>7} {'worst':>9} {'gradients':>9} {'worst':>9}")
        for op, row in self.rows.items():
            gradient = f"{row['worst gradient']:9.1e}" if row["gradient"] else " " * 9
            print(f"{op:20} {row['samples']:7} {row['output']:7} {row['worst output']:9.1e} "
                  f"{row['gradient']:9} {gradient}")
        for op, reason in not_in_torch.items():
            print(f"{op:20} not in PyTorch: {reason}")


def describe(tensor):
    return f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}" + (
        "" if tensor.dtype.is_floating_point else f" {tensor.flatten()[:8].tolist()}")


def check(folder, expectations):
    """The report on all samples in a folder written by dump_op_samples."""
    report = Report()
    report.problems += expectations.problems
    index = json.loads((folder / "index.json").read_text())
    names = {entry["op"] for entry in index}
    for name in sorted((expectations.functions.keys() | expectations.not_in_torch.keys()) - names):
        report.problems.append(f"a *_torch.py speaks of {name}, which is no op or has no samples")
    for name in sorted(names - expectations.functions.keys() - expectations.not_in_torch.keys()):
        report.problems.append(f"op {name}: no *_torch.py defines it; add the function or a reason in NOT_IN_TORCH")
    for entry in index:
        if entry["op"] in expectations.functions:
            report.add(Sample(folder, entry), expectations)
    if not any(row["output"] for row in report.rows.values()):
        report.problems.append("nothing was compared")
    if not any(row["gradient"] for row in report.rows.values()):
        report.problems.append("no gradient was compared")
    return report


def main():
    parser = argparse.ArgumentParser(description="Compares every op with PyTorch, in double.")
    parser.add_argument("--dump-program", required=True, help="the built dump_op_samples")
    parser.add_argument("--ops", required=True, help="the folder of ops in the source tree")
    options = parser.parse_args()
    expectations = Expectations(options.ops)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([options.dump_program, folder], check=True)
        report = check(pathlib.Path(folder), expectations)
    report.print(expectations.not_in_torch)
    for problem in report.problems:
        print(f"FAILED: {problem}")
    sys.exit(1 if report.problems else 0)


if __name__ == "__main__":
    main()

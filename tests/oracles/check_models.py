#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares models with torchvision under the same weights: logits and every gradient of one batch.

Usage: check_models.py --dump-program PATH [--kernels auto] list | MODEL

needs the Debian packages python3-torch and python3-torchvision. `list` compares names, order and shapes of
all parameters of every model. MODEL runs one batch of images of 64x64 in training mode, dropout 0:

  fp64, reference kernels   logits, gradients, batch statistics within 1e-8 of torchvision's in fp64
  fp32, `--kernels`         logits within 1e-4; each gradient at most 3 times as far from torchvision's fp64
                            as torchvision's own fp32 is (or 1e-5, if that is more)

A distance is the largest absolute difference over the largest absolute value of the tensor. Weights are
redrawn: matrices N(0, 2/fan-in), vectors 1 (scales) or 0 (the others) + 0.2 N(0, 1), running variances
uniform in [0.5, 1.5]. A compared gradient that is zero everywhere fails: it would compare nothing.

In fp32 a ReLU whose input rounds to the other side of 0 moves gradients by per cents in a deep network, in
PyTorch as here, and which ones do is chance. So torchvision's own error is the largest of three fp32 runs
that are the same mathematics (plain, channels last, without oneDNN), and at least the median over all
tensors; and where a batch fails in fp32, two others may take its place: a wrong kernel fails in all.

The bias of a convolution in front of a batch norm has the gradient 0 but for rounding: it is held to 0,
measured by the gradient of the same convolution's weight.
"""
import argparse
import copy
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    import torchvision
except ImportError as error:
    sys.exit(f"check_models.py: {error} in {sys.executable}; install them: "
             "sudo apt-get install python3-torch python3-torchvision")

import safetensors_file

# Ours -> torchvision's.
MODELS = {name: name.replace("-", "_") for name in (
    "alexnet", "vgg11", "vgg11-bn", "vgg13", "vgg13-bn", "vgg16", "vgg16-bn", "vgg19", "vgg19-bn",
    "resnet18", "resnet34", "resnet50", "resnet101", "resnet152")}
WITH_DROPOUT = ("alexnet", "vgg")

SIDE, CLASSES, SEED, BATCHES = 64, 10, 4, 3
FP64, LOGITS_FP32, TIMES_TORCH, FLOOR = 1e-8, 1e-4, 3.0, 1e-5


def make_torch(name, **options):
    if name.startswith(WITH_DROPOUT):
        options["dropout"] = 0.0
    return getattr(torchvision.models, MODELS[name])(**options)


def skip_first_values():
    """Every value is drawn anew below; torchvision need not draw them too."""
    for name in ("kaiming_normal_", "kaiming_uniform_", "normal_", "uniform_", "trunc_normal_"):
        setattr(torch.nn.init, name, lambda tensor, *_, **__: tensor)


def redraw(model, draw):
    """New weights, in single precision, so that both precisions have the same."""
    scales = {f"{name}.weight" for name, module in model.named_modules()
              if isinstance(module, torch.nn.BatchNorm2d)}
    for name, tensor in list(model.named_parameters()) + list(model.named_buffers()):
        if name.endswith("num_batches_tracked"):
            continue
        with torch.no_grad():
            if tensor.dim() > 1:
                fan_in = tensor.numel() // tensor.shape[0]
                tensor.normal_(0.0, (2.0 / fan_in) ** 0.5, generator=draw)
            elif name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5, generator=draw)
            else:
                tensor.normal_(1.0 if name in scales else 0.0, 0.2, generator=draw)


def run_torch(model, x, labels):
    """logits, gradients and batch statistics, under the names the dump has; the model keeps its state."""
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    model.zero_grad(set_to_none=True)
    logits = model(x)
    torch.nn.functional.cross_entropy(logits, labels).backward()
    found = {"logits": logits.detach()}
    for name, parameter in model.named_parameters():
        found[f"grad:{name}"] = parameter.grad
    with torch.no_grad():
        for name, buffer in model.named_buffers():
            layer, kind = name.rsplit(".", 1)
            if kind in ("running_mean", "running_var"):  # 0.9 of the old and 0.1 of the batch's
                batch = (buffer - 0.9 * before[name]) / 0.1
                found[f"{kind.removeprefix('running_')}:{layer.replace('.', '/')}"] = batch
            buffer.copy_(before[name])
    model.zero_grad(set_to_none=True)  # the gradients are the caller's now
    return found


def run_torch_fp32(model, x, labels):
    """The same mathematics in three ways that PyTorch computes it."""
    yield run_torch(model, x, labels)
    yield run_torch(model, x.contiguous(memory_format=torch.channels_last), labels)
    with torch.backends.mkldnn.flags(enabled=False):
        yield run_torch(model, x, labels)


def vanishing(model):
    """Gradients that are 0 but for rounding -> those of the same layer's weights."""
    found = {}
    for path, module in model.named_modules():
        children = list(module.named_children()) if isinstance(module, torch.nn.Sequential) else []
        for (name, layer), (_, following) in zip(children, children[1:]):
            if isinstance(layer, torch.nn.Conv2d) and isinstance(following, torch.nn.BatchNorm2d):
                if layer.bias is not None:
                    found[f"grad:{path}.{name}.bias"] = f"grad:{path}.{name}.weight"
    return found


def as_numpy(tensor):
    return tensor.numpy() if isinstance(tensor, torch.Tensor) else tensor


def largest(values):
    """The largest absolute value; NaN if there is one."""
    return max(abs(float(values.min())), abs(float(values.max())))


def distance(got, expected, scale=None):
    """Largest absolute difference over the largest absolute value (of `scale`, or of what is expected);
    inf where shapes differ or there is no scale."""
    got, expected = as_numpy(got), as_numpy(expected)
    if got.shape != expected.shape:
        return float("inf")
    size = largest(as_numpy(scale) if scale is not None else expected)
    got, expected = got.reshape(-1), expected.reshape(-1)
    worst = 0.0
    for begin in range(0, got.size, 1 << 20):  # piece by piece: temporaries stay in the cache
        piece = slice(begin, begin + (1 << 20))
        worst = max(worst, largest(got[piece].astype(np.float64) - expected[piece]), key=abs_or_nan)
    return worst / size if size > 0 else float("inf")


def abs_or_nan(value):
    """A key under which NaN is the largest."""
    return (value != value, value)


class Comparison:
    """What is compared, the worst found, and all that is wrong."""

    def __init__(self, what):
        self.what, self.problems, self.rows = what, [], []

    def same_names(self, got, expected):
        for name in sorted(set(got) ^ set(expected)):
            self.problems.append(f"{self.what}: {name} is only in " +
                                 ("ours" if name in got else "torchvision's"))
        return [name for name in expected if name in got]

    def hold(self, name, got, expected, limit, scale=None):
        found = distance(got, expected, scale)
        self.rows.append((found / limit, name, found, limit))
        if not found <= limit:
            self.problems.append(f"{self.what}: {name} is off torchvision's fp64 by {found:.2e}; "
                                 f"expected at most {limit:.1e}")

    def not_zero(self, name, expected):
        if name.startswith("grad:") and not as_numpy(expected).any():
            self.problems.append(f"{self.what}: {name} is zero in torchvision: nothing is compared")

    def print(self):
        print(f"{self.what}: {len(self.rows)} tensors; nearest to its limit:")
        for _, name, found, limit in sorted(self.rows, reverse=True)[:3]:
            print(f"    {name:40} {found:.2e} of {limit:.1e}")


def compare_fp64(ours, torch64, vanish):
    comparison = Comparison("fp64")
    for name in comparison.same_names(ours, torch64):
        comparison.not_zero(name, torch64[name])
        if name in vanish:
            comparison.hold(name, ours[name], torch64[name], FP64, scale=torch64[vanish[name]])
        else:
            comparison.hold(name, ours[name], torch64[name], FP64)
    return comparison


def own_errors(torch32, torch64, vanish):
    """Gradient -> how far torchvision's fp32 runs, the farthest of them, are from its fp64."""
    errors = {}
    for run in torch32:
        for name in torch64:
            if name.startswith("grad:"):
                scale = torch64[vanish[name]] if name in vanish else None
                errors[name] = max(errors.get(name, 0.0), distance(run[name], torch64[name], scale))
    return errors


def compare_fp32(ours, torch64, own, vanish):
    comparison = Comparison("fp32")
    median = statistics.median(own.values())
    for name in comparison.same_names(ours, torch64):
        if name == "logits":
            comparison.hold(name, ours[name], torch64[name], LOGITS_FP32)
        elif name.startswith("grad:"):
            limit = max(TIMES_TORCH * max(own[name], median), FLOOR)
            scale = torch64[vanish[name]] if name in vanish else None
            comparison.hold(name, ours[name], torch64[name], limit, scale)
    return comparison


def without_counts(found):
    """What a dump holds, each norm's totals over its count: the mean and variance of its batch."""
    counts = {name.removeprefix("count:"): array for name, array in found.items() if name.startswith("count:")}
    rest = {name: array for name, array in found.items() if not name.startswith("count:")}
    for layer, count in counts.items():
        for kind in ("mean", "var"):
            rest[f"{kind}:{layer}"] = rest[f"{kind}:{layer}"] / count
    return rest


def dump(options, folder, precision, kernels):
    out = folder / f"{precision}.safetensors"
    command = [options.dump_program, "gradients", options.model, "--weights", folder / "weights.safetensors",
               "--batch", folder / "batch.safetensors", "--out", out, "--classes", str(CLASSES),
               "--precision", precision, "--kernels", kernels]
    if options.model.startswith(WITH_DROPOUT):
        command += ["--dropout", "0"]
    subprocess.run(command, check=True)
    found = without_counts(safetensors_file.read(out))
    return {name: array for name, array in found.items()
            if name not in ("numerator", "denominator")}


def make_model(options, folder, draw):
    """torchvision's model with redrawn weights, which are written as weights.safetensors."""
    skip_first_values()
    model = make_torch(options.model, num_classes=CLASSES)
    redraw(model, draw)
    safetensors_file.write(folder / "weights.safetensors",
                           {name: tensor.numpy() for name, tensor in model.state_dict().items()})
    return model


def check_batch(options, folder, model, draw):
    """One batch in both precisions; what is wrong in fp64, and in fp32."""
    images = 4 if options.model.startswith("resnet") else 2
    x = torch.randn(images, 3, SIDE, SIDE, generator=draw)
    labels = torch.randint(0, CLASSES, (images,), generator=draw)
    safetensors_file.write(folder / "batch.safetensors",
                           {"image": x.permute(0, 2, 3, 1).contiguous().numpy(),
                            "label": labels.to(torch.int32).numpy()})
    vanish = vanishing(model)
    torch32 = list(run_torch_fp32(model, x, labels))
    torch64 = run_torch(copy.deepcopy(model).double(), x.double(), labels)
    own = own_errors(torch32, torch64, vanish)
    del torch32
    fp64 = compare_fp64(dump(options, folder, "fp64", "reference"), torch64, vanish)
    fp32 = compare_fp32(dump(options, folder, "fp32", options.kernels), torch64, own, vanish)
    for comparison in (fp64, fp32):
        comparison.print()
    return fp64.problems, fp32.problems


def check_model(options, folder):
    draw = torch.Generator().manual_seed(SEED)
    model = make_model(options, folder, draw)
    for batch in range(BATCHES):
        fp64, fp32 = check_batch(options, folder, model, draw)
        if fp64 or not fp32:
            return fp64 + fp32
        print(f"batch {batch}: {len(fp32)} tensors beyond their limits in fp32: {fp32[0]}")
    return fp32


def compare_parameters(name, ours, theirs):
    """ours, theirs: [[name, shape], ...] in order."""
    if ours == theirs:
        return []
    for got, expected in zip(ours, theirs):
        if got != expected:
            return [f"{name}: has the parameter {got} where torchvision has {expected}"]
    return [f"{name}: has {len(ours)} parameters; torchvision has {len(theirs)}"]


def check_list(options):
    skip_first_values()
    listed = json.loads(subprocess.run([options.dump_program, "list"], check=True, capture_output=True).stdout)
    problems = []
    for name in MODELS:
        if name not in listed:
            problems.append(f"{name}: no such model")
            continue
        ours = listed[name]
        theirs = [[parameter, list(tensor.shape)] for parameter, tensor in
                  make_torch(name, num_classes=ours["classes"]).named_parameters()]
        problems += compare_parameters(name, ours["parameters"], theirs)
        count = sum(int(np.prod(shape)) for _, shape in theirs)
        print(f"{name:12} {len(theirs):4} tensors {count:12,} parameters")
    return problems


def main():
    parser = argparse.ArgumentParser(description="Compares models with torchvision.")
    parser.add_argument("--dump-program", required=True, help="the built dump_model")
    parser.add_argument("--kernels", default="auto", choices=("auto", "reference"), help="of the fp32 run")
    parser.add_argument("model", choices=["list"] + list(MODELS))
    options = parser.parse_args()
    if options.model == "list":
        problems = check_list(options)
    else:
        with tempfile.TemporaryDirectory() as folder:
            problems = check_model(options, pathlib.Path(folder))
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

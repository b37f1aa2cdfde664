#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares segmenters with PyTorch under the same weights: logits and every gradient of one batch, in fp64 with
reference kernels; and the logits in fp32 with the kernels of this machine, within 1e-4 of PyTorch's fp64 or three
times as far as PyTorch's own fp32 is.

Usage: check_segmenters.py --dump-program PATH CASE

needs the Debian packages python3-torch and python3-torchvision. A case is a model of torchvision, with its
auxiliary head, whose loss counts 0.5; or a U-Net, against the plain definitions of torch_unet.py and below. Weights are redrawn, the
images have two sizes of sides, and some pixels of their masks are to be ignored (check_models.py says what a
distance is, and the limit, 1e-8).
"""
import argparse
import copy
import pathlib
import subprocess
import sys
import tempfile

import check_models  # says what to install where PyTorch is missing
import safetensors_file
import torch
import torchvision
from torch import nn
from torch_unet import UNet, double_conv

CLASSES, IGNORE, AUX_WEIGHT, SEED = 5, 255, 0.5, 7


class MiniUNet(nn.Module):
    """Three levels; on the way up [up, skip] side by side."""

    def __init__(self):
        super().__init__()
        norm = nn.BatchNorm2d
        self.enc1, self.enc2 = double_conv(3, 64, 64, norm), double_conv(64, 128, 128, norm)
        self.enc3, self.bottleneck = double_conv(128, 256, 256, norm), double_conv(256, 512, 512, norm)
        for number in (3, 2, 1):
            width = 32 << number
            setattr(self, f"up{number}", nn.ConvTranspose2d(2 * width, width, 2, stride=2))
            setattr(self, f"dec{number}", double_conv(2 * width, width, width, norm))
        self.final = nn.Conv2d(64, CLASSES, 1)

    def forward(self, x):
        skips = []
        for encoder in (self.enc1, self.enc2, self.enc3):
            skips.append(encoder(x))
            x = nn.functional.max_pool2d(skips[-1], 2)
        x = self.bottleneck(x)
        for number in (3, 2, 1):
            x = getattr(self, f"dec{number}")(torch.cat([getattr(self, f"up{number}")(x), skips.pop()], 1))
        return {"out": self.final(x)}


class WithoutNorm(nn.Identity):

    def __init__(self, _):
        super().__init__()


def of_torchvision(make):
    model = make(weights=None, weights_backbone=None, num_classes=CLASSES, aux_loss=True)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


VISION = torchvision.models.segmentation
# Case -> our model, its options, PyTorch's.
CASES = {
    "fcn-resnet50": ("fcn-resnet50", ["dropout=0"], lambda: of_torchvision(VISION.fcn_resnet50)),
    "fcn-resnet101": ("fcn-resnet101", ["dropout=0"], lambda: of_torchvision(VISION.fcn_resnet101)),
    "deeplabv3-resnet50": ("deeplabv3-resnet50", ["dropout=0"], lambda: of_torchvision(VISION.deeplabv3_resnet50)),
    "unet": ("unet", ["width=6", "depth=3"], lambda: UNet(CLASSES, 6, 3)),
    "unet-plain": ("unet", ["width=5", "depth=2", "norm=none"], lambda: UNet(CLASSES, 5, 2, WithoutNorm)),
    "unet-bilinear": ("unet", ["width=8", "depth=2", "upsample=bilinear"], lambda: UNet(CLASSES, 8, 2, mode="bilinear")),
    "unet-nearest": ("unet", ["width=8", "depth=2", "upsample=nearest"], lambda: UNet(CLASSES, 8, 2, mode="nearest")),
    "mini-unet": ("mini-unet", [], MiniUNet),
}


def run_torch(model, x, mask):
    """logits, gradients and batch statistics, under the names the dump has."""
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    out = model(x)
    loss = nn.functional.cross_entropy(out["out"], mask, ignore_index=IGNORE, reduction="sum")
    if "aux" in out:
        aux = nn.functional.cross_entropy(out["aux"], mask, ignore_index=IGNORE, reduction="sum")
        loss = loss + AUX_WEIGHT * aux
    (loss / len(x)).backward()  # a lane's gradient is of the sum over lane_batch
    found = {"logits": out["out"].detach().permute(0, 2, 3, 1).contiguous()}
    for name, parameter in model.named_parameters():
        found[f"grad:{name}"] = parameter.grad
    for name, buffer in model.named_buffers():
        layer, kind = name.rsplit(".", 1)
        if kind in ("running_mean", "running_var"):  # 0.9 of the old and 0.1 of the batch's
            batch = (buffer - 0.9 * before[name]) / 0.1
            found[f"{kind.removeprefix('running_')}:{layer.replace('.', '/')}"] = batch
    return found


def dump(options, folder, name, own, how):
    out = folder / f"{how[1]}.safetensors"  # arrays are read from the file where they lie
    command = [options.dump_program, "gradients", name, "--weights", folder / "weights.safetensors", "--batch",
               folder / "batch.safetensors", "--out", out, "--classes", str(CLASSES), *how]
    for option in own:
        command += ["--option", option]
    subprocess.run(command, check=True)
    found = check_models.without_counts(safetensors_file.read(out))
    return {key: array for key, array in found.items() if key not in ("numerator", "denominator")}


def check(options, folder):
    name, own, make = CASES[options.case]
    draw = torch.Generator().manual_seed(SEED)
    check_models.skip_first_values()
    model = make()
    check_models.redraw(model, draw)
    safetensors_file.write(folder / "weights.safetensors",
                           {key: tensor.numpy() for key, tensor in model.state_dict().items()})
    x = torch.randn(2, 3, 32, 40, generator=draw)
    mask = torch.randint(0, CLASSES + 1, (2, 32, 40), generator=draw)
    mask[mask == CLASSES] = IGNORE
    safetensors_file.write(folder / "batch.safetensors",
                           {"image": x.permute(0, 2, 3, 1).contiguous().numpy(),
                            "mask": mask.to(torch.int32).numpy()})
    ours = dump(options, folder, name, own, ["--precision", "fp64"])
    fast = dump(options, folder, name, own, ["--precision", "fp32", "--kernels", "auto"])
    vanish = check_models.vanishing(model)
    torch32 = copy.deepcopy(model)(x)["out"].detach().permute(0, 2, 3, 1)
    expected = run_torch(model.double(), x.double(), mask)
    comparison = check_models.compare_fp64(ours, expected, vanish)
    own_error = check_models.distance(torch32, expected["logits"])
    limit = max(check_models.LOGITS_FP32, check_models.TIMES_TORCH * own_error)
    comparison.hold("logits (fp32)", fast["logits"], expected["logits"], limit)
    comparison.print()
    if options.self_test:
        ours["logits"] = ours["logits"] * (1 + 1e-6)
        model.zero_grad(set_to_none=True)
        spoilt = check_models.compare_fp64(ours, run_torch(model, x.double(), mask), vanish).problems
        return [] if spoilt else ["logits that are off by 1e-6 were not noticed"]
    return comparison.problems


def main():
    parser = argparse.ArgumentParser(description="Compares segmenters with PyTorch.")
    parser.add_argument("--dump-program", required=True, help="the built dump_model")
    parser.add_argument("--self-test", action="store_true", help="pass only if a planted fault is found")
    parser.add_argument("case", choices=list(CASES))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        problems = check(options, pathlib.Path(folder))
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

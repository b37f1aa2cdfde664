# SPDX-License-Identifier: Apache-2.0
"""Training steps in PyTorch, for compare_pytorch.py, which starts this with the Python to measure.

  torch_step.py WORKLOAD LAYOUT MODE THREADS BATCH WARMUP    eager|compile, contiguous|channels_last

A step is zero_grad, forward, cross-entropy (of each pixel where the workload has masks), backward
and an update by SGD with momentum, in fp32 and training mode, on one made-up batch in memory; what
the workload freezes needs no gradient, and its batch norms use their running statistics. Writes one JSON line when it is ready; then runs
as many steps as each line of standard input says and answers with one JSON line; ends with it.
"""

import json
import os
import sys
import time

import torch
from torch import nn

from workloads import WORKLOADS, is_frozen, model_of

AUX_WEIGHT = 0.5  # of the loss of an auxiliary head


def resident():
    """Bytes: (now, peak since the start)."""
    sizes = {}
    with open("/proc/self/status", encoding="utf8") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                sizes[name] = 1024 * int(rest.split()[0])
    return sizes["VmRSS"], sizes["VmHWM"]


def lenet5():
    """The network of graph/models/lenet.cc: tanh, average pooling, linear output."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))


def network_of(workload):
    classes, model = WORKLOADS[workload].classes, model_of(workload)
    if model == "lenet5":
        return lenet5()
    if model == "unet":
        here = os.path.dirname(os.path.abspath(__file__))
        sys.path.append(os.path.join(os.path.dirname(here), "oracles"))
        import torch_unet
        return torch_unet.UNet(classes, width=64, depth=4)
    import torchvision  # only where it is needed: LeNet-5 is measured without it
    if model == "fcn-resnet50":
        return torchvision.models.segmentation.fcn_resnet50(
            weights=None, weights_backbone=None, num_classes=classes, aux_loss=True)
    return getattr(torchvision.models, model)(num_classes=classes)


def freeze(workload, model):
    """Freezes what the workload says; a batch norm without a trained parameter does not learn."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad = not is_frozen(workload, name)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
            module.eval()


def loss_of(out, target):
    """Cross-entropy of logits, or of a segmenter's {"out": logits, "aux": logits}."""
    if not isinstance(out, dict):
        return nn.functional.cross_entropy(out, target)
    loss = nn.functional.cross_entropy(out["out"], target, ignore_index=255)
    if "aux" in out:
        loss = loss + AUX_WEIGHT * nn.functional.cross_entropy(out["aux"], target, ignore_index=255)
    return loss


class Steps:
    def __init__(self, workload, layout, mode, batch):
        torch.manual_seed(1)
        layouts = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
        model = network_of(workload).to(memory_format=layouts[layout]).train()
        freeze(workload, model)
        self.parameters = sum(p.numel() for p in model.parameters())
        trained = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.SGD(trained, lr=0.01, momentum=0.9)
        self.forward = torch.compile(model) if mode == "compile" else model
        size = WORKLOADS[workload]
        self.images = torch.randn(batch, size.channels, size.height, size.width).to(
            memory_format=layouts[layout])
        pixels = (size.height, size.width) if size.masks else ()
        self.target = torch.randint(size.classes, (batch, *pixels))

    def step(self):
        self.optimizer.zero_grad()
        loss = loss_of(self.forward(self.images), self.target)
        loss.backward()
        self.optimizer.step()
        return loss

    def timed(self, count):
        """Milliseconds of each step, and the last loss."""
        times = []
        for _ in range(count):
            began = time.perf_counter()
            loss = self.step()
            times.append(1e3 * (time.perf_counter() - began))
        return times, loss.detach().item()


def answer(**fields):
    print(json.dumps(fields), flush=True)


def main():
    workload, layout, mode = sys.argv[1:4]
    threads, batch, warmup = map(int, sys.argv[4:7])
    torch.set_num_threads(threads)
    start_bytes, _ = resident()
    try:
        steps = Steps(workload, layout, mode, batch)
        times, loss = steps.timed(warmup)
    except Exception as error:  # a mode that does not work here is a result
        answer(error=f"{type(error).__name__}: {str(error)[:500]}")
        return
    answer(version=torch.__version__, threads=torch.get_num_threads(), warmup_ms=sum(times),
           parameters=steps.parameters, loss=loss)
    for line in sys.stdin:
        times, loss = steps.timed(int(line))
        answer(ms=times, loss=loss, resident_bytes=resident()[1] - start_bytes)


if __name__ == "__main__":
    main()

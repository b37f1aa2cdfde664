# SPDX-License-Identifier: Apache-2.0
"""Batches for training in PyTorch, for compare_input.py, which starts this with the right Python.

  torch_input.py FOLDER WORKLOAD DECODER WORKERS BATCH       DECODER: pillow|tensors

An ImageFolder over FOLDER and a DataLoader with so many workers, over and over in new random
orders. `pillow` is PyTorch as its documentation has it; `tensors` decodes with torchvision's own
libjpeg and transforms byte tensors (transforms.v2). Writes one JSON line when it is ready; then
makes batches for as many seconds as each line of standard input says, from the first batch on, and
answers with one JSON line; ends with it.
"""

import json
import sys
import time

import torch
import torchvision
from torchvision import transforms

MEAN, STD = (0.49, 0.48, 0.45), (0.25, 0.24, 0.26)


def geometry(workload, source):
    """The operations but for the last two; `source` is transforms or transforms.v2."""
    if workload == "cifar":
        return [source.RandomCrop(32, padding=4), source.RandomHorizontalFlip()]
    return [source.RandomResizedCrop(224), source.RandomHorizontalFlip()]


def decode(path):
    return torchvision.io.decode_image(path, mode=torchvision.io.ImageReadMode.RGB)


def dataset_of(folder, workload, decoder):
    if decoder == "pillow":
        return torchvision.datasets.ImageFolder(folder, transform=transforms.Compose([
            *geometry(workload, transforms), transforms.ToTensor(),
            transforms.Normalize(MEAN, STD)]))
    from torchvision.transforms import v2  # Debian's version has none
    return torchvision.datasets.ImageFolder(folder, loader=decode, transform=v2.Compose([
        *geometry(workload, v2), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]))


class Endless(torch.utils.data.Sampler):
    """Random orders of all samples, one after the other, so that small sets last for a turn."""

    def __init__(self, count):
        self.count = count

    def __iter__(self):
        while True:
            yield from torch.randperm(self.count).tolist()


def measured(folder, workload, decoder, workers, batch, seconds):
    """What a turn found, and the shape of its batches."""
    opened = time.perf_counter()
    dataset = dataset_of(folder, workload, decoder)
    found = time.perf_counter()
    batches = iter(torch.utils.data.DataLoader(dataset, batch_size=batch, num_workers=workers,
                                               sampler=Endless(len(dataset))))
    shape = list(next(batches)[0].shape)
    began, images, last = time.perf_counter(), 0, time.perf_counter()
    while last - began < seconds:
        images += len(next(batches)[0])
        last = time.perf_counter()
    del batches  # its workers end, and count for this turn
    return {"images": images, "seconds": last - began, "samples": len(dataset), "shape": shape,
            "open_ms": 1e3 * (found - opened), "first_batch_ms": 1e3 * (began - found)}


def answer(**fields):
    print(json.dumps(fields), flush=True)


def main():
    folder, workload, decoder = sys.argv[1:4]
    workers, batch = map(int, sys.argv[4:6])
    torch.set_num_threads(1)  # the workers have one each too
    began = time.perf_counter()
    try:
        first = measured(folder, workload, decoder, workers, batch, 0.1)
    except Exception as error:  # a decoder that does not work here is a result
        answer(error=f"{type(error).__name__}: {str(error)[:500]}")
        return
    answer(version=f"{torch.__version__}, torchvision {torchvision.__version__}",
           warmup_ms=1e3 * (time.perf_counter() - began), parameters=first["samples"],
           shape=first["shape"])
    for line in sys.stdin:
        answer(**measured(folder, workload, decoder, workers, batch, float(line)))


if __name__ == "__main__":
    main()

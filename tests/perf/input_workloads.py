# SPDX-License-Identifier: Apache-2.0
"""What the benchmark of the input makes of images: the one list of its workloads, for ours and for
PyTorch's side (torch_input.py has the same operations by torchvision's names)."""

import dataclasses

BATCH = 128
LANES = 8  # of ours: lanes of 16 images


@dataclasses.dataclass(frozen=True)
class Workload:
    data: str  # which of the two sources: "cifar" or "photos"
    threads: int  # of ours, workers of PyTorch's; the contenders are bound to as many cores
    augment: tuple  # of the recipe
    wanted: float  # times PyTorch's rate


SMALL = ("random-crop:32:pad=4", "hflip", "normalise")
LARGE = ("random-resized-crop:224", "hflip", "normalise")

WORKLOADS = {
    "cifar": Workload("cifar", 2, SMALL, wanted=8.0),
    "photos": Workload("photos", 1, LARGE, wanted=2.0),
}

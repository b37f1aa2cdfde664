# SPDX-License-Identifier: Apache-2.0
"""What the benchmark trains: the one list of its workloads, for ours and for PyTorch's side."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Workload:
    height: int
    width: int
    channels: int
    classes: int
    batch: int  # images of a step, over all lanes
    steps: int  # of a turn

    @property
    def image(self):
        """As `lockstep bench step --image` takes it."""
        return f"{self.height}x{self.width}x{self.channels}"


WORKLOADS = {
    "lenet5": Workload(28, 28, 1, 10, batch=128, steps=40),  # tanh and average pooling
    "resnet18": Workload(64, 64, 3, 1000, batch=32, steps=8),
    "resnet50": Workload(224, 224, 3, 1000, batch=8, steps=3),
}

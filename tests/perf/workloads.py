# SPDX-License-Identifier: Apache-2.0
"""What the benchmark trains: the one list of its workloads, for ours and for PyTorch's side."""

import dataclasses
import fnmatch


@dataclasses.dataclass(frozen=True)
class Workload:
    height: int
    width: int
    channels: int
    classes: int
    batch: int  # images of a step, over all lanes
    steps: int  # of a turn
    model: str = ""  # by our name; empty: that of the workload
    masks: bool = False  # a class for each pixel, pixel cross-entropy
    freeze: tuple = ()  # patterns, as in model.freeze: what is not trained

    @property
    def image(self):
        """As `lockstep bench step --image` takes it."""
        return f"{self.height}x{self.width}x{self.channels}"


WORKLOADS = {
    "lenet5": Workload(28, 28, 1, 10, batch=128, steps=40),  # tanh and average pooling
    "resnet18": Workload(64, 64, 3, 1000, batch=32, steps=8),
    "resnet50": Workload(224, 224, 3, 1000, batch=8, steps=3),
    # With the auxiliary head, whose loss counts 0.5.
    "fcn-resnet50": Workload(128, 128, 3, 21, batch=4, steps=3, masks=True),
    "unet": Workload(128, 128, 3, 21, batch=8, steps=2, masks=True),
    # The last layer alone is trained; frozen batch norms keep their running statistics.
    "resnet18-head": Workload(64, 64, 3, 1000, batch=32, steps=16, model="resnet18",
                              freeze=("*", "!fc.*")),
}


def model_of(workload):
    """Our name of a workload's model."""
    return WORKLOADS[workload].model or workload


def is_frozen(workload, parameter):
    """Whether a parameter is not trained: the last pattern that matches its name decides."""
    frozen = False
    for pattern in WORKLOADS[workload].freeze:
        if fnmatch.fnmatchcase(parameter, pattern.removeprefix("!")):
            frozen = not pattern.startswith("!")
    return frozen

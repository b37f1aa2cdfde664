# SPDX-License-Identifier: Apache-2.0
import torch


def running_average(attrs, inputs):
    running, batch = inputs
    return [torch.lerp(running, batch, attrs["momentum"])]

# SPDX-License-Identifier: Apache-2.0
import torch


def running_average(attrs, inputs):
    running, total, count = inputs
    if count == 0:
        return [running]
    return [torch.lerp(running, (total / count).to(running.dtype), attrs["momentum"])]

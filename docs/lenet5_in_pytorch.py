#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""LeNet-5 of cluster/recipes/lenet5-fashion-mnist.toml in PyTorch: loads the weights that a run of Lockstep ended
with, and evaluates them on the test images of Fashion-MNIST.

Usage: lenet5_in_pytorch.py WEIGHTS.pth FOLDER-OF-THE-IDX-FILES
"""
import gzip
import sys
from collections import OrderedDict

import torch
from torch import nn


def lenet5():
    return nn.Sequential(OrderedDict(
        conv1=nn.Conv2d(1, 6, 5, padding=2), relu1=nn.ReLU(), pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(6, 16, 5), relu2=nn.ReLU(), pool2=nn.MaxPool2d(2), flatten=nn.Flatten(),
        fc1=nn.Linear(400, 120), relu3=nn.ReLU(), fc2=nn.Linear(120, 84), relu4=nn.ReLU(), fc3=nn.Linear(84, 10)))


def idx(path, header):
    """The bytes of an idx file after its header of so many bytes."""
    with gzip.open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def main(weights, folder):
    model = lenet5().eval()
    model.load_state_dict(torch.load(weights))  # strict: every name and every shape must fit
    train = idx(f"{folder}/train-images-idx3-ubyte.gz", 16).double() / 255
    images = idx(f"{folder}/t10k-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28).double() / 255
    labels = idx(f"{folder}/t10k-labels-idx1-ubyte.gz", 8).long()
    with torch.no_grad():
        logits = model(((images - train.mean()) / train.std(unbiased=False)).float())
        loss = nn.functional.cross_entropy(logits, labels)
    hits = (logits.argmax(1) == labels).sum()
    print(f"{len(labels):,} images: loss {loss:.4f}, accuracy {100 * hits / len(labels):.2f} %")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])

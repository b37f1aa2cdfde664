# SPDX-License-Identifier: Apache-2.0
"""Training steps of PyTorch's DistributedDataParallel over gloo on CPUs, for `lockstep bench
scaling --python PYTHON`, which starts this with the Python to measure.

  torch_ddp.py --model lenet5 --image 28x28x1 --classes 10 --batch 256 --ranks 2 --threads 1
               --warmup 3 --steps 20 --json out.json

The global batch is divided between the ranks; a step is zero_grad, forward, cross-entropy, backward
with DDP's all-reduce and an update by SGD with momentum, in fp32, on one made-up batch in memory.
The file gets {"version": ..., "step_ms": [...]}, of each step the slowest rank's, or {"error": ...}.
"""

import argparse
import json
import os
import sys
import tempfile
import time


def parse():
    parser = argparse.ArgumentParser()
    for name in ("--model", "--image", "--json"):
        parser.add_argument(name, required=True)
    for name in ("--classes", "--batch", "--ranks", "--threads", "--warmup", "--steps"):
        parser.add_argument(name, type=int, required=True)
    return parser.parse_args()


def write(path, **fields):
    with open(path + ".tmp", "w", encoding="utf8") as file:
        json.dump(fields, file)
    os.replace(path + ".tmp", path)


def model_of(options):
    from torch_step import lenet5  # the same network as graph/models/lenet.cc
    if options.model == "lenet5":
        return lenet5()
    import torchvision
    return getattr(torchvision.models, options.model)(num_classes=options.classes)


def rows_of(rank, options):
    """This rank's part of the global batch: as even as it goes."""
    return ((rank + 1) * options.batch) // options.ranks - (rank * options.batch) // options.ranks


def run_rank(rank, options, meeting):
    """One rank; rank 0 writes the file."""
    import torch
    import torch.distributed as dist
    from torch import nn
    torch.set_num_threads(options.threads)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank,
                            world_size=options.ranks)
    torch.manual_seed(1)
    model = nn.parallel.DistributedDataParallel(model_of(options).train())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    height, width, channels = (int(size) for size in options.image.split("x"))
    rows = rows_of(rank, options)
    images = torch.randn(rows, channels, height, width)
    labels = torch.randint(options.classes, (rows,))
    loss_of = nn.CrossEntropyLoss()
    times = []
    for step in range(-options.warmup, options.steps):
        began = time.perf_counter()
        optimizer.zero_grad()
        loss_of(model(images), labels).backward()
        optimizer.step()
        if step >= 0:
            times.append(1e3 * (time.perf_counter() - began))
    slowest = torch.tensor(times, dtype=torch.float64)
    dist.all_reduce(slowest, op=dist.ReduceOp.MAX)
    if rank == 0:
        write(options.json, version=torch.__version__, step_ms=slowest.tolist())
    dist.barrier()
    dist.destroy_process_group()


def main():
    options = parse()
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    try:
        import torch.multiprocessing as processes
        if not options.model == "lenet5":
            import torchvision  # noqa: F401: whether it is there is told here, once
    except Exception as error:
        write(options.json, error=f"{sys.executable}: {type(error).__name__}: {str(error)[:200]}")
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            processes.spawn(run_rank, args=(options, os.path.join(folder, "meeting")),
                            nprocs=options.ranks)
        except Exception as error:
            last = str(error).strip().splitlines()[-1][:300]
            write(options.json, error=f"{type(error).__name__}: {last}")


if __name__ == "__main__":
    main()

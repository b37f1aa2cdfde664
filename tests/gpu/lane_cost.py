#!/usr/bin/env python3
"""What lanes and determinism cost on a GPU, seen through PyTorch: figures the CUDA executor is planned against.

  python3 tests/gpu/lane_cost.py --out FILE.json

ResNet-50 and ViT-B/16 in bf16, channels-last, synthetic input, forward and backward in one CUDA graph per lane shape:
one batch of 256, the same 256 images as 2, 4 and 8 equal lanes run one after another, and each of them again with
deterministic algorithms only. With --streams, 4 and 8 lanes in one graph, dealt to 1, 2, 4 and 8 streams, every lane
with gradients of its own. Every variant runs twice from the same state; `bits_repeat` says whether the gradients'
bits were the same. `row_bits_with_batch` says whether an image's logits have the same bits alone in its lane of 32 as
in the batch of 256.
"""
import argparse
import hashlib
import json
import statistics

import torch
import torchvision


def digest(tensors):
    h = hashlib.sha256()
    for t in tensors:
        h.update(t.detach().cpu().numpy().tobytes())
    return h.hexdigest()


def milliseconds(run, repeats):
    for _ in range(3):
        run()
    times = []
    for _ in range(repeats):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times)


def variant(name, lanes, deterministic):
    torch.use_deterministic_algorithms(deterministic, warn_only=True)
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    batch = 256 // lanes
    model = getattr(torchvision.models, name)(weights=None).cuda().to(memory_format=torch.channels_last).train()
    parameters = list(model.parameters())
    images = torch.randn(256, 3, 224, 224, device="cuda").to(memory_format=torch.channels_last)
    labels = torch.randint(0, 1000, (256,), device="cuda")
    x, y = images[:batch].clone(memory_format=torch.channels_last), labels[:batch].clone()

    def forward_backward():
        with torch.autocast("cuda", dtype=torch.bfloat16, cache_enabled=False):
            loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()

    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(3):
            forward_backward()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    for p in parameters:
        p.grad = torch.zeros_like(p)
    with torch.cuda.graph(graph):
        forward_backward()

    def step():
        for lane in range(lanes):
            x.copy_(images[lane * batch:(lane + 1) * batch])
            y.copy_(labels[lane * batch:(lane + 1) * batch])
            graph.replay()

    def gradient_bits():
        for p in parameters:
            p.grad.zero_()
        step()
        torch.cuda.synchronize()
        return digest([p.grad for p in parameters])

    repeats = [gradient_bits() for _ in range(3)]
    row = {"model": name, "lanes": lanes, "lane_batch": batch, "deterministic": deterministic,
           "ms": milliseconds(step, 15), "bits_repeat": len(set(repeats)) == 1}
    row["images_per_second"] = 256 / row["ms"] * 1e3
    if lanes == 8:
        model.eval()
        with torch.no_grad(), torch.autocast("cuda", dtype=torch.bfloat16):
            whole, alone = model(images)[:batch], model(images[:batch])
        row["row_bits_with_batch"] = bool(torch.equal(whole, alone))
    return row


def concurrent(name, lanes, streams):
    """All lanes in one graph, lane i on stream i mod `streams`. Batch norm keeps no running averages."""
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    batch = 256 // lanes
    model = getattr(torchvision.models, name)(weights=None).cuda().to(memory_format=torch.channels_last).train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.track_running_stats, module.running_mean, module.running_var = False, None, None
    parameters = list(model.parameters())
    images = torch.randn(lanes, batch, 3, 224, 224, device="cuda")
    lane_images = [x.to(memory_format=torch.channels_last) for x in images]
    labels = torch.randint(0, 1000, (lanes, batch), device="cuda")
    side = [torch.cuda.Stream() for _ in range(streams)]

    def all_lanes():
        gradients, current = [], torch.cuda.current_stream()
        for stream in side:
            stream.wait_stream(current)
        for lane in range(lanes):
            with torch.cuda.stream(side[lane % streams]):
                with torch.autocast("cuda", dtype=torch.bfloat16, cache_enabled=False):
                    loss = torch.nn.functional.cross_entropy(model(lane_images[lane]), labels[lane])
                gradients.append(torch.autograd.grad(loss, parameters))
        for stream in side:
            current.wait_stream(stream)
        return gradients

    warm = torch.cuda.Stream()
    with torch.cuda.stream(warm):
        for _ in range(2):
            all_lanes()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        gradients = all_lanes()

    def bits():
        graph.replay()
        torch.cuda.synchronize()
        return digest([g for lane in gradients for g in lane])

    repeats = {bits() for _ in range(3)}
    ms = milliseconds(graph.replay, 15)
    return {"model": name, "lanes": lanes, "lane_batch": batch, "streams": streams, "ms": ms,
            "images_per_second": 256 / ms * 1e3, "bits_repeat": len(repeats) == 1}


def variants(names, streams):
    for name in names:
        if streams:
            for lanes, count in ((8, 1), (8, 2), (8, 4), (8, 8), (4, 1), (4, 2), (4, 4)):
                yield ({"model": name, "lanes": lanes, "streams": count},
                       lambda n=name, l=lanes, c=count: concurrent(n, l, c))
            continue
        for lanes in (1, 2, 4, 8):
            for deterministic in (False, True):
                yield ({"model": name, "lanes": lanes, "deterministic": deterministic},
                       lambda n=name, l=lanes, d=deterministic: variant(n, l, d))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--models", default="resnet50,vit_b_16")
    parser.add_argument("--streams", action="store_true", help="lanes at once, on streams of their own")
    args = parser.parse_args()
    properties = torch.cuda.get_device_properties(0)
    result = {"device": properties.name, "torch": torch.__version__, "cudnn": torch.backends.cudnn.version(), "variants": []}
    for named, run in variants(args.models.split(","), args.streams):
        try:
            row = run()
        except Exception as error:  # one missing variant must not cost the others
            row = {**named, "error": f"{type(error).__name__}: {error}"[:300]}
        torch.cuda.empty_cache()
        result["variants"].append(row)
        print(json.dumps(row), flush=True)
        with open(args.out, "w") as f:
            json.dump(result, f, indent=1)


if __name__ == "__main__":
    main()

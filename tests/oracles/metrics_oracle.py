# SPDX-License-Identifier: Apache-2.0
"""What `lockstep eval --per-class --json` says of a trained classifier, against PyTorch in fp64.

A perceptron is trained for a few steps in fp64 (one lane); its weights are read back, PyTorch computes
the logits of the test images, and loss, metrics, confusion matrix and the values of each class follow
from those by their definitions. Counts must be equal, numbers within 1e-12, the loss within 1e-9. The
second model has more classes than a confusion matrix is kept for.

Usage: metrics_oracle.py LOCKSTEP WORK_DIR [SOURCE]
SOURCE is a folder of idx files such as Fashion-MNIST's; without it images are made up.
"""
import glob
import gzip
import json
import os
import sys

try:
    import numpy as np
    import torch
except ImportError as error:
    sys.exit(f"metrics_oracle: {error}; install python3-torch and python3-numpy (apt-get install)")

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from train_oracle import read_safetensors, run, write_idx  # noqa: E402

CLASSES, ABSENT = 12, 7  # the test images have none of class ABSENT
MANY = 1100
MEAN, DEVIATION = 0.5, 0.25


def make_source(folder):
    """Noise with a weak bar whose row tells the class: some are told apart and some are not."""
    os.makedirs(folder, exist_ok=True)
    draw = np.random.RandomState(6)
    for split, count in (("train", 400), ("t10k", 301)):
        labels = draw.randint(0, CLASSES, count)
        if split == "t10k":
            labels[labels == ABSENT] = 0
        images = draw.randint(0, 200, (count, 28, 28))
        for image, label in zip(images, labels):
            image[2 * label + 2] += 55
        write_idx(f"{folder}/{split}-images-idx3-ubyte", images)
        write_idx(f"{folder}/{split}-labels-idx1-ubyte", labels)


def read_idx(folder, pattern):
    (path,) = glob.glob(f"{folder}/{pattern}*")
    data = (gzip.open if path.endswith(".gz") else open)(path, "rb").read()
    rank = data[3]
    shape = np.frombuffer(data, ">i4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def logits_of(weights, images):
    x = torch.from_numpy((images / 255.0 - MEAN) / DEVIATION).flatten(1)
    for layer in ("fc1", "fc2", "fc3"):
        x = x @ torch.from_numpy(weights[f"{layer}.weight"]).T + torch.from_numpy(
            weights[f"{layer}.bias"])
        x = torch.relu(x) if layer != "fc3" else x
    return x


def ratio(part, whole):
    return part / whole if whole else 0.0


def expected_of(logits, labels):
    """By the definitions; of a ratio of nothing 0 is taken."""
    classes = logits.shape[1]
    y = torch.from_numpy(labels.astype(np.int64))
    predicted = logits.argmax(1)
    confusion = torch.bincount(y * classes + predicted, minlength=classes ** 2).reshape(classes, -1)
    rows = []
    for index in range(classes):
        hits = int(confusion[index, index])
        taken, support = int(confusion[:, index].sum()), int(confusion[index].sum())
        rows.append({"precision": ratio(hits, taken), "recall": ratio(hits, support),
                     "f1": ratio(2 * hits, taken + support), "support": support})
    return {
        "loss": float(torch.nn.functional.cross_entropy(logits, y)),
        "confusion": confusion.tolist(),
        "classes": rows,
        "metrics": {
            "balanced_accuracy": float(np.mean([row["recall"] for row in rows if row["support"]])),
            "acc1": float((predicted == y).double().mean()),
            "acc5": float((logits.topk(5).indices == y[:, None]).any(1).double().mean())}}


def compare(told, expected, keeps_confusion):
    """What differs, as lines."""
    wrong = []
    if abs(told["loss"] - expected["loss"]) > 1e-9:
        wrong.append(f"loss {told['loss']!r}, expected {expected['loss']!r}")
    if ("confusion" in told) != keeps_confusion:
        wrong.append(f"a confusion matrix is {'kept' if 'confusion' in told else 'missing'}")
    if keeps_confusion and told["confusion"] != expected["confusion"]:
        wrong.append(f"confusion {told['confusion']}, expected {expected['confusion']}")
    if set(told["metrics"]) != set(expected["metrics"]):
        wrong.append(f"metrics {sorted(told['metrics'])}, expected {sorted(expected['metrics'])}")
    for name, value in expected["metrics"].items():
        if abs(told["metrics"].get(name, -1.0) - value) > 1e-12:
            wrong.append(f"{name} {told['metrics'].get(name)!r}, expected {value!r}")
    if len(told["classes"]) != len(expected["classes"]):
        wrong.append(f"{len(told['classes'])} classes, expected {len(expected['classes'])}")
    for ours, theirs in zip(told["classes"], expected["classes"]):
        for key, value in theirs.items():
            if abs(ours[key] - value) > 1e-12:
                wrong.append(f"class {ours['class']}: {key} {ours[key]!r}, expected {value!r}")
    return wrong


def check(lockstep, work, source, classes):
    run_dir, recipe = f"{work}/run-{classes}", f"{work}/{classes}.toml"
    with open(recipe, "w", encoding="utf8") as file:
        file.write(f"""
data = {{ dataset = "{work}/data.ldb", train = "train", val = "test" }}
model = {{ name = "mlp-784-128-64-10", classes = {classes} }}
batch = {{ lanes = 1, lane_batch = 20 }}
train = {{ epochs = 2, seed = 2, precision = "fp64", max_steps = 20 }}
optimizer.lr = 0.02
augment.train = ["normalise:mean={MEAN}:std={DEVIATION}"]
augment.val = ["normalise:mean={MEAN}:std={DEVIATION}"]
""")
    run(lockstep, "train", recipe, "--run", run_dir, "--overwrite")
    told = json.loads(run(lockstep, "eval", run_dir, "--per-class", "--json"))
    images, labels = read_idx(source, "t10k-images"), read_idx(source, "t10k-labels")
    expected = expected_of(logits_of(read_safetensors(f"{run_dir}/model.safetensors"), images), labels)
    wrong = compare(told, expected, keeps_confusion=classes <= 1024)
    shares = "  ".join(f"{name} {value:.4f}" for name, value in told["metrics"].items())
    print(f"{classes} classes, {told['samples']} samples: loss {told['loss']:.6f}  {shares}")
    for line in wrong:
        print(f"{classes} classes: {line}")
    return not wrong


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    lockstep, work = sys.argv[1:3]
    os.makedirs(work, exist_ok=True)
    source = sys.argv[3] if len(sys.argv) == 4 else f"{work}/source"
    if len(sys.argv) == 3:
        make_source(source)
    run(lockstep, "data", "import", "idx", source, "--out", f"{work}/data.ldb", "--replace")
    own = int(read_idx(source, "train-labels").max()) + 1
    results = [check(lockstep, work, source, classes) for classes in (own, MANY)]
    if not all(results):
        sys.exit("metrics_oracle: an evaluation differs from PyTorch's")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Ten steps of LeNet-5 by `lockstep train` in fp64 (one lane) against PyTorch in fp64.

Nothing is shared with the C++ but the definitions: Python writes the idx files, draws the initial
weights from its own Philox, asks `lockstep data order` only which samples a step saw (their source
paths), reads those pixels from its own arrays, and trains with torch.optim. Loss of every step and
all parameters at the end must agree: relative L2 at most 1e-9.

Usage: train_oracle.py LOCKSTEP WORK_DIR
"""
import json
import os
import struct
import subprocess
import sys

try:
    import numpy as np
    import torch
except ImportError as error:
    sys.exit(f"train_oracle: {error}; install python3-torch and python3-numpy (apt-get install)")

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from reference_streams import initial_uniform, stream_key  # noqa: E402

STEPS, BATCH, SEED, TOLERANCE = 10, 16, 3, 1e-9
EPOCHS = 2


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"train_oracle: {' '.join(command)} exited {done.returncode}:\n{done.stderr}")
    return done.stdout


def write_idx(path, array):
    with open(path, "wb") as file:
        file.write(struct.pack(">HBB", 0, 8, array.ndim))
        file.write(struct.pack(">" + "I" * array.ndim, *array.shape))
        file.write(array.astype(np.uint8).tobytes())


def make_source(folder, count):
    """Noise with a bar whose row tells the class; the numbers do not matter, but both sides' do."""
    os.makedirs(folder, exist_ok=True)
    draw = np.random.RandomState(5)
    splits = {}
    for split, n in (("train", count), ("t10k", 20)):
        labels = draw.randint(0, 10, n)
        images = draw.randint(0, 128, (n, 28, 28))
        for image, label in zip(images, labels):
            image[2 * label + 4] += 120
        write_idx(f"{folder}/{split}-images-idx3-ubyte", images)
        write_idx(f"{folder}/{split}-labels-idx1-ubyte", labels)
        splits[split] = images, labels
    return splits["train"]


def read_safetensors(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F64", (name, entry)
        begin, end = entry["data_offsets"]
        raw = np.frombuffer(data[8 + size + begin:8 + size + end], dtype="<f8")
        tensors[name] = raw.reshape(entry["shape"]).copy()
    return tensors


class LeNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = torch.nn.Conv2d(6, 16, 5)
        self.fc1 = torch.nn.Linear(400, 120)
        self.fc2 = torch.nn.Linear(120, 84)
        self.fc3 = torch.nn.Linear(84, 10)

    def forward(self, x):
        pool = torch.nn.functional.avg_pool2d
        x = pool(torch.tanh(self.conv1(x)), 2)
        x = pool(torch.tanh(self.conv2(x)), 2)
        x = x.flatten(1)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x)))))


def initialise(model):
    fan_in = {"conv1": 25, "conv2": 150, "fc1": 400, "fc2": 120, "fc3": 84}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            bound = 1.0 / np.sqrt(float(fan_in[name.split(".")[0]]))
            values = initial_uniform(stream_key(SEED, "init", name), parameter.numel(), bound)
            parameter.copy_(torch.from_numpy(values).reshape(parameter.shape))


def relative_error(ours, theirs):
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


# By name: the learning rate and PyTorch's optimizer with the same options.
OPTIMIZERS = {
    "sgd": (0.05, lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=1e-3)),
    "adam": (0.001, lambda parameters: torch.optim.Adam(parameters, lr=0.001, weight_decay=1e-3)),
    "adamw": (0.001, lambda parameters: torch.optim.AdamW(parameters, lr=0.001, weight_decay=1e-3)),
}


def check(optimizer_name, lockstep, work, images, labels):
    learning_rate, make_optimizer = OPTIMIZERS[optimizer_name]
    run_dir = f"{work}/run-{optimizer_name}"
    recipe = f"{work}/{optimizer_name}.toml"
    with open(recipe, "w") as file:
        file.write(f"""
data = {{ dataset = "{work}/data.ldb", train = "train", val = "test", window_shards = 2 }}
model.name = "lenet5"
batch = {{ lanes = 1, lane_batch = {BATCH} }}
train = {{ epochs = {EPOCHS}, seed = {SEED}, precision = "fp64", max_steps = {STEPS} }}
loss.label_smoothing = 0.1
optimizer = {{ name = "{optimizer_name}", lr = {learning_rate}, weight_decay = 1e-3 }}
augment.train = ["normalise:mean=0.5:std=0.25"]
augment.val = ["normalise:mean=0.5:std=0.25"]
""")
    run(lockstep, "train", recipe, "--run", run_dir, "--overwrite")
    model = LeNet().double()
    initialise(model)
    optimizer = make_optimizer(model.parameters())
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    our_losses = [float(np.array([int(line.split(",")[1], 16)], dtype=np.uint64).view(np.float64)[0])
                  for line in open(f"{run_dir}/digests.csv").read().split("\n")[1:] if line]
    assert len(our_losses) == STEPS, our_losses
    steps_per_epoch = -(-len(images) // BATCH)
    worst = 0.0
    rows = set()
    for step in range(STEPS):
        order = json.loads(run(lockstep, "data", "order", recipe, "--epoch",
                               str(step // steps_per_epoch + 1), "--step",
                               str(step % steps_per_epoch + 1)))
        paths = [sample["source"] for sample in order["lanes"][0]["samples"]]
        picked = [int(path.split("/")[1]) for path in paths]
        rows.add(len(picked))
        x = torch.from_numpy((images[picked] / 255.0 - 0.5) / 0.25).unsqueeze(1)
        y = torch.from_numpy(labels[picked]).long()
        optimizer.zero_grad()
        # The definition: backward starts from the numerator over lane_batch, and the sum is scaled
        # by lane_batch over the rows; for one lane that is the mean.
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        worst = max(worst, abs(our_losses[step] - loss.item()) / abs(loss.item()))
    print(f"{optimizer_name}: worst relative difference of a loss {worst:.1e}, rows {sorted(rows)}")
    assert len(rows) > 1, "the run must meet batches of different sizes"
    failed = worst > TOLERANCE
    ours = read_safetensors(f"{run_dir}/model.safetensors")
    theirs = {name: p.detach().numpy() for name, p in model.named_parameters()}
    assert set(ours) == set(theirs), set(ours) ^ set(theirs)
    for name in theirs:
        error = relative_error(ours[name], theirs[name])
        failed = failed or not error <= TOLERANCE
        print(f"{optimizer_name}: {name:14} relative L2 {error:.1e}")
    return not failed


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    lockstep, work = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    images, labels = make_source(f"{work}/source", 93)
    run(lockstep, "data", "import", "idx", f"{work}/source", "--out", f"{work}/data.ldb",
        "--shard-size", "8", "--replace")
    results = [check(name, lockstep, work, images, labels) for name in OPTIMIZERS]
    if not all(results):
        sys.exit("train_oracle: ten steps of LeNet-5 differ from PyTorch's")


if __name__ == "__main__":
    main()

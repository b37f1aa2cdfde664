# SPDX-License-Identifier: Apache-2.0
"""Twenty steps of LeNet-5 by `lockstep train` in fp64 (one lane) against PyTorch in fp64, with each optimizer,
with a moving average of the weights, and with layers that are trained only from the third epoch on. The run is
cut after seven steps and goes on from its checkpoint; PyTorch's is not.

Nothing is shared with the C++ but the definitions: Python writes the idx files, draws the initial
weights from its own Philox, asks `lockstep data order` only which samples a step saw (their source
paths), reads those pixels from its own arrays, and trains with torch.optim, or with plain_optimizers.py where
PyTorch has no such optimizer. Loss of every step and all parameters at the end must agree: relative L2 at most
1e-9.

Usage: train_oracle.py LOCKSTEP WORK_DIR
"""
import functools
import json
import os
import struct
import subprocess
import sys

try:
    import numpy as np
    import torch
    import torch.optim.swa_utils
except ImportError as error:
    sys.exit(f"train_oracle: {error}; install python3-torch and python3-numpy (apt-get install)")

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import plain_optimizers  # noqa: E402
from reference_streams import initial_uniform, stream_key  # noqa: E402

STEPS, CUT, BATCH, SEED, TOLERANCE = 20, 7, 16, 3, 1e-9
EPOCHS = 4


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


def with_and_without_decay(model, decay):
    """Two groups of torch.optim: biases do not decay."""
    named = list(model.named_parameters())
    return [{"params": [p for name, p in named if not name.endswith("bias")], "weight_decay": decay},
            {"params": [p for name, p in named if name.endswith("bias")], "weight_decay": 0.0}]


NO_DECAY_OF_BIASES = 'groups = ["*.bias:weight_decay=0"]'

# By name: lines of [optimizer], and what makes PyTorch's optimizer of a model.
OPTIMIZERS = {
    "sgd": ("lr = 0.05, weight_decay = 1e-3",
            lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)),
    "adam": ("lr = 0.001, weight_decay = 1e-3",
             lambda m: torch.optim.Adam(m.parameters(), lr=0.001, weight_decay=1e-3)),
    "adamw": ("lr = 0.001, weight_decay = 1e-3",
              lambda m: torch.optim.AdamW(m.parameters(), lr=0.001, weight_decay=1e-3)),
    "rmsprop": ("lr = 0.001, weight_decay = 1e-3",
                lambda m: torch.optim.RMSprop(m.parameters(), lr=0.001, weight_decay=1e-3)),
    "rmsprop-centered": ("lr = 0.001, momentum = 0.9, centered = true, alpha = 0.9, eps = 1e-3",
                         lambda m: torch.optim.RMSprop(m.parameters(), lr=0.001, momentum=0.9, centered=True,
                                                       alpha=0.9, eps=1e-3)),
    "adagrad": ("lr = 0.01, weight_decay = 1e-3, lr_decay = 0.1, initial_accumulator_value = 0.01",
                lambda m: torch.optim.Adagrad(m.parameters(), lr=0.01, weight_decay=1e-3, lr_decay=0.1,
                                              initial_accumulator_value=0.01)),
    "lion": ("lr = 0.0003, weight_decay = 0.1",
             lambda m: plain_optimizers.Lion(m.parameters(), lr=0.0003, betas=(0.9, 0.99), weight_decay=0.1)),
    "lars": ("lr = 2, weight_decay = 1e-3, trust_coefficient = 0.01, " + NO_DECAY_OF_BIASES,
             lambda m: plain_optimizers.Lars(with_and_without_decay(m, 1e-3), lr=2, momentum=0.9,
                                             trust_coefficient=0.01)),
    "lamb": ("lr = 0.01, " + NO_DECAY_OF_BIASES,
             lambda m: plain_optimizers.Lamb(with_and_without_decay(m, 0.01), lr=0.01, betas=(0.9, 0.999))),
}


class Case:
    """One recipe, and what PyTorch does for it."""

    def __init__(self, name, optimizer, ema_decay=0.0, frozen_layers=(), frozen_epochs=0):
        self.name, self.optimizer, self.ema_decay = name, optimizer, ema_decay
        self.frozen_layers, self.frozen_epochs = frozen_layers, frozen_epochs

    def recipe(self, work):
        options, _ = OPTIMIZERS[self.optimizer]
        name = self.optimizer.split("-")[0]
        if self.frozen_layers:
            groups = ", ".join(f'"{layer}.*:unfreeze_epoch={self.frozen_epochs}"' for layer in self.frozen_layers)
            options += f", groups = [{groups}]"
        return f"""
data = {{ dataset = "{work}/data.ldb", train = "train", val = "test", window_shards = 2 }}
model.name = "lenet5"
batch = {{ lanes = 1, lane_batch = {BATCH} }}
train = {{ epochs = {EPOCHS}, seed = {SEED}, precision = "fp64", max_steps = {STEPS}, ema_decay = {self.ema_decay} }}
loss.label_smoothing = 0.1
optimizer = {{ name = "{name}", {options} }}
augment.train = ["normalise:mean=0.5:std=0.25"]
augment.val = ["normalise:mean=0.5:std=0.25"]
"""

    def set_trained(self, model, epoch):
        for layer in self.frozen_layers:
            for parameter in getattr(model, layer).parameters():
                parameter.requires_grad_(epoch >= self.frozen_epochs)
                parameter.grad = None


CASES = [Case(name, name) for name in OPTIMIZERS] + [
    Case("average", "sgd", ema_decay=0.9),
    Case("unfrozen", "adam", ema_decay=0.8, frozen_layers=("conv1", "fc1"), frozen_epochs=2),
]


def differences(name, run_file, model):
    """Prints how far a file's weights are from a model's; whether one is too far."""
    failed = False
    ours = read_safetensors(run_file)
    theirs = {tensor: p.detach().numpy() for tensor, p in model.named_parameters()}
    assert set(ours) == set(theirs), set(ours) ^ set(theirs)
    for tensor in theirs:
        error = relative_error(ours[tensor], theirs[tensor])
        failed = failed or not error <= TOLERANCE
        print(f"{name}: {tensor:14} relative L2 {error:.1e}")
    return failed


@functools.cache
def samples_of(lockstep, work, epoch, step):
    """The images that a step saw: the same in all cases, whose recipes differ in nothing that orders them."""
    order = json.loads(run(lockstep, "data", "order", f"{work}/{CASES[0].name}.toml", "--epoch", str(epoch + 1),
                           "--step", str(step + 1)))
    return [int(sample["source"].split("/")[1]) for sample in order["lanes"][0]["samples"]]


def check(case, lockstep, work, images, labels):
    run_dir = f"{work}/run-{case.name}"
    recipe = f"{work}/{case.name}.toml"
    with open(recipe, "w") as file:
        file.write(case.recipe(work))
    run(lockstep, "train", recipe, "--run", run_dir, "--overwrite", f"train.max_steps={CUT}")
    run(lockstep, "train", recipe, "--run", run_dir)
    model = LeNet().double()
    initialise(model)
    optimizer = OPTIMIZERS[case.optimizer][1](model)
    averaged = torch.optim.swa_utils.AveragedModel(
        model, avg_fn=lambda average, parameter, _: torch.lerp(average, parameter, 1 - case.ema_decay))
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    our_losses = [float(np.array([int(line.split(",")[1], 16)], dtype=np.uint64).view(np.float64)[0])
                  for line in open(f"{run_dir}/digests.csv").read().split("\n")[1:] if line]
    assert len(our_losses) == STEPS, our_losses
    steps_per_epoch = -(-len(images) // BATCH)
    worst = 0.0
    rows = set()
    for step in range(STEPS):
        picked = samples_of(lockstep, work, step // steps_per_epoch, step % steps_per_epoch)
        rows.add(len(picked))
        x = torch.from_numpy((images[picked] / 255.0 - 0.5) / 0.25).unsqueeze(1)
        y = torch.from_numpy(labels[picked]).long()
        optimizer.zero_grad()
        case.set_trained(model, step // steps_per_epoch)
        # The definition: backward starts from the numerator over lane_batch, and the sum is scaled
        # by lane_batch over the rows; for one lane that is the mean.
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        averaged.update_parameters(model)
        worst = max(worst, abs(our_losses[step] - loss.item()) / abs(loss.item()))
    print(f"{case.name}: worst relative difference of a loss {worst:.1e}, rows {sorted(rows)}")
    assert len(rows) > 1, "the run must meet batches of different sizes"
    failed = not worst <= TOLERANCE
    failed = differences(case.name, f"{run_dir}/model.safetensors", model) or failed
    if case.ema_decay > 0:
        failed = differences(case.name + " averaged", f"{run_dir}/model_ema.safetensors", averaged.module) or failed
    return not failed


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    lockstep, work = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    images, labels = make_source(f"{work}/source", 93)
    run(lockstep, "data", "import", "idx", f"{work}/source", "--out", f"{work}/data.ldb",
        "--shard-size", "8", "--replace")
    results = [check(case, lockstep, work, images, labels) for case in CASES]
    if not all(results):
        sys.exit("train_oracle: twenty steps of LeNet-5 differ from PyTorch's")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""A U-Net on drawn shapes, masks augmented with their images: the same digests on 1, 2, 3 and 5 ranks and after a
kill, and a mean IoU beyond that of a network which has learned nothing.

Usage: shapes_test.py LOCKSTEP WORK_DIR

draws the shapes of draw_shapes.py, so it needs the Debian packages python3-pil and python3-numpy.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 20
# A network that says "ground" everywhere has a mean IoU of about 0.2.
EPOCHS, LEAST_MIOU = 12, 0.4
DEADLINE = 540  # seconds for anything: it is there to end a test that hangs
RECIPE = """
task = "segmentation"
data = {{ dataset = "{work}/shapes.ldb", train = "train", val = "val" }}
loss = {{ name = "pixel-cross-entropy" }}
checkpoint = {{ every_steps = 5 }}
eval.every_epochs = 1000
augment.train = ["random-resized-crop:{side}:scale=0.6,1", "hflip", "{turned}", "normalise"]
augment.val = ["resize:{side}", "center-crop:{side}", "normalise"]
optimizer = {{ name = "adam", lr = 0.004 }}
"""
# Five lanes, so that five ranks have one each.
SHORT = f"""
model = {{ name = "unet", width = 8, depth = 2 }}
batch = {{ lanes = 5, lane_batch = 2 }}
train = {{ epochs = 100, seed = 3, max_steps = {STEPS} }}
"""
LONG = f"""
model = {{ name = "unet", width = 16, depth = 3 }}
batch = {{ lanes = 2, lane_batch = 8 }}
train = {{ epochs = {EPOCHS}, seed = 1 }}
schedule = {{ name = "cosine", warmup_epochs = 1.0 }}
"""


def fail(text):
    sys.exit(f"shapes_test: {text}")


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=DEADLINE)
    if done.returncode != 0:
        fail(f"{' '.join(arguments)} gave {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def digests(run_directory):
    path = f"{run_directory}/digests.csv"
    return open(path, encoding="utf8").read().splitlines() if os.path.exists(path) else []


def recipe(work, name, text, **values):
    path = f"{work}/{name}.toml"
    with open(path, "w", encoding="utf8") as file:
        file.write(RECIPE.format(work=work, **values) + text)
    return path


def train(lockstep, path, run_directory, ranks):
    run(lockstep, "train", path, "--run", run_directory, "--ranks", str(ranks), "run.cores=2")
    return digests(run_directory)


def killed_and_resumed(lockstep, path, run_directory):
    """A run on two ranks, all of whose processes are killed beyond its first checkpoint, and that three go on with."""
    process = subprocess.Popen([lockstep, "train", path, "--run", run_directory, "--ranks", "2", "run.cores=2"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    end = time.monotonic() + DEADLINE
    while len(digests(run_directory)) < 9 and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    finished = process.poll() is not None
    if not finished:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if finished:
        fail("the run ended before it could be killed; more steps are needed")
    return train(lockstep, path, run_directory, 3)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    lockstep, work = sys.argv[1], os.path.abspath(sys.argv[2])
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    run(sys.executable, f"{HERE}/draw_shapes.py", f"{work}/shapes", "--train", "480", "--val", "64")
    run(lockstep, "data", "import", "segmentation-folder", f"{work}/shapes", "--out", f"{work}/shapes.ldb")
    short = recipe(work, "short", SHORT, side=32, turned="rotate:20")
    one = train(lockstep, short, f"{work}/ranks1", 1)
    if len(one) != STEPS + 1:
        fail(f"{len(one)} lines of digests, expected a heading and {STEPS} steps")
    for ranks in (2, 3, 5):
        if train(lockstep, short, f"{work}/ranks{ranks}", ranks) != one:
            fail(f"{ranks} ranks have other digests than one; see {work}")
    if killed_and_resumed(lockstep, short, f"{work}/killed") != one:
        fail(f"a run that was killed and resumed has other digests; see {work}/killed")
    print(f"{STEPS} steps: equal digests on 1, 2, 3 and 5 ranks and after a kill")
    train(lockstep, recipe(work, "long", LONG, side=64, turned="vflip"), f"{work}/long", 1)
    told = json.loads(run(lockstep, "eval", f"{work}/long", "--json"))
    miou = told["metrics"]["miou"]
    print(f"{EPOCHS} epochs: mean IoU {miou:.3f}, expected at least {LEAST_MIOU}")
    if miou < LEAST_MIOU:
        fail("the network has not learned to tell the shapes")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""The newest PyTorch of the package index, in an environment of its own below the build folder."""

import os
import shutil
import subprocess
import sys

NEEDS_BYTES = 8 << 30  # 5.4 GB installed, and what pip unpacks on the way
INSTALL_SECONDS = 1800
PACKAGES = ("torch", "torchvision")


class EnvironmentFailure(Exception):
    """Why there is no environment; says what to do."""


def python_of(folder):
    return os.path.join(folder, "bin", "python3")


def works(python):
    """Whether both packages can be imported."""
    if not os.path.exists(python):
        return False
    done = subprocess.run([python, "-c", "import torch, torchvision"], capture_output=True,
                          timeout=300, check=False)
    return done.returncode == 0


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS,
                          check=False)
    if done.returncode != 0:
        raise EnvironmentFailure(f"{' '.join(command)} failed with {done.returncode}:\n"
                                 f"{(done.stdout + done.stderr)[-2000:]}")


def check_room(folder):
    os.makedirs(folder, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < NEEDS_BYTES:
        raise EnvironmentFailure(
            f"{folder} has {free / 1e9:.1f} GB free and PyTorch needs {NEEDS_BYTES / 1e9:.1f}; "
            "free some, choose another place with --environment, or leave it out with "
            "--no-newest")


def make(folder, say):
    """The environment's Python; installs what is missing. `say` is told what takes long."""
    python = python_of(folder)
    if works(python):
        return python
    check_room(folder)
    say(f"installing {' and '.join(PACKAGES)} into {folder} (about 90 s and 5.4 GB)")
    run([sys.executable, "-m", "venv", "--clear", folder])
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES])
    if not works(python):
        raise EnvironmentFailure(f"{folder} was made, but torch cannot be imported from it; remove "
                                 "the folder and run again")
    return python

# SPDX-License-Identifier: Apache-2.0
"""Lays the images that a person gives, a folder or an archive, where both contenders read them."""

import os
import shutil
import tarfile

PHOTOGRAPHS = "photographs"  # the one class of photographs


class SourceFailure(Exception):
    """Why a source cannot be used; says what was expected."""


def unpacked(path, scratch):
    """The folder at `path`, or the archive's contents below `scratch`."""
    if os.path.isdir(path):
        return os.path.abspath(path)
    folder = os.path.join(scratch, "unpacked", os.path.basename(path))
    if os.path.isdir(folder):
        return folder
    unfinished = folder + ".unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        shutil.unpack_archive(path, unfinished)
    except (OSError, ValueError, tarfile.TarError) as failure:
        raise SourceFailure(f"{path} cannot be unpacked ({failure}); expected a folder, or an "
                            "archive such as .tar, .tar.gz or .zip") from failure
    os.rename(unfinished, folder)
    return folder


def cifar(path, scratch):
    """A folder with train/CLASS/*.jpg, as it is."""
    folder = unpacked(path, scratch)
    if not os.path.isdir(os.path.join(folder, "train")):
        raise SourceFailure(f"{path} has no folder train/; expected SPLIT/CLASS/NAME.jpg with a "
                            "split train")
    return folder


def jpegs(folder):
    """Paths of its JPEG files, in order."""
    return sorted(os.path.join(place, name) for place, _, names in os.walk(folder)
                  for name in names if name.lower().endswith((".jpg", ".jpeg")))


def photos(path, scratch):
    """A folder with one class that holds every JPEG file of the source."""
    made = os.path.join(scratch, "photos")
    shutil.rmtree(made, ignore_errors=True)
    found = jpegs(unpacked(path, scratch))
    if not found:
        raise SourceFailure(f"{path} holds no JPEG file (.jpg, .jpeg)")
    os.makedirs(os.path.join(made, PHOTOGRAPHS))
    for number, image in enumerate(found):
        shutil.copyfile(image, os.path.join(made, PHOTOGRAPHS, f"{number:06}.jpg"))
    return made


def train_folder(folder):
    """What PyTorch's ImageFolder is given: the folder of the classes that are trained on."""
    split = os.path.join(folder, "train")
    return split if os.path.isdir(split) else folder

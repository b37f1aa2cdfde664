#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What torchvision's ImageFolder makes of folders of class folders: prints image_folder_answers.json.
For each case: the paths, and for each split the (path, class) pairs in its order."""
import json
import os
import tempfile

from torchvision.datasets import ImageFolder

CASES = {
    "classes": ["cat/1.jpg", "cat/10.jpg", "cat/2.JPEG", "cat/deep/er/3.png", "cat-big/1.jpg",
                "Dog/1.PNG", "Dog/notes.txt", "\u00e4ffchen/1.jpg", "zebra/1.jpeg", "9/1.jpg",
                "10/1.jpg", "README.md"],
    "splits": [f"{split}/{name}" for split in ("train", "val", "test") for name in
               ("n02/b.jpg", "n02/a.jpg", "n01/x/1.jpg", "n01/1.jpg", "n01/a/1.png",
                "\U0001f436/1.jpg", "\uff21/1.jpg")],
}


def main():
    answers = {}
    for case, paths in CASES.items():
        with tempfile.TemporaryDirectory() as root:
            for path in paths:
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                open(os.path.join(root, path), "wb").close()
            splits = {}
            for split in (("train", "val", "test") if case == "splits" else ("",)):
                folder = ImageFolder(os.path.join(root, split))
                splits[split] = sorted([os.path.relpath(path, root), folder.classes[label], label]
                                       for path, label in folder.samples)
            answers[case] = {"paths": paths, "splits": splits, "classes": folder.classes}
    print(json.dumps(answers, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares decoded images (storage/image/) with Pillow's, byte by byte, over some hundred generated files.

Usage: check_images.py --program PATH [--self-test]

needs the Debian packages python3-pil and python3-numpy. The files are gradients with noise of many sizes:
JPEG of every sampling, scan, restart interval, colour space and orientation, written by Pillow and by
libjpeg (`decode_images encode`), and PNG of Pillow's modes. Compared are the RGB and grey pixels of the
whole and the RGB pixels of the middle half.

--self-test compares with a Pillow that turns the image otherwise, takes plain upsampling, or changes one
value by one, and fails unless each is found.
"""
import argparse
import io
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageOps

SIZES = ((1, 1), (2, 3), (7, 5), (8, 8), (15, 17), (16, 16), (17, 33), (31, 64), (48, 49), (100, 75), (129, 200))
SAMPLINGS = ((1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4), (4, 2))


def picture(rng, height, width, channels):
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    slopes = rng.uniform(-1, 1, (2, channels))
    smooth = 128 + 128 * (slopes[0][c] * x / width + slopes[1][c] * y / height)
    noise = rng.integers(-1, 2, y.shape) * rng.choice([0, 10, 60, 255])
    return np.clip(smooth + noise, 0, 255).astype(np.uint8)


def orientation_block(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


class Files:
    """Writes the files and keeps their paths."""

    def __init__(self, folder, program):
        self.folder, self.program, self.paths = folder, program, []
        self.rng = np.random.default_rng(1)

    def next_path(self, suffix):
        self.paths.append(self.folder / f"{len(self.paths)}{suffix}")
        return self.paths[-1]

    def libjpeg(self, size, channels, sampling, flags):
        pixels = self.folder / "pixels"
        pixels.write_bytes(picture(self.rng, *size, channels).tobytes())
        subprocess.run([self.program, "encode", self.next_path(".jpg"), pixels,
                        *map(str, (*size, channels, *sampling)), flags], check=True)

    def pillow(self, suffix, pixels, mode, **options):
        image = Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
        if mode in ("1", "P"):
            image = image.convert(mode)
        image.save(self.next_path(suffix), **options)

    def write_all(self):
        for size in SIZES:
            for sampling in SAMPLINGS:
                for flags in ("-", "p", "r"):
                    self.libjpeg(size, 3, sampling, flags)
            for flags in ("s", "o", "R", "pr"):
                self.libjpeg(size, 3, (2, 2), flags)
            for sampling in ((1, 1), (2, 2)):
                self.libjpeg(size, 1, sampling, "p")
                self.libjpeg(size, 4, sampling, "-")
                self.libjpeg(size, 4, sampling, "y")
            for orientation in range(1, 9):
                self.pillow(".jpg", picture(self.rng, *size, 3), "RGB", quality=int(self.rng.integers(20, 100)),
                            subsampling=orientation % 3, exif=orientation_block(orientation))
            for mode, channels in (("L", 1), ("1", 1), ("P", 3), ("LA", 2), ("RGB", 3), ("RGBA", 4)):
                self.pillow(".png", picture(self.rng, *size, channels), mode)
            for bits in (1, 2, 4):
                self.pillow(".png", picture(self.rng, *size, 1) >> (8 - bits), "P", bits=bits)
            self.pillow(".png", picture(self.rng, *size, 3), "RGB", exif=orientation_block(6))


def right_pixels(path):
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def turned_otherwise(path):
    image = Image.open(path)
    rgb = right_pixels(path)
    return rgb.transpose(Image.Transpose.ROTATE_180) if image.getexif().get(0x0112, 1) == 5 else rgb


def plainly_upsampled(path):
    image = Image.open(path)
    if image.format == "JPEG":
        image.decoderconfig = (1, 1)  # at full size, by the quick ways of libjpeg
    return ImageOps.exif_transpose(image).convert("RGB")


def off_by_one(path):
    pixels = np.array(right_pixels(path))
    if path.suffix == ".png":
        pixels[-1, -1, -1] ^= 1
    return Image.fromarray(pixels)


def differences(paths, pillow):
    """Lines that say which files are not what `pillow` makes of them."""
    found = []
    for path in paths:
        rgb = pillow(path)
        pixels = np.asarray(rgb)
        height, width = pixels.shape[:2]
        top, left = height // 4, width // 4
        expected = {".rgb": pixels, ".grey": np.asarray(rgb.convert("L")),
                    ".window": pixels[top:top + (height + 1) // 2, left:left + (width + 1) // 2]}
        for suffix, values in expected.items():
            made = np.frombuffer(pathlib.Path(f"{path}{suffix}").read_bytes(), np.uint8)
            if made.size != values.size:
                found.append(f"{path}{suffix}: {made.size} bytes, expected {values.size}")
            elif (made != values.reshape(-1)).any():
                count = np.count_nonzero(made != values.reshape(-1))
                found.append(f"{path}{suffix}: {count} of {made.size} bytes differ from Pillow's")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = Files(pathlib.Path(folder), options.program)
        files.write_all()
        names = files.folder / "names"
        names.write_text("".join(f"{path}\n" for path in files.paths))
        decoded = subprocess.run([options.program, "decode", names], check=False)
        if decoded.returncode != 0:
            print("decode_images failed")
            return 1
        if not options.self_test:
            found = differences(files.paths, right_pixels)
            print("\n".join(found) if found else f"{len(files.paths)} files: every byte is Pillow's")
            return 1 if found else 0
        missed = [fault.__name__ for fault in (turned_otherwise, plainly_upsampled, off_by_one)
                  if not differences(files.paths, fault)]
        print(f"not found: {missed}" if missed else "every planted fault was found")
        return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

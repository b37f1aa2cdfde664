#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Small images of every kind, and what Pillow makes of them: images.json.

Usage: make_images.py      (needs the Debian packages python3-pil, python3-numpy and libjpeg-turbo-progs)

Writes the images beside itself. An answer holds the header's fields and the CRC-32 of the pixels: `rgb` and
`luma` of the image as it appears, H W C, and `values` of what can be a mask. A grey PNG of 16 bits is the
one kind whose colours are not Pillow's, which cuts off values above 255: here they are its high bytes.
"""
import io
import json
import pathlib
import struct
import subprocess
import zlib

import numpy as np
from PIL import Image, ImageOps

FOLDER = pathlib.Path(__file__).parent
answers = []


def picture(height, width, channels, seed=0):
    """A gradient with noise: every column, row and channel is another."""
    rng = np.random.default_rng(seed)
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    smooth = 255 * (x * (c + 1) / width + y * (3 - c) / height) / 4
    return np.clip(smooth + rng.integers(-30, 31, y.shape), 0, 255).astype(np.uint8)


def exif(orientation, order="<", kind=3):
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *([orientation, 0] if kind == 3 else [orientation]))
    other = struct.pack(order + "HHIHH", 0x0100, 3, 1, 7, 0)  # another tag in front
    return head + struct.pack(order + "H", 2) + other + struct.pack(order + "HHI", 0x0112, kind, 1) + value + bytes(4)


def add(name, data, expected=None, values=None, **header):
    """`expected` is the colour picture where Pillow does not define it."""
    (FOLDER / name).write_bytes(data)
    if expected is None:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        expected = np.asarray(image)
    grey = np.asarray(Image.fromarray(expected).convert("L"))
    answers.append({"file": name, "height": expected.shape[0], "width": expected.shape[1], **header,
                    "rgb": zlib.crc32(expected.tobytes()), "luma": zlib.crc32(grey.tobytes())})
    if values is not None:
        answers[-1]["values"] = zlib.crc32(np.ascontiguousarray(values).tobytes())


def jpeg(pixels, **options):
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[pixels.shape[2]]
    file = io.BytesIO()
    options = {"quality": 80, **options}
    Image.fromarray(pixels.squeeze(2) if mode == "L" else pixels, mode).save(file, "JPEG", **options)
    return file.getvalue()


def cjpeg(pixels, *options):
    height, width, channels = pixels.shape
    head = b"P%d %d %d 255\n" % (6 if channels == 3 else 5, width, height)
    return subprocess.run(["cjpeg", "-quality", "80", *options], input=head + pixels.tobytes(), check=True,
                          stdout=subprocess.PIPE).stdout


def add_jpegs():
    for height, width in ((1, 1), (7, 5), (17, 33)):
        for number, name in enumerate(("444", "422", "420")):
            add(f"{name}_{height}x{width}.jpg", jpeg(picture(height, width, 3), subsampling=number))
    colour, wide = picture(17, 33, 3, 1), picture(19, 41, 3, 2)
    add("progressive_444.jpg", jpeg(colour, subsampling=0, progressive=True))
    add("progressive_420.jpg", jpeg(wide, subsampling=2, progressive=True))
    add("440.jpg", cjpeg(wide, "-sample", "1x2"))
    add("411.jpg", cjpeg(wide, "-sample", "4x1"))
    add("410.jpg", cjpeg(wide, "-sample", "4x2"))
    add("restart_420.jpg", cjpeg(wide, "-sample", "2x2", "-restart", "2B"))
    add("restart_422.jpg", cjpeg(wide, "-sample", "2x1", "-restart", "1"))
    add("rgb_components.jpg", cjpeg(wide, "-rgb"))
    scans = FOLDER / "averages.scans"
    scans.write_text("0,1,2: 0-0, 0, 0;\n")
    add("averages_alone.jpg", cjpeg(picture(40, 61, 3, 3), "-scans", str(scans)))
    scans.write_text("0: 0-63, 0, 0;\n1: 0-63, 0, 0;\n2: 0-63, 0, 0;\n")
    add("own_scans.jpg", cjpeg(wide, "-scans", str(scans)))
    scans.unlink()
    add("grey.jpg", jpeg(picture(17, 33, 1)), grey=True)
    add("grey_sampled_2x2.jpg", cjpeg(picture(17, 33, 1, 4), "-grayscale", "-sample", "2x2"), grey=True)
    for orientation in range(1, 9):
        data = jpeg(picture(7, 5, 3, 5), subsampling=2,
                    exif=b"Exif\0\0" + exif(orientation, "<>"[orientation % 2], 3 + orientation // 8))
        add(f"orientation_{orientation}.jpg", data, orientation=orientation)
    add("orientation_9.jpg", jpeg(picture(7, 5, 3, 5), exif=b"Exif\0\0" + exif(9)))
    cmyk = jpeg(picture(17, 33, 4, 6), subsampling=0)
    add("cmyk.jpg", cmyk, cmyk=True)
    marker = cmyk.index(b"\xff\xee\x00\x0eAdobe")
    add("cmyk_without_marker.jpg", cmyk[:marker] + cmyk[marker + 16:], cmyk=True)
    add("ycck.jpg", cmyk[:marker + 15] + b"\x02" + cmyk[marker + 16:], cmyk=True)
    ycck = jpeg(picture(17, 33, 4, 7), subsampling=2)
    marker = ycck.index(b"\xff\xee\x00\x0eAdobe")
    add("ycck_420.jpg", ycck[:marker + 15] + b"\x02" + ycck[marker + 16:], cmyk=True)
    plain = jpeg(picture(7, 5, 3))
    add("extraneous_bytes.jpg", plain[:-2] + bytes(7) + plain[-2:])
    add("bytes_behind_the_end.jpg", plain + b"behind")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_rows(values, depth):
    """Rows of values [H, W, n] with the filter byte 0, as PNG stores them."""
    height, width, n = values.shape
    if depth == 16:
        return b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    bits = np.unpackbits(values.astype(np.uint8).reshape(height, width * n, 1), axis=2)[:, :, 8 - depth:]
    return b"".join(b"\0" + np.packbits(row.reshape(-1)).tobytes() for row in bits)


def png(values, colour, depth, interlaced=False, before=b"", behind=b""):
    height, width, _ = values.shape
    if interlaced:
        starts = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
        passes = [values[y::dy, x::dx] for y, x, dy, dx in starts]
        rows = b"".join(packed_rows(p, depth) for p in passes if p.size)
    else:
        rows = packed_rows(values, depth)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + before + chunk(b"IDAT", zlib.compress(rows, 9)) + behind +
            chunk(b"IEND", b""))


def add_pngs():
    rng = np.random.default_rng(8)
    for depth in (1, 2, 4):
        values = rng.integers(0, 2 ** depth, (11, 13, 1))
        for interlaced in (False, True):
            name = f"grey_{depth}_bit{'_interlaced' * interlaced}.png"
            add(name, png(values, 0, depth, interlaced), grey=True, values=values.astype(np.uint8))
        colours = chunk(b"PLTE", rng.integers(0, 256, 3 * 2 ** depth, np.uint8).tobytes())
        add(f"palette_{depth}_bit.png", png(values, 3, depth, before=colours), palette=True,
            values=values.astype(np.uint8))
    grey, colour = picture(17, 33, 1), picture(17, 33, 3)
    indices = rng.integers(0, 200, (11, 13, 1))
    palette = chunk(b"PLTE", rng.integers(0, 256, 600, np.uint8).tobytes())
    clear = chunk(b"tRNS", rng.integers(0, 256, 200, np.uint8).tobytes())
    indices8 = indices.astype(np.uint8)
    add("palette.png", png(indices, 3, 8, before=palette), palette=True, values=indices8)
    add("palette_interlaced.png", png(indices, 3, 8, True, palette), palette=True, values=indices8)
    add("palette_transparent.png", png(indices, 3, 8, before=palette + clear), palette=True, alpha=True,
        values=indices8)
    add("grey_8_bit.png", png(grey, 0, 8), grey=True, values=grey)
    add("grey_transparent.png", png(grey, 0, 8, before=chunk(b"tRNS", b"\0\x40")), grey=True, alpha=True)
    add("colour.png", png(colour, 2, 8))
    add("colour_interlaced.png", png(colour, 2, 8, True))
    add("colour_gamma.png", png(picture(5, 7, 3), 2, 8, before=chunk(b"gAMA", struct.pack(">I", 100000))))
    add("grey_alpha.png", png(picture(9, 7, 2), 4, 8), grey=True, alpha=True)
    add("colour_alpha.png", png(picture(9, 7, 4), 6, 8), alpha=True)
    for kind, channels in ((0, 1), (2, 3), (4, 2), (6, 4)):
        values = rng.integers(0, 65536, (7, 5, channels))
        for interlaced in (False, True):
            high_byte = np.repeat(values >> 8, 3, 2).astype(np.uint8) if kind == 0 else None
            add(f"sixteen_bit_{kind}{'_interlaced' * interlaced}.png", png(values, kind, 16, interlaced),
                high_byte, grey=kind in (0, 4), alpha=kind in (4, 6), sixteen_bit=True,
                values=values.astype("<u2") if kind == 0 else None)
    for orientation in (3, 6):
        turned = chunk(b"eXIf", exif(orientation, ">"))
        add(f"orientation_{orientation}.png", png(picture(7, 5, 3), 2, 8, before=turned), orientation=orientation)
    add("orientation_behind.png", png(picture(7, 5, 3), 2, 8, behind=chunk(b"eXIf", exif(8))), orientation=8)
    values = rng.integers(0, 65536, (7, 5, 1))
    shown, turned = np.rot90(np.repeat(values >> 8, 3, 2), -1), chunk(b"eXIf", exif(6))
    add("sixteen_bit_turned.png", png(values, 0, 16, before=turned), np.ascontiguousarray(shown, np.uint8),
        grey=True, sixteen_bit=True, orientation=6, values=np.rot90(values, -1).astype("<u2"))
    file = io.BytesIO()
    first, second = (Image.fromarray(picture(7, 5, 3, seed)) for seed in (1, 2))
    first.save(file, "PNG", save_all=True, append_images=[second])
    add("animated.png", file.getvalue(), animated=True)


add_jpegs()
add_pngs()
(FOLDER / "images.json").write_text("[\n" + ",\n".join(json.dumps(answer) for answer in answers) + "\n]\n")

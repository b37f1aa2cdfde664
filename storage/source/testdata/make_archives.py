#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the archives beside it, with Python's tarfile and zipfile: from the files that
source_files_test.cc holds too.

  make_archives.py FOLDER
"""
import bz2
import gzip
import io
import lzma
import os
import struct
import subprocess
import sys
import tarfile
import unicodedata
import zipfile
import zlib

FILES = {  # source_files_test.cc holds the same
    "train/cat/1.jpg": b"one",
    "train/cat-big/2.jpg": bytes((i * i >> 4) & 255 for i in range(3000)),
    "train/dog/" + unicodedata.normalize("NFD", "\u00e4\u00e9.jpg"): b"decomposed",
    "train/dog/" + unicodedata.normalize("NFC", "\u00e4\u00e9.jpg"): b"composed",
    "val/" + "long" * 20 + "/" + "name" * 20 + ".jpg": b"long",
    "empty.txt": b"",
}
HIDDEN = ["train/cat/._1.jpg", "train/.DS_Store", "__MACOSX/train/cat/x.jpg", "val/Thumbs.db"]


def tar(form, prefix=""):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for folder in ("", "train", "train/cat"):
            info = tarfile.TarInfo(prefix + folder)
            info.type = tarfile.DIRTYPE
            if prefix + folder:
                archive.addfile(info)
        for name, data in reversed([*FILES.items(), *((h, b"hidden") for h in HIDDEN)]):
            info = tarfile.TarInfo(prefix + name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(zip64=False):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("train/", "")
        for i, (name, data) in enumerate([*FILES.items(), *((h, b"hidden") for h in HIDDEN)]):
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED if i % 2 else zipfile.ZIP_STORED
            with archive.open(info, "w", force_zip64=zip64) as file:
                file.write(data)
    data = out.getvalue()
    if not zip64:
        return data
    # Python writes the 64-bit fields of the directory where they are needed only: done here.
    end = data.rindex(b"PK\x05\x06")
    entries, size, offset = struct.unpack("<HLL", data[end + 10:end + 20])
    directory, at = b"", offset
    while at < end:
        head = bytearray(data[at:at + 46])
        packed, real, n, extra, comment = struct.unpack("<LLHHH", head[20:34])
        local, = struct.unpack("<L", head[42:46])
        head[20:28] = head[42:46] * 0 + b"\xff" * 8
        head[30:32] = struct.pack("<H", 28)
        head[42:46] = b"\xff" * 4
        directory += bytes(head) + data[at + 46:at + 46 + n] + struct.pack(
            "<HHQQQ", 1, 24, real, packed, local)
        at += 46 + n + extra + comment
    end64 = b"PK\x06\x06" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, entries, entries,
                                        len(directory), offset)
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, offset + len(directory), 1)
    last = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 65535, 65535, 0xffffffff, 0xffffffff, 0)
    return data[:offset] + directory + end64 + locator + last


def odd_tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        def add(name, kind=tarfile.REGTYPE, link=""):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            info.size = 3 if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(b"abc"))
        add("a/good.jpg")
        add("/etc/absolute.jpg")
        add("a/../../up.jpg")
        add("a/bad\udcff.jpg")
        add("a/new\nline.jpg")
        add("a/soft.jpg", tarfile.SYMTYPE, "good.jpg")
        add("a/hard.jpg", tarfile.LNKTYPE, "a/good.jpg")
        add("a/fifo", tarfile.FIFOTYPE)
        add("a/device", tarfile.CHRTYPE)
        add("a/.soft", tarfile.SYMTYPE, "good.jpg")
    return out.getvalue()


def odd_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        def add(name, mode=0o100644, method=zipfile.ZIP_STORED, system=3, extra=b""):
            info = zipfile.ZipInfo(name)
            info.filename, info.create_system, info.extra = name, system, extra
            info.external_attr, info.compress_type = mode << 16, method
            archive.writestr(info, "abc")
        add("a/good.jpg")
        add("/etc/absolute.jpg")
        add("a/../../up.jpg")
        add("a/new\nline.jpg")
        add("a/soft.jpg", 0o120777)
        add("a/fifo", 0o010644)
        add("a/packed.jpg", method=zipfile.ZIP_BZIP2)
        add("a/secret.jpg")
        add("a\\windows.jpg", system=0)
        add("a/bad_.jpg")
        name = "a/named.jpg"
        add(name, extra=struct.pack("<HHBL", 0x7075, 5 + 11, 1, zlib.crc32(name.encode()))
            + "a/n\u00e4med.jpg"[:10].encode())
    data = bytearray(out.getvalue())
    for at in (data.find(b"a/secret.jpg") - 30 + 6, data.rfind(b"a/secret.jpg") - 46 + 8):
        data[at] |= 1  # encrypted
    return bytes(data).replace(b"bad_", b"bad\xff")


def twice(kind):
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as archive:
            for name in ("a.jpg", "b.jpg", "./a.jpg"):
                archive.writestr(name, name)
    else:
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name in ("a.jpg", "b.jpg", "./a.jpg"):
                archive.addfile(tarfile.TarInfo(name))
    return out.getvalue()


def main(folder):
    def write(name, data):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    plain = tar(tarfile.PAX_FORMAT, "./")
    write("good.tar", plain)
    write("good-gnu.tar.gz", gzip.compress(tar(tarfile.GNU_FORMAT), mtime=0))
    half = len(plain) // 2
    write("good-members.tgz", gzip.compress(plain[:half], mtime=0) + gzip.compress(plain[half:], mtime=0)
          + bytes(512))
    write("good-ustar.tar.bz2", bz2.compress(tar(tarfile.USTAR_FORMAT)))
    write("good.tar.xz", lzma.compress(plain))
    write("good.tar.zst", subprocess.run(["zstd", "--check", "-c"], input=plain, check=True,
                                         capture_output=True).stdout)
    write("good.zip", zipped())
    write("good-64.zip", zipped(zip64=True))
    write("odd.tar.gz", gzip.compress(odd_tar(), mtime=0))
    write("odd.zip", odd_zip())
    write("twice.tar.gz", gzip.compress(twice("tar"), mtime=0))
    write("twice.zip", twice("zip"))


if __name__ == "__main__":
    main(sys.argv[1])

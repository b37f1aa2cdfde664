#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the compiled device code must be, without a GPU.

  check_fatbins.py OPS FATBINS               exit code 1 and a line for each breach
  check_fatbins.py --self-test OPS FATBINS   plants breaches and looks for them

Every GPU_KERNEL of OPS/**/*_cuda.cu stands in the fatbin of its file as machine code for sm_80 and
sm_90 and as PTX for newer GPUs, and nothing else does. By what ptxas said, no kernel spills
registers, and an SM takes at least 4 of its blocks of 128 threads: 65536 registers, 2048 threads,
32 blocks and, on sm_80, 164 KiB of shared memory of which a block takes 1 KiB for itself
(cuda_occupancy.h).
"""
import glob
import os
import re
import struct
import sys

MAGIC = 0xBA55ED50
PTX, ELF = 1, 2
WANTED = {(ELF, 80), (ELF, 90), (PTX, 90)}
THREADS = 128
LEAST_BLOCKS = 4


def parts(fatbin):
    """(kind, architecture, bytes) of each part."""
    magic, _, header, size = struct.unpack_from("<IHHQ", fatbin, 0)
    if magic != MAGIC or header + size != len(fatbin):
        raise ValueError("is no fatbin")
    at = header
    while at < len(fatbin):
        kind, _, header, size = struct.unpack_from("<HHIQ", fatbin, at)
        arch, = struct.unpack_from("<I", fatbin, at + 28)
        yield kind, arch, fatbin[at + header:at + header + size]
        at += header + size


def kernels_of(source):
    return set(re.findall(r"^GPU_KERNEL\((\w+),", source, re.M))


def code_of(kind, body):
    """The kernels that a part holds."""
    if kind == PTX:
        return {name.decode() for name in re.findall(rb"\.entry\s+(\w+)", body)}
    return {name.decode() for name in re.findall(rb"\0\.text\.(\w+)", body)}


def blocks_of(registers, shared):
    """Blocks that an SM of sm_80 takes: registers are given to warps, 256 at a time."""
    of_warp = (registers * 32 + 255) // 256 * 256
    by_registers = 65536 // (of_warp * (THREADS // 32))
    by_shared = 164 * 1024 // ((shared + 1024 + 127) // 128 * 128)
    return min(by_registers, by_shared, 2048 // THREADS, 32)


def problems_of_report(text, kernels):
    """What is wrong with the resources that ptxas printed."""
    seen = set()
    entry = r"Compiling entry function '(\w+)' for 'sm_(\d+)'"
    for name, arch, rest in re.findall(entry + r"(.*?)(?=Compiling entry|\Z)", text, re.S):
        seen.add((name, int(arch)))
        spills = sum(int(n) for n in re.findall(r"(\d+) bytes spill", rest))
        registers = int(re.search(r"Used (\d+) registers", rest).group(1))
        shared = sum(int(n) for n in re.findall(r"(\d+) bytes smem", rest))
        if spills:
            yield f"{name} spills {spills} bytes of registers on sm_{arch}"
        if blocks_of(registers, shared) < LEAST_BLOCKS:
            yield (f"{name} takes {registers} registers and {shared} bytes of shared memory on "
                   f"sm_{arch}: an SM takes {blocks_of(registers, shared)} of its blocks, "
                   f"expected at least {LEAST_BLOCKS}")
    for name in sorted(kernels):
        for arch in (80, 90):
            if (name, arch) not in seen:
                yield f"ptxas said nothing of {name} for sm_{arch}"


def problems_of_fatbin(fatbin, kernels):
    try:
        found = list(parts(fatbin))
    except (ValueError, struct.error) as error:
        return [f"the fatbin {error}"]
    problems = []
    if {(kind, arch) for kind, arch, _ in found} != WANTED:
        problems.append(f"the fatbin has {sorted((k, a) for k, a, _ in found)}; "
                        f"expected {sorted(WANTED)}")
    for kind, arch, body in found:
        code = code_of(kind, body)
        if code != kernels:
            problems.append(f"part {kind} for sm_{arch} lacks {sorted(kernels - code)} and has "
                            f"{sorted(code - kernels)} besides")
    return problems


def problems(ops, folder):
    sources = sorted(glob.glob(os.path.join(ops, "**", "*_cuda.cu"), recursive=True))
    found, count = [], 0
    for path in sources:
        base = os.path.join(folder, os.path.basename(path)[:-len(".cu")])
        with open(path, encoding="utf-8") as file:
            kernels = kernels_of(file.read())
        with open(base + ".fatbin", "rb") as file:
            fatbin = file.read()
        with open(base + ".ptxas", encoding="utf-8") as file:
            report = file.read()
        count += len(kernels)
        found += [f"{path}: {p}" for p in problems_of_fatbin(fatbin, kernels)]
        found += [f"{path}: {p}" for p in problems_of_report(report, kernels)]
    return found, len(sources), count


def self_test(ops, folder):
    assert kernels_of("GPU_KERNEL(a_f32, (int x)) {\nGPU_KERNEL(b,\n") == {"a_f32", "b"}
    path = sorted(glob.glob(os.path.join(ops, "**", "*_cuda.cu"), recursive=True))[0]
    base = os.path.join(folder, os.path.basename(path)[:-len(".cu")])
    with open(path, encoding="utf-8") as file:
        kernels = kernels_of(file.read())
    with open(base + ".fatbin", "rb") as file:
        fatbin = file.read()
    assert problems_of_fatbin(fatbin, kernels) == []
    assert problems_of_fatbin(fatbin, kernels | {"missing_f32"})
    assert problems_of_fatbin(fatbin[:-1], kernels)
    body = list(parts(fatbin))[0][2]
    assert problems_of_fatbin(fatbin.replace(body, bytes(len(body))), kernels)
    with open(base + ".ptxas", encoding="utf-8") as file:
        report = file.read()
    assert not list(problems_of_report(report, kernels))
    for planted in (report.replace("0 bytes spill stores", "8 bytes spill stores", 1),
                    re.sub(r"Used \d+ registers", "Used 200 registers", report, count=1),
                    report.replace("'sm_90'", "'sm_86'", 1)):
        assert len(list(problems_of_report(planted, kernels))) == 1, planted
    print("self-test: every planted breach was found")


def main():
    if sys.argv[1] == "--self-test":
        self_test(*sys.argv[2:])
        return 0
    found, files, kernels = problems(*sys.argv[1:])
    for problem in found:
        print(problem)
    print(f"{kernels} kernels in {files} fatbins, {len(found)} problems")
    return 1 if found or kernels == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

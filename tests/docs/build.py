# SPDX-License-Identifier: Apache-2.0
"""Compiles and links further files the way a build folder made by CMake and Ninja does its own."""
import json
import pathlib
import shlex
import subprocess


class Build:
    def __init__(self, root, folder):
        self.root, self.folder = pathlib.Path(root), pathlib.Path(folder)
        entries = json.loads((self.folder / "compile_commands.json").read_text())
        self.commands = {entry["file"]: entry["command"] for entry in entries}

    def run(self, command):
        done = subprocess.run(command, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise AssertionError(f"{shlex.join(command)}\n{done.stdout}")
        return done.stdout

    def compile(self, like, source, scratch):
        """The object of `source`, a file below `scratch`, with the flags of the tree's file `like`. Headers
        below `scratch` come before the tree's."""
        command = shlex.split(self.commands[str(self.root / like)])
        target = pathlib.Path(scratch) / f"{source}.o"
        target.parent.mkdir(parents=True, exist_ok=True)
        at = command.index("-o")
        del command[at:at + 2]
        command[command.index("-c"):] = ["-o", str(target), "-c", str(pathlib.Path(scratch) / source)]
        command.insert(command.index(f"-I{self.root}"), f"-I{scratch}")
        self.run(command)
        return target

    def link(self, program, replaced, objects, output):
        """`program` of the build anew as `output`: with `objects`, without those of its own objects that
        `replaced` tells to leave out. What an object defines is not taken from a library."""
        line = self.run(["ninja", "-t", "commands", program]).splitlines()[-1]
        command = shlex.split(line.removeprefix(": &&").removesuffix("&& :"))
        command[command.index("-o") + 1] = str(output)
        command = [word for word in command if not (word.endswith(".o") and replaced(word))]
        command[1:1] = [str(path) for path in objects]
        self.run(command)

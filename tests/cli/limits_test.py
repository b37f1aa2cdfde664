# SPDX-License-Identifier: Apache-2.0
"""Limits of memory, threads, stack and files: every command ends with a documented code that says
what is too little, and never by a signal."""

import os
import resource
import shutil
import subprocess

import harness

DOCUMENTED = {0, 64, 65, 66, 68, 69, 70, 71, 73, 74, 75, 76, 77, 78, 79}
FULL = harness.FULL
MIB = 1 << 20
STRANGER = 64321  # root may have any number of threads, so a limit of them is another user's


def under(limits, user=None):
    """What the child does before it becomes the program."""
    def prepare():
        for which, value in limits.items():
            resource.setrlimit(which, (value, value))
        if user is not None:
            os.setgid(user)
            os.setuid(user)
    return prepare


class LimitsTest(harness.CliTest):
    def run_under(self, limits, *arguments, user=None):
        command = [self.program, *harness.command(*arguments)[1:]]
        done = subprocess.run(command, cwd=self.folder, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=harness.SECONDS, text=True,
                              errors="replace", preexec_fn=under(limits, user))
        return harness.Outcome(list(map(str, arguments)), done.returncode, done.stdout,
                               done.stderr)

    def ends_well(self, outcome, what):
        self.assertNotRegex(outcome.err, harness.CRASH, f"{what}\n{outcome}")
        self.assertIn(outcome.code, DOCUMENTED, f"{what}\n{outcome}")
        if outcome.code != 0:
            self.assertRegex(outcome.err, r"(?m)^lockstep: error: ", f"{what}\n{outcome}")

    def setUp(self):
        super().setUp()
        self.runs, self.program = 0, harness.PROGRAM
        if self.run_under({resource.RLIMIT_AS: 64 << 30}, "--version").code != 0:
            self.skipTest("this build wants more than 64 GiB of addresses: a sanitizer's")

    def commands(self):
        self.runs += 1
        return [["--version"], ["data", "info", "small.ldb"], ["data", "verify", "small.ldb"],
                ["data", "order", "recipe.toml", "--step", "1"],
                ["data", "import", "idx", "source", "--out", f"more{self.runs}.ldb"],
                ["models"], ["explain", "recipe.toml", "--spec", "machine.txt"],
                ["doctor", "--no-measure"], ["ckpt", "ls", "runs/a"], ["eval", "runs/a"],
                ["train", "recipe.toml", "train.epochs=1", "--run", f"runs/b{self.runs}"],
                ["train", "recipe.toml", "train.epochs=1", "--ranks", "2", "--run",
                 f"runs/c{self.runs}"],
                ["coordinator", "--listen", "nowhere", "--file", "c.json"]]

    def sweep(self, which, values, unit=1, user=None):
        """Every command under each value; the codes that were seen, by value."""
        self.succeeds("train", "recipe.toml", "train.epochs=1", "--run", "runs/a")
        self.succeeds("doctor", "--write-spec", "machine.txt")
        if user is not None:
            self.program = shutil.copy(self.program, self.path("lockstep"))  # within the user's reach
            for at, folders, files in os.walk(self.folder):
                for name in [at, *(os.path.join(at, n) for n in folders + files)]:
                    os.chown(name, user, user)
        seen = {}
        for value in values:
            for arguments in self.commands():
                outcome = self.run_under({which: value * unit}, *arguments, user=user)
                self.ends_well(outcome, f"limit {which} = {value}")
                seen.setdefault(value, set()).add(outcome.code)
        return seen

    def test_memory(self):
        seen = self.sweep(resource.RLIMIT_AS,
                          [200, 300, 400, 500, 600, 800, 1200, 4000], MIB)
        self.assertIn(FULL, seen[300])
        self.assertNotIn(FULL, seen[4000])

    def test_data(self):
        self.assertIn(FULL, self.sweep(resource.RLIMIT_DATA, [60, 150, 300], MIB)[60])

    def test_what_is_too_little_is_said_with_the_limit_and_the_remedy(self):
        outcome = self.run_under({resource.RLIMIT_AS: 300000 << 10}, "data", "info", "small.ldb")
        self.assertEqual(outcome.code, FULL, outcome)
        self.assertIn("ulimit -v 300000 KiB", outcome.err)
        self.assertEqual(outcome.err.count("lockstep: error:"), 1, outcome)

    def test_stack(self):
        seen = self.sweep(resource.RLIMIT_STACK, [128, 512, 1024, 1 << 20], 1024)
        self.assertEqual(seen[128], {FULL})
        self.assertNotIn(FULL, seen[1024])
        self.assertNotIn(FULL, seen[1 << 20], "a gigabyte a thread is not taken at its word")

    def test_open_files(self):
        seen = self.sweep(resource.RLIMIT_NOFILE, [16, 64, 128])
        self.assertEqual(seen[16], {FULL})
        self.assertNotIn(FULL, seen[128])

    def test_threads(self):
        if os.geteuid() != 0:
            self.skipTest("to be a user without other processes needs root")
        seen = self.sweep(resource.RLIMIT_NPROC, [2, 10, 17, 18, 20, 25, 40, 200], user=STRANGER)
        self.assertIn(FULL, seen[2])
        self.assertNotIn(FULL, seen[200])

    def test_a_thread_that_a_library_is_refused(self):
        """gRPC's and OpenMP's, which tell nobody: after the first look they can still be refused."""
        coordinator = ["coordinator", "--file", "c.json"]
        plan = ["train", "recipe.toml", "batch.lane_threads=2", "--run", "runs/d"]
        for arguments, says, numbers in ((coordinator, "(libgpr.so", (1, 4, 8)),
                                         (plan, "(libgomp.so", (1,))):
            for number in numbers:
                with self.subTest(says=says, number=number):
                    faults = {"LOCKSTEP_FAULTS": f"library.thread:eio@{number}"}
                    outcome = self.run_program(*arguments, env={**os.environ, **faults})
                    self.assertEqual(outcome.code, FULL, outcome)
                    self.assertEqual(outcome.err.count("lockstep: error:"), 1, outcome)
                    self.assertIn("cannot start a thread of a library " + says, outcome.err)

    def test_size_of_files(self):
        seen = self.sweep(resource.RLIMIT_FSIZE, [4, 64], 1024)
        self.assertNotEqual(seen[4], {0})

    def test_a_soft_limit_with_room_is_raised(self):
        def soft():
            for which, least in ((resource.RLIMIT_STACK, 128 << 10), (resource.RLIMIT_NOFILE, 16)):
                resource.setrlimit(which, (least, resource.getrlimit(which)[1]))
        done = subprocess.run(harness.command("data", "info", "small.ldb"), cwd=self.folder,
                              capture_output=True, timeout=harness.SECONDS, preexec_fn=soft)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    harness.main()

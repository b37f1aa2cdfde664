# SPDX-License-Identifier: Apache-2.0
"""Imports that cannot end: killed, interrupted, no room left. Nothing half-made opens or stays."""

import glob
import os
import resource
import signal
import subprocess

import harness
from harness import FULL, IO_ERROR, NOT_FOUND, NOT_PERMITTED, STOPPED

IMPORT = ["data", "import", "idx", "source", "--threads", 1, "--out"]


class KilledImportTest(harness.CliTest):
    def end_while_it_writes(self, number):
        """Sends the signal once records are being written; whether that came in time."""
        importer = subprocess.Popen(harness.command(*IMPORT, "new.ldb"), cwd=self.folder,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                    preexec_fn=lambda: signal.signal(number, signal.SIG_DFL)
                                    if number != signal.SIGKILL else None)
        while importer.poll() is None:
            if glob.glob(self.path("new.ldb.importing-*/*/*")):
                importer.send_signal(number)
                break
        self.said = importer.stderr.read()
        importer.stderr.close()
        return importer.wait(timeout=harness.SECONDS) == (
            STOPPED if number == signal.SIGINT else -number)

    def leaves_nothing_that_opens(self, number):
        for _ in range(50):
            if self.end_while_it_writes(number):
                break
            self.succeeds("data", "verify", "new.ldb")  # it was faster
            self.succeeds(*IMPORT, "new.ldb", "--replace")
            subprocess.run(["rm", "-r", self.path("new.ldb")], check=True)
        else:
            self.fail("no signal in 50 came before the import ended")
        self.refuses(NOT_FOUND, "data", "info", "new.ldb",
                     says=["no dataset at 'new.ldb'", "lockstep data import"])
        self.assertNotEqual(glob.glob(self.path("new.ldb.importing-*")), [])
        self.succeeds(*IMPORT, "new.ldb")
        self.succeeds("data", "verify", "new.ldb")
        self.assertEqual(glob.glob(self.path("new.ldb.importing-*")), [])

    def test_killed(self):
        self.leaves_nothing_that_opens(signal.SIGKILL)

    def test_interrupted(self):
        """A wish to stop is acknowledged, and clears away what was begun."""
        for _ in range(50):
            if self.end_while_it_writes(signal.SIGINT):
                break
            subprocess.run(["rm", "-r", self.path("new.ldb")], check=True)  # it was faster
        else:
            self.fail("no signal in 50 came before the import ended")
        self.assertIn("lockstep: SIGINT: removing what was imported so far", self.said)
        self.assertIn("stopped on request; nothing of the import is kept at 'new.ldb'", self.said)
        self.assertEqual(glob.glob(self.path("new.ldb*")), [])
        self.succeeds(*IMPORT, "new.ldb")

    def test_interrupted_twice(self):
        """The second ends it at once; the next import clears away what that left."""
        importer = subprocess.Popen(
            harness.command(*IMPORT, "new.ldb"), cwd=self.folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "LOCKSTEP_FAULTS": "import.range:stop"},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        os.waitid(os.P_PID, importer.pid, os.WSTOPPED)
        importer.send_signal(signal.SIGINT)
        importer.send_signal(signal.SIGTERM)
        importer.send_signal(signal.SIGCONT)
        self.assertIn(importer.wait(timeout=harness.SECONDS), (-signal.SIGINT, -signal.SIGTERM))
        self.assertNotEqual(glob.glob(self.path("new.ldb.importing-*")), [])
        self.succeeds(*IMPORT, "new.ldb")
        self.assertEqual(glob.glob(self.path("new.ldb.importing-*")), [])


class NoRoomTest(harness.CliTest):
    def test_disk_full(self):
        for kib in (4, 32, 128, 176, 180):
            disk = self.mount_tmpfs(f"disk{kib}", f"size={kib}k")
            with self.subTest(kib=kib):
                self.refuses(FULL, *IMPORT, f"{disk}/new.ldb",
                             says=["no space left", f"'{disk}/new.ldb'", "Free some space"])
                self.assertEqual(os.listdir(disk), [])

    def test_disk_full_while_replacing_keeps_the_old_dataset(self):
        disk = self.mount_tmpfs("disk", "size=280k")
        self.succeeds(*IMPORT, f"{disk}/new.ldb")
        self.refuses(FULL, *IMPORT, f"{disk}/new.ldb", "--replace", says=["no space left"])
        self.assertEqual(os.listdir(disk), ["new.ldb"])
        self.succeeds("data", "verify", f"{disk}/new.ldb")

    def test_a_limit_on_the_size_of_a_file(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        self.refuses(IO_ERROR, *IMPORT, "new.ldb", says=["new.ldb", "File too large"],
                     preexec_fn=limit,
                     restore_signals=False)  # the program ignores SIGXFSZ as Python does

    def test_a_read_only_file_system(self):
        disk = self.mount_tmpfs("disk", "ro")
        self.refuses(NOT_PERMITTED, *IMPORT, f"{disk}/new.ldb", says=["Read-only", disk])


if __name__ == "__main__":
    harness.main()

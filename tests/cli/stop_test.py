# SPDX-License-Identifier: Apache-2.0
"""What a wish to stop does to commands that make nothing: they end at once, in words."""

import signal
import subprocess

import harness
from harness import STOPPED


class StopTest(harness.CliTest):
    def stopped(self, number, *arguments, waits_for):
        """Sends the signal once the command has said a line that has `waits_for` in it."""
        program = subprocess.Popen(
            harness.command(*arguments), cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**harness.os.environ, "LOCKSTEP_FAULTS": f"{waits_for}:stop"},
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
        harness.os.waitid(harness.os.P_PID, program.pid, harness.os.WSTOPPED)
        program.send_signal(number)
        program.send_signal(signal.SIGCONT)
        said = program.communicate(timeout=harness.SECONDS)[1]
        self.assertEqual(program.returncode, STOPPED, said)
        self.assertNotRegex(said, harness.CRASH)
        return said

    def test_a_command_that_makes_nothing_ends_at_once(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            said = self.stopped(number, "explain", "recipe.toml", waits_for="train.dataset")
            self.assertEqual(said, f"lockstep: {signal.Signals(number).name}: stopped on request\n")

    def test_tune_ends_without_a_file(self):
        said = self.stopped(signal.SIGINT, "tune", "recipe.toml", "--out", "kernels.json",
                            waits_for="train.compile")
        self.assertIn("lockstep: SIGINT: ending without a kernel file", said)
        self.assertFalse(harness.os.path.exists(self.path("kernels.json")))

    def test_verify_says_how_far_it_came(self):
        said = self.stopped(signal.SIGTERM, "data", "verify", "small.ldb",
                            waits_for="verify.file")
        self.assertIn("stopped on request before dataset 'small.ldb' was read to its end", said)
        self.succeeds("data", "verify", "small.ldb")
        self.succeeds("train", "recipe.toml", "--run", "run")
        said = self.stopped(signal.SIGTERM, "ckpt", "verify", "run", waits_for="checkpoint.read")
        self.assertRegex(said, r"stopped on request; 0 of \d+ checkpoints were read and are whole")


if __name__ == "__main__":
    harness.main()

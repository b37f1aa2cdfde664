# SPDX-License-Identifier: Apache-2.0
"""Several ranks under mpirun that fail before they have met: a person reads it once."""

import os
import shutil
import subprocess

import harness
from harness import FULL, INVALID, NOT_FOUND

NEEDS = 78  # failed-precondition
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none"]
ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


class RanksTest(harness.CliTest):
    def setUp(self):
        super().setUp()
        if shutil.which("mpirun") is None:
            self.skipTest("there is no mpirun here")

    def launch(self, command, **variables):
        """Standard input is a pipe that nobody writes to or closes before the end."""
        program = subprocess.Popen([*MPIRUN, *map(str, command)], cwd=self.folder,
                                   env={**os.environ, **ROOT, **variables}, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, errors="replace")
        with program:
            try:
                program.wait(timeout=harness.SECONDS)
                out, err = program.stdout.read(), program.stderr.read()
            finally:
                program.kill()
        outcome = harness.Outcome(list(map(str, command)), program.returncode, out, err)
        self.assertNotRegex(outcome.err, harness.CRASH, outcome)
        return outcome

    def said_once(self, code, outcome, *says):
        self.assertEqual(outcome.code, code, outcome)
        self.assertEqual(outcome.err.count("lockstep: error:"), 1, outcome)
        for phrase in says:
            self.assertIn(phrase, outcome.err, outcome)

    def test_what_every_rank_has_is_said_once(self):
        train = ["-np", 3, *harness.command("train")]
        for code, says, arguments, variables in (
                (INVALID, "--no-such", ["recipe.toml", "--no-such"], {}),
                (INVALID, "RECIPE is required", [], {}),
                (INVALID, "leave --ranks out", ["recipe.toml", "--ranks", "2"], {}),
                (NEEDS, "/no/such/plugin.so", ["recipe.toml"],
                 {"LOCKSTEP_MPI_PLUGIN": "/no/such/plugin.so"})):
            with self.subTest(says=says):
                outcome = self.launch([*train, *arguments], **variables)
                self.said_once(code, outcome, "lockstep: error: ", says)
                self.assertNotIn("error: rank ", outcome.err, outcome)

    def test_help_is_printed_once(self):
        for arguments, code in ((["--help"], 0), (["train", "--help"], 0), ([], INVALID)):
            with self.subTest(arguments=arguments):
                outcome = self.launch(["-np", 3, *harness.command(*arguments)])
                self.assertEqual(outcome.code, code, outcome)
                self.assertEqual((outcome.out + outcome.err).count("Exit codes:"), 1, outcome)

    def test_other_commands_too(self):
        command = ["-np", 3, *harness.command("eval", "runs/none")]
        self.said_once(NOT_FOUND, self.launch(command), "runs/none")

    def test_a_limit_too(self):
        limited = ["-np", 3, "sh", "-c", 'ulimit -n 16; exec "$@"', "sh"]
        command = [*limited, *harness.command("train", "recipe.toml")]
        self.said_once(FULL, self.launch(command), "ulimit -n")

    def test_what_one_rank_has_is_said_by_that_rank(self):
        command = ["-np", 1, "cat", ":", "-np", 1, *harness.command("train", "--no-such")]
        self.said_once(INVALID, self.launch(command), "lockstep: error: rank 1: ", "--no-such")


if __name__ == "__main__":
    harness.main()

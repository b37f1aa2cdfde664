# SPDX-License-Identifier: Apache-2.0
"""`lockstep status`: what it says of a run that has not begun, goes on, was killed, stopped, failed
and finished."""

import json
import os
import signal
import subprocess
import time

import harness
from harness import NOT_FOUND, OK, STOPPED


class StatusTest(harness.CliTest):
    def status(self, *options):
        before = self.contents()
        outcome = self.succeeds("status", "run", "--json", *options)
        self.assertEqual(self.contents(), before, "status changed the run directory")
        return json.loads(outcome.out)

    def contents(self):
        files = {}
        for at, _, names in os.walk(self.path("run")):
            for name in names:
                files[os.path.join(at, name)] = harness.read_file(os.path.join(at, name))
        return files

    def start(self, fault):
        program = subprocess.Popen(
            harness.command("train", "recipe.toml", "--run", "run", "--ranks", 2,
                            "checkpoint.every_steps=3"),
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "LOCKSTEP_FAULTS": fault})
        self.addCleanup(program.kill)
        return program

    def train_until(self, fault):
        """Starts a run that stands still (SIGSTOP) at a fault point, and returns its process."""
        program = self.start(fault)
        os.waitid(os.P_PID, program.pid, os.WSTOPPED)
        return program

    def told(self):
        """Whether three steps are done, and the coordinator has written where its ranks are."""
        path, table = self.path("run/generations/g000001.status"), self.path("run/digests.csv")
        return (os.path.exists(path) and os.path.exists(table) and
                len(json.loads(harness.read_text(path))["ranks"]) == 2 and
                harness.read_text(table).count("\n") > 3)

    def train_and_freeze(self, fault):
        """Starts a run that waits in a fault, and stops its process (SIGSTOP) once it has told where
        it is."""
        program = self.start(fault)
        deadline = time.monotonic() + harness.SECONDS
        while not self.told():
            self.assertIsNone(program.poll(), "the run has ended")
            self.assertLess(time.monotonic(), deadline, "no status of two ranks")
            time.sleep(0.05)
        program.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, program.pid, os.WSTOPPED)
        return program

    def test_a_run_that_goes_on_was_killed_and_has_finished(self):
        program = self.train_and_freeze("train.step:sleep600000@9")
        running = self.status()
        self.assertEqual(running["state"], "running")
        self.assertEqual(len(running["ranks"]), 2)
        self.assertEqual(running["position"]["total_steps"], 16)
        self.assertEqual(running["position"]["steps_per_epoch"], 8)
        self.assertEqual(running["generations"][-1]["end"], "running")
        self.assertEqual(running["generations"][-1]["pid"], program.pid)
        text = self.succeeds("status", "run").out
        for phrase in ("run: running", "of 16", "rank  phase", "its coordinator wrote"):
            self.assertIn(phrase, text)

        program.kill()
        program.wait(timeout=harness.SECONDS)
        killed = self.status()
        self.assertEqual(killed["state"], "ended without a word")
        self.assertIn("start its `lockstep train` command again", killed["detail"])

        self.succeeds("train", "recipe.toml", "--run", "run", "--ranks", 2,
                      "checkpoint.every_steps=3")
        finished = self.status()
        self.assertEqual(finished["state"], "finished")
        self.assertEqual(finished["position"]["step"], 16)
        ends = [g["end"] for g in finished["generations"]]
        self.assertIn("ended without a word", ends[0])
        self.assertEqual(ends[1], "finished")
        self.assertEqual(finished["newest_verified"], finished["checkpoints"][-1]["name"])
        self.assertIsNotNone(finished["best"])
        self.assertIsNone(finished["disk"])
        self.assertEqual(finished["warnings"], [])

    def test_a_stop_on_request_is_a_reason_and_the_disk_needed_is_said(self):
        program = self.train_until("train.step:stop@9")
        program.send_signal(signal.SIGUSR1)
        program.send_signal(signal.SIGCONT)
        self.assertEqual(program.wait(harness.SECONDS), STOPPED)
        stopped = self.status()
        self.assertEqual(stopped["state"], "stopped")
        self.assertIn("stopped on request after step", stopped["detail"])
        self.assertGreater(stopped["disk"]["needed_bytes"], 0)
        self.assertGreater(stopped["disk"]["free_bytes"], 0)
        self.assertGreater(stopped["position"]["step"], 0)

    def test_a_failure_is_a_reason(self):
        outcome = self.run_program("train", "recipe.toml", "--run", "run", "optimizer.lr=1e30")
        self.assertEqual(outcome.code, harness.NON_FINITE, outcome)
        failed = self.status()
        self.assertEqual(failed["state"], "failed")
        self.assertIn("NaN or an infinity", failed["detail"])

    def test_a_damaged_checkpoint_is_passed_over_and_damaged_files_are_warnings(self):
        self.succeeds("train", "recipe.toml", "--run", "run")
        names = [c["name"] for c in self.status()["checkpoints"]]
        folder = self.path(f"run/checkpoints/{names[-1]}")
        weights = [name for name in os.listdir(folder) if name.startswith("model-")][0]
        harness.flip_byte(f"{folder}/{weights}", 2000)
        harness.write_file(self.path("run/generations/g000001.status"), "torn")
        damaged = self.status()
        self.assertEqual(damaged["newest_verified"], names[-2])
        self.assertTrue(any(weights in w for w in damaged["warnings"]), damaged["warnings"])
        self.assertTrue(any("g000001.status" in w for w in damaged["warnings"]))
        self.assertEqual(damaged["state"], "finished", "summary.json says it too")
        self.assertIsNone(self.status("--no-verify")["newest_verified"])

    def test_a_run_without_status_files_is_read_too(self):
        self.succeeds("train", "recipe.toml", "--run", "run")
        os.remove(self.path("run/generations/g000001.status"))
        self.assertEqual(self.status()["state"], "finished")
        self.assertEqual(self.status()["position"]["step"], 16)

    def test_what_is_no_run_is_refused(self):
        self.refuses(NOT_FOUND, "status", "nowhere", says=["there is no run directory 'nowhere'"])
        self.refuses(NOT_FOUND, "status", "source", says=["not the directory of a run"])
        os.makedirs(self.path("run"))
        harness.write_file(self.path("run/recipe.toml"), "")
        outcome = self.run_program("status", "run", "--json")
        self.assertEqual(outcome.code, OK, outcome)
        self.assertEqual(json.loads(outcome.out)["state"], "not begun")


if __name__ == "__main__":
    harness.main()

#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""The checks of the fault suite find what they are there to find: faults are planted in a made-up
run directory and in processes that stay."""

import json
import os
import signal
import sys
import tempfile
import types
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "cli")]

import left  # noqa: E402
import processes  # noqa: E402
import runs  # noqa: E402
from processes import Failure  # noqa: E402

FILES = {
    "digests.csv": "step,loss_bits,loss,skipped,digest\n1,0a,2.3,0,11\n2,0b,2.2,0,22\n",
    "results.csv": "epoch,step,train_loss,val_loss,acc1,acc5,lr,images_per_second,seconds\n"
                   "0,2,2.25,2.1,0.5,0.9,0.1,{rate},1.5\n",
    "summary.json": json.dumps({"status": "finished", "exactly_once": True, "digest": "22",
                                "step": 2, "epoch": 1, "samples_consumed": 64,
                                "skipped_steps": 0, "val_loss": 2.1, "seconds": "{rate}",
                                "files": [{"name": "results.csv", "xxh3_128": "{rate}"},
                                          {"name": "model.safetensors", "xxh3_128": "77"}]}),
    "model.safetensors": "weights",
    "generations/g000001": "{}",
    "checkpoints/b01-s0000000002/manifest.json": json.dumps(
        {"step": 2, "digest": "22", "state_hash": "33", "trainer_state": "44", "generation": 1}),
    "checkpoints/b01-s0000000002/model-00001-of-00001.safetensors": "weights",
    "checkpoints/b01-s0000000002/tables-00001-of-00001.safetensors": "{rate}",
}


def write(folder, files):
    for name, text in files.items():
        path = f"{folder}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf8") as file:
            file.write(text)


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="lsf-")
        self.addCleanup(scratch.cleanup)
        self.addCleanup(processes.destroy_all)
        self.folder = scratch.name
        self.suite = types.SimpleNamespace(program="/bin/true", folder=scratch.name, seed=1)
        self.case = runs.Case(self.suite, f"{scratch.name}/case")

    def shell(self, script):
        return self.case.start(["/bin/sh", "-c", script])


class FinishedRunTest(Scratch):
    def setUp(self):
        super().setUp()
        write(f"{self.folder}/reference", FILES)
        write(self.case.run, {name: text.replace("{rate}", "9") for name, text in FILES.items()})
        reference = left.Left(f"{self.folder}/reference")
        self.suite.reference = lambda recipe, *arguments: reference

    def finds(self, words):
        with self.assertRaisesRegex(Failure, words):
            self.case.check_finished()

    def change(self, name, old, new):
        path = f"{self.case.run}/{name}"
        with open(path, encoding="utf8") as file:
            text = file.read()
        self.assertIn(old, text)
        write(self.case.run, {name: text.replace(old, new)})

    def test_equal_run_passes_though_its_speed_differs(self):
        self.case.check_finished()

    def test_other_digest_is_found(self):
        self.change("digests.csv", "2,0b,2.2,0,22", "2,0b,2.2,0,23")
        self.finds(r"digests.csv:3: 2,0b,2.2,0,23")

    def test_missing_and_repeated_steps_are_found(self):
        self.change("digests.csv", "2,0b,2.2,0,22\n", "")
        self.finds("has 2 lines, expected 3")
        self.change("digests.csv", "1,0a,2.3,0,11\n", "1,0a,2.3,0,11\n" * 2)
        self.finds("digests.csv:3")

    def test_other_result_is_found(self):
        self.change("results.csv", "2.1,0.5", "2.1,0.4")
        self.finds("results.csv")

    def test_run_that_is_not_finished_or_not_exact_is_found(self):
        for old, new in (("finished", "failed"), ("true", "false"), ('"step": 2', '"step": 1'),
                         ("2.1", "2.2"), ('"77"', '"78"'), ('"skipped_steps": 0, ', "")):
            self.change("summary.json", old, new)
            self.finds("summary.json")
            self.change("summary.json", new, old)

    def test_other_weights_are_found(self):
        self.change("model.safetensors", "weights", "weightz")
        self.finds("model.safetensors has other bytes")

    def test_other_state_of_a_checkpoint_is_found(self):
        folder = "checkpoints/b01-s0000000002"
        for old, new in (('"33"', '"34"'), ('"44"', '"45"'), ('"22"', '"23"')):
            self.change(f"{folder}/manifest.json", old, new)
            self.finds(f"{folder}/manifest.json")
            self.change(f"{folder}/manifest.json", new, old)
        self.change(f"{folder}/manifest.json", '"generation": 1', '"generation": 2')
        self.case.check_finished()
        self.change(f"{folder}/model-00001-of-00001.safetensors", "weights", "weightz")
        self.finds(f"{folder}/model-00001-of-00001.safetensors has other bytes")

    def test_missing_last_checkpoint_is_found(self):
        os.rename(f"{self.case.run}/checkpoints/b01-s0000000002",
                  f"{self.case.run}/checkpoints/b01-s0000000001")
        self.finds("checkpoint b01-s0000000002 is missing")

    def test_what_is_left_over_is_found(self):
        for name in ("checkpoints/.tmp-b01-s0000000002-x/model", "checkpoints/.trash-x/model",
                     "generations/.tmp-x", "summary.json.tmp.1.0"):
            path = f"{self.case.run}/{name}"
            write(self.case.run, {name: ""})
            self.finds("left over")
            os.remove(path)
            if name.endswith("model"):
                os.rmdir(os.path.dirname(path))
        self.case.check_finished()

    def test_checkpoint_that_does_not_verify_is_found(self):
        self.suite.program = "/bin/false"
        self.finds("exit code 1, expected 0")

    def test_changed_checkpoint_changes_the_snapshot(self):
        before = self.case.snapshot()
        self.change("checkpoints/b01-s0000000002/manifest.json", "{", "[")
        self.assertNotEqual(self.case.snapshot(), before)


class ProcessesTest(Scratch):
    def test_left_over_child_is_found_named_and_killed(self):
        with self.shell("sleep 100 & exit 0") as program:
            program.wait()
            with self.assertRaisesRegex(Failure, "left over: s(h|leep) "):
                program.wait_gone(0.2)
        self.assertEqual(program.living(), [])

    def test_child_in_a_session_of_its_own_is_found(self):
        with self.shell("setsid sleep 100 & exit 0") as program:
            program.wait()
            with self.assertRaisesRegex(Failure, "left over: s"):
                program.wait_gone(0.2)
        self.assertEqual(program.living(), [])

    def test_zombie_is_not_left_over(self):
        with self.shell("sleep 0.01 & exec sleep 100") as program:
            processes.wait_until(lambda: [p.name for p in program.living()] == ["sleep"], 30,
                                 "its child does not end")

    def test_stopped_process_is_seen_and_a_waiting_signal_too(self):
        with self.shell("kill -STOP $$; exit 3") as program:
            stopped = program.wait_stopped()
            self.assertFalse(processes.is_pending(stopped.pid, signal.SIGUSR1))
            processes.send(stopped.pid, signal.SIGUSR1)
            self.assertTrue(processes.is_pending(stopped.pid, signal.SIGUSR1))
        self.assertEqual(program.code, -signal.SIGKILL)

    def test_place_that_was_not_reached_is_found(self):
        with self.shell("exit 0") as program:
            with self.assertRaisesRegex(Failure, "ended before"):
                program.wait_stopped()

    def test_wrong_code_missing_words_and_crash_are_found(self):
        for script, words in (("exit 3", "exit code 3, expected 0"), ("exit 0", "does not say"),
                              ("echo hello; echo Segmentation fault >&2", "it crashed")):
            with self.assertRaisesRegex(Failure, words):
                self.case.must_end(0, self.shell(script), says=["hello"])
        self.case.must_end((3, 4), self.shell("echo hello >&2; exit 4"), says=["hello"])

    def test_orphan_that_stands_still_gets_no_signal(self):
        """As a rank whose mpirun is killed: else SIGHUP would end it, and not the program."""
        with self.shell("sh -m -c 'sleep 100 & wait' & wait") as program:
            sleep = processes.wait_until(
                lambda: next((p for p in program.living() if p.name == "sleep"), None), 30, "none")
            processes.send(sleep.pid, signal.SIGSTOP)
            program.wait_stopped()
            for process in program.living():
                if process.pid != sleep.pid:
                    processes.send(process.pid, signal.SIGKILL)
            processes.wait_until(lambda: len(program.living()) == 1, 30, "its parents do not end")
            self.assertEqual([(p.pid, p.state) for p in program.living()], [(sleep.pid, "T")])


if __name__ == "__main__":
    processes.become_reaper()
    unittest.main(verbosity=2)

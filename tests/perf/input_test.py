#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What the input benchmark lays out, starts, checks and reports is right, with a planted program in
place of Lockstep. Needs no PyTorch, and measures nothing."""

import json
import os
import sys
import tarfile
import tempfile
import types
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import compare_input  # noqa: E402
import contenders  # noqa: E402
import input_contenders  # noqa: E402
import input_report  # noqa: E402
import input_sources  # noqa: E402
import synthetic_imagenet  # noqa: E402
from input_workloads import BATCH, WORKLOADS  # noqa: E402
from measure import Measurement  # noqa: E402


class ScratchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.scratch = folder.name

    def write(self, name, content):
        path = os.path.join(self.scratch, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf8") as file:
            file.write(content)
        return path

    def program(self, python):
        """A program that is this Python text."""
        path = self.write("program", f"#!/usr/bin/python3\nimport json, sys\n{python}")
        os.chmod(path, 0o755)
        return path


class SourcesTest(ScratchTest):
    def archive(self, *names):
        path = os.path.join(self.scratch, "source.tar.gz")
        with tarfile.open(path, "w:gz") as archive:
            for name in names:
                archive.add(self.write(f"made/{name}", name), arcname=name)
        return path

    def test_an_archive_with_splits_is_unpacked(self):
        path = self.archive("train/cat/1.jpg", "test/cat/2.jpg")
        folder = input_sources.cifar(path, self.scratch)
        self.assertEqual([os.path.relpath(path, folder) for path in input_sources.jpegs(folder)],
                         ["test/cat/2.jpg", "train/cat/1.jpg"])
        self.assertEqual(input_sources.train_folder(folder), f"{folder}/train")

    def test_a_folder_is_taken_where_it_is(self):
        self.write("images/train/cat/1.jpg", "")
        self.assertEqual(input_sources.cifar(f"{self.scratch}/images", self.scratch),
                         f"{self.scratch}/images")

    def test_photographs_of_any_folder_become_one_class(self):
        path = self.archive("VOC/JPEGImages/b.JPG", "VOC/JPEGImages/a.jpeg", "VOC/readme.txt")
        for _ in range(2):  # laid anew each time
            folder = input_sources.photos(path, self.scratch)
            found = input_sources.jpegs(folder)
            self.assertEqual([os.path.relpath(image, folder) for image in found],
                             ["photographs/000000.jpg", "photographs/000001.jpg"])
            with open(found[0], encoding="utf8") as file:
                self.assertEqual(file.read(), "VOC/JPEGImages/a.jpeg")
        self.assertEqual(input_sources.train_folder(folder), folder)

    def test_what_cannot_be_used_is_said(self):
        for lay, path, reason in (
                (input_sources.cifar, self.archive("cat/1.jpg"), "no folder train/"),
                (input_sources.photos, self.write("none/a.png", ""), "cannot be unpacked"),
                (input_sources.photos, f"{self.scratch}/none", "holds no JPEG file")):
            with self.assertRaisesRegex(input_sources.SourceFailure, reason):
                lay(path, self.scratch)


class LockstepTest(ScratchTest):
    WRITES = ("words = sys.argv\n"
              "json.dump({'version': '9', 'samples': 5, 'images': 9, 'images_per_second': 700.0, "
              "'first_batch_ms': 3.0, 'thread_ms_per_image': {'decode': 1.0}, 'words': words[1:]}, "
              "open(words[words.index('--json') + 1], 'w'))")

    def contender(self, python, name="cifar"):
        return input_contenders.Lockstep(self.program(python), "r.toml", name,
                                         set(sorted(os.sched_getaffinity(0))[:1]))

    def test_it_is_given_the_threads_of_the_workload(self):
        for name, workload in WORKLOADS.items():
            words = self.contender(self.WRITES, name).run(2.5)[0]["words"]
            self.assertEqual(words[:7], ["bench", "input", "r.toml", "--threads",
                                         str(workload.threads), "--seconds", "2.5"])

    def test_its_figures_are_a_turn(self):
        made = self.contender(self.WRITES)
        made.start()
        self.assertEqual((made.version, made.parameters), ("lockstep 9", 5))
        turn = made.turn(1.0, None, float("inf"))
        self.assertEqual((turn.rate, turn.disturbances), (700.0, []))
        self.assertEqual(turn.details["thread_ms"], {"decode": 1.0})

    def test_its_error_ends_the_benchmark(self):
        with self.assertRaisesRegex(contenders.ContenderFailure, "lockstep: no such dataset"):
            self.contender("sys.exit('no such dataset')").start()

    def test_others_on_its_cores_disturb_a_turn(self):
        quiet, loud = (input_contenders.measurement(1.0, others, 10.0, {0, 1}, 0.05)
                       for others in (0.9, 1.1))
        self.assertEqual(quiet.disturbances, [])
        self.assertEqual(loud.disturbances, ["others took 6 % of the cores"])

    def test_the_recipe_has_the_batch_of_the_other_side(self):
        text = input_contenders.recipe("a \"b\".ldb", WORKLOADS["photos"].augment)
        self.assertIn('dataset = "a \\"b\\".ldb"', text)
        self.assertIn('augment.train = ["random-resized-crop:224", "hflip", "normalise"]', text)
        self.assertEqual(input_contenders.LANES * (BATCH // input_contenders.LANES), BATCH)


class ReportTest(unittest.TestCase):
    def part(self, disturbances=()):
        every = [types.SimpleNamespace(name=name, ours=name == "lockstep", error=error, version="1",
                                       cores={0})
                 for name, error in (("lockstep", None), ("pillow", None), ("tensors", "no\nv2"))]
        rounds = [{"lockstep": Measurement(rate, first_batch_ms=5.0, foreign=0.0, cpu_ms=2.0,
                                           thread_ms={"decode": 0.5}),
                   "pillow": Measurement(10.0, notes, first_batch_ms=50.0, open_ms=200.0,
                                         foreign=0.0, cpu_ms=6.0)}
                  for rate, notes in ((80.0, ()), (100.0, disturbances))]
        return input_report.compare("cifar", 8.0, every, rounds)

    def test_ratios_are_those_of_rounds(self):
        text = input_report.workload_markdown(self.part())
        self.assertIn("| pillow | 10 (10 to 10) | 9.00 (8.00 to 10.00) | 9.00 (8.00 to 10.00) in "
                      "2 rounds | 6.0000 (6.0000 to 6.0000) | 3.00 (3.00 to 3.00) | "
                      "200 (200 to 200) | 50 (50 to 50) | 2 of 2 |", text)
        self.assertIn("| lockstep | 90 (80 to 100) | - | - | 2.0000 (2.0000 to 2.0000) | - | - | "
                      "5 (5 to 5) | 2 of 2 |", text)
        self.assertIn("decode 0.5000 (0.5000 to 0.5000) ms", text)

    def test_disturbed_rounds_count_in_one_column_only(self):
        text = input_report.workload_markdown(self.part(["noise"]))
        self.assertIn("| 9.00 (8.00 to 10.00) | 8.00 (8.00 to 8.00) in 1 rounds |", text)

    def test_what_does_not_run_is_a_result(self):
        self.assertIn("| tensors | does not run: no |",
                      input_report.workload_markdown(self.part()))


class RoundsTest(unittest.TestCase):
    def test_the_first_round_does_not_count(self):
        turns = []

        class Planted(contenders.Contender):
            def turn(self, steps, batch, foreign_limit):
                turns.append(steps)
                return Measurement(float(len(turns)))
        before = os.sched_getaffinity(0)
        rounds = compare_input.rounds_of([Planted("a", "", before)], before, types.SimpleNamespace(
            rounds=2, seconds=4.0, attempts=1, pause=0.0, limit=1e9, foreign=1.0,
            keep_disturbed=False))
        self.assertEqual(turns, [4.0] * 3)
        self.assertEqual([r["a"].rate for r in rounds], [2.0, 3.0])


class SyntheticTest(ScratchTest):
    def test_a_sample_that_is_missing_or_comes_twice_is_found(self):
        synthetic_imagenet.check_ids([2, 0, 1], 3)
        for ids, reason in (([0, 2], "1 are in no step and 0 in more"),
                            ([0, 1, 1], "1 are in no step and 1 in more"),
                            ([0, 1, 2, 2], "0 are in no step and 1 in more")):
            with self.assertRaisesRegex(synthetic_imagenet.CheckFailure, reason):
                synthetic_imagenet.check_ids(ids, 3)

    def test_a_run_that_does_not_prove_its_samples_is_found(self):
        whole = {"status": "finished", "exactly_once": True, "samples_consumed": 7}
        for change in ({}, {"status": "failed"}, {"exactly_once": False}, {"samples_consumed": 6}):
            self.write("summary.json", json.dumps(whole | change))
            if change:
                with self.assertRaisesRegex(synthetic_imagenet.CheckFailure, list(change)[0]):
                    synthetic_imagenet.check_summary(self.scratch, 7)
            else:
                synthetic_imagenet.check_summary(self.scratch, 7)

    def test_the_order_of_all_steps_is_asked_for(self):
        program = self.program(
            "step = int(sys.argv[sys.argv.index('--step') + 1])\n"
            "print(json.dumps({'steps_per_epoch': 2, 'lanes': [{'samples': [{'id': lane + 2 * step"
            " - 2, 'label': lane}]} for lane in range(2)]}))")
        self.assertEqual(synthetic_imagenet.check_order(program, "r.toml", 4), {0: 2, 1: 2})
        with self.assertRaises(synthetic_imagenet.CheckFailure):
            synthetic_imagenet.check_order(program, "r.toml", 5)

    def test_a_program_that_fails_is_told_with_what_it_said(self):
        with self.assertRaisesRegex(synthetic_imagenet.CheckFailure, "ended with 3:\nno room"):
            synthetic_imagenet.run([self.program("print('no room'); sys.exit(3)")])

    def test_peak_memory_is_the_programs_own(self):
        program = self.program("import time\nx = b'x' * int(sys.argv[1])\ntime.sleep(0.5)")
        large, small = (synthetic_imagenet.run([program, str(size << 20)])[1] for size in (64, 0))
        self.assertGreater(large, 64 << 20)
        self.assertGreater(small, 1 << 20)
        self.assertLess(small, large - (60 << 20))


if __name__ == "__main__":
    unittest.main(verbosity=2)

#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""What the benchmark makes of measurements is right: planted rates, disturbances and clocks. Needs
no PyTorch, and measures nothing."""

import contextlib
import io
import os
import sys
import tempfile
import types
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import compare_pytorch  # noqa: E402
import contenders  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
import torch_environment  # noqa: E402
import workloads  # noqa: E402
from measure import Measurement  # noqa: E402


def turn(rate, *disturbances):
    return Measurement(rate, disturbances, step_ms=1e3 / rate, resident_bytes=5 << 20)


class CalibrationTest(unittest.TestCase):
    def calibration(self, times):
        """The arithmetic takes these times at its best, cores 0 and 1 alternating, and longer just
        before and after."""
        self.now, self.bound = 0.0, []
        self.times = [t for best in times for t in (best + 1.0, best, best + 3.0)]

        def work():
            self.now += self.times.pop(0)
        return measure.Calibration({1, 0}, work, lambda: self.now, self.bound.append)

    def test_the_first_time_is_the_best_so_far(self):
        self.assertEqual(self.calibration([2.0, 5.0]).slowdown(), 1.0)

    def test_the_worst_core_counts_against_its_own_best(self):
        calibration = self.calibration([2.0, 5.0, 2.2, 10.0, 2.0, 5.0])
        calibration.slowdown()
        self.assertAlmostEqual(calibration.slowdown(), 2.0)
        self.assertAlmostEqual(calibration.slowdown(), 1.0)

    def test_a_better_best_is_remembered(self):
        calibration = self.calibration([4.0, 4.0, 2.0, 4.0, 3.0, 4.0])
        for _ in range(2):
            self.assertEqual(calibration.slowdown(), 1.0)
        self.assertAlmostEqual(calibration.slowdown(), 1.5)

    def test_it_is_bound_to_each_core_and_then_to_all(self):
        self.calibration([1.0, 1.0]).slowdown()
        self.assertEqual(self.bound, [{0}, {1}, {0, 1}])

    def test_the_arithmetic_is_always_the_same(self):
        self.assertEqual(measure.fixed_arithmetic(), measure.fixed_arithmetic())


class UndisturbedTest(unittest.TestCase):
    def run_with(self, slowdowns, turns, attempts=3):
        slowdowns, turns, self.pauses = list(slowdowns), list(turns), []
        result = measure.undisturbed(lambda: turns.pop(0), lambda: slowdowns.pop(0), attempts, 1.1,
                                     lambda: self.pauses.append(1))
        return result, slowdowns, turns

    def test_a_quiet_measurement_is_taken_at_once(self):
        result, slowdowns, turns = self.run_with([1.0, 1.05], [turn(10)])
        self.assertEqual((result.rate, result.disturbances), (10, []))
        self.assertEqual(result.details["attempts"], 1)
        self.assertEqual((slowdowns, turns, self.pauses), ([], [], []))

    def test_a_disturbance_before_or_after_has_it_repeated(self):
        result, _, _ = self.run_with([1.3, 1.0, 1.0, 1.2, 1.0, 1.0], map(turn, (10, 11, 12)))
        self.assertEqual((result.rate, result.disturbances), (12, []))
        self.assertEqual(result.details["attempts"], 3)
        self.assertEqual(len(self.pauses), 2, "others get time to end")

    def test_what_the_measurement_noticed_itself_counts_too(self):
        result, _, _ = self.run_with([1.0] * 4, [turn(10, "others took 40 %"), turn(11)])
        self.assertEqual((result.rate, result.disturbances), (11, []))

    def test_the_last_attempt_says_what_disturbed_it(self):
        result, _, _ = self.run_with([1.0, 1.5] * 2, map(turn, (10, 11)), attempts=2)
        self.assertEqual(result.rate, 11)
        self.assertEqual(result.disturbances, ["fixed arithmetic took 1.50 times its best after"])


class StatisticsTest(unittest.TestCase):
    def test_spread(self):
        self.assertIsNone(measure.spread([]))
        self.assertEqual(measure.spread([4, 1, 9]), {"median": 4, "min": 1, "max": 9, "count": 3})
        self.assertEqual(measure.spread([1, 2])["median"], 1.5)

    def test_ratios_are_those_of_rounds_and_not_of_medians(self):
        rounds = [{"a": turn(10), "b": turn(5)}, {"a": turn(30), "b": turn(10)},
                  {"a": turn(20), "b": turn(20)}]
        self.assertEqual(measure.ratios(rounds, "a", "b"), [2.0, 3.0, 1.0])

    def test_a_round_with_a_disturbance_has_no_ratio(self):
        rounds = [{"a": turn(10), "b": turn(5, "noise")}, {"a": turn(30), "b": turn(10)},
                  {"a": turn(1, "noise"), "b": turn(10)}, {"a": turn(1)}]
        self.assertEqual(measure.ratios(rounds, "a", "b"), [3.0])
        self.assertEqual(measure.rates(rounds, "a"), [10, 30, 1])

    def test_the_best_is_by_median_of_undisturbed_turns(self):
        rounds = [{"a": turn(10), "b": turn(12)}, {"a": turn(99, "noise"), "b": turn(13)}]
        self.assertEqual(measure.best_of(rounds, ["a", "b"]), "b")
        self.assertIsNone(measure.best_of([{"a": turn(9, "noise")}], ["a"]))

    def test_every_contender_has_every_place_in_turn(self):
        names = ["a", "b", "c"]
        orders = [measure.order_of_round(names, number) for number in range(6)]
        for order in orders:
            self.assertEqual(sorted(order), names)
        followers = {(x, y) for order in orders for x, y in zip(order, order[1:])}
        self.assertEqual(len(followers), 6, "each follows each other one at some time")


class ContenderTest(unittest.TestCase):
    def measured(self, others, wall):
        contender = contenders.Contender("x", "", {0, 1})
        return contender.measured([2.0, 1.0, 4.0], 8, 7, others, wall, 0.05)

    def test_the_rate_is_that_of_the_median_step(self):
        measured = self.measured(others=0.0, wall=1.0)
        self.assertEqual((measured.rate, measured.disturbances), (4000.0, []))
        self.assertEqual(measured.details["step_ms"], 2.0)

    def test_others_on_the_cores_disturb(self):
        self.assertEqual(self.measured(others=0.05, wall=1.0).disturbances, [])
        self.assertEqual(self.measured(others=0.5, wall=1.0).disturbances,
                         ["others took 25 % of the cores"])

    def test_the_time_of_this_process_is_counted(self):
        before, busy = contenders.cpu_seconds(os.getpid()), contenders.busy_seconds(
            os.sched_getaffinity(0))
        while contenders.cpu_seconds(os.getpid()) < before + 0.05:
            measure.fixed_arithmetic()
        self.assertGreater(contenders.busy_seconds(os.sched_getaffinity(0)), busy)


class ProcessTest(unittest.TestCase):
    """PyTorch's side of the pipe, played by a few lines of Python without PyTorch."""

    READY = "print('{\"version\": \"9\", \"warmup_ms\": 1.5, \"parameters\": 7}', flush=True)\n"

    def contender(self, script, seconds=60):
        made = contenders.PyTorch("fake", sys.executable, "lenet5", "contiguous", "eager", 1, 8,
                                  os.sched_getaffinity(0), 1, dict(os.environ))
        made.command = [sys.executable, "-c", "import os, sys, time\n" + script]
        made.seconds = seconds
        self.addCleanup(made.stop)
        return made

    def test_a_process_answers_line_by_line(self):
        made = self.contender(
            self.READY + "for line in sys.stdin:\n"
            "  print('{\"ms\": [2.0], \"resident_', end='', flush=True); time.sleep(0.01)\n"
            "  print('bytes\": %d}' % int(line), flush=True)\n")
        made.start()
        self.assertIsNone(made.error)
        self.assertEqual((made.version, made.parameters), ("PyTorch 9", 7))
        for steps in (3, 4):
            turn_made = made.turn(steps, 8, float("inf"))
            self.assertEqual((turn_made.rate, turn_made.details["resident_bytes"]), (4000.0, steps))

    def test_one_that_dies_before_it_is_ready_does_not_run_and_its_last_lines_are_told(self):
        made = self.contender(
            "sys.stderr.write('noise\\n' * 100000 + 'no\\n\\nmemory\\n'); sys.exit(3)")
        made.start()
        self.assertRegex(made.error, r"^ended with 3; it said last: noise / .*no / memory$")
        self.assertLess(len(made.error), 100)

    def test_one_that_dies_in_a_turn_ends_the_benchmark_with_its_last_lines(self):
        made = self.contender(self.READY + "sys.stdin.readline()\n"
                              "sys.stderr.write('out of memory\\n'); sys.exit(9)")
        made.start()
        with self.assertRaisesRegex(contenders.ContenderFailure,
                                    "fake: ended with 9; it said last: out of memory"):
            made.turn(1, 8, 0.05)

    def test_one_that_died_between_turns_is_found_dead(self):
        made = self.contender(self.READY + "sys.stderr.write('gone\\n'); sys.exit(5)")
        made.start()
        os.waitid(os.P_PID, made.process.pid, os.WEXITED | os.WNOWAIT)
        with self.assertRaisesRegex(contenders.ContenderFailure,
                                    "fake: ended with 5; it said last: gone"):
            made.turn(1, 8, 0.05)

    def test_one_that_does_not_answer_is_ended(self):
        made = self.contender("sys.stderr.write('compiling\\n'); time.sleep(600)", seconds=0.5)
        made.start()
        self.assertEqual(made.error,
                         "gave no answer within 0.5 s; it said last: compiling")
        self.assertIsNone(made.process)

    def test_what_is_no_answer_is_shown(self):
        made = self.contender("print('hello', flush=True)")
        made.start()
        self.assertIn("answered b'hello'; expected a line of JSON", made.error)


class WorkloadTest(unittest.TestCase):
    def test_the_last_pattern_that_matches_decides_what_is_frozen(self):
        self.assertTrue(workloads.is_frozen("resnet18-head", "layer4.1.conv2.weight"))
        self.assertFalse(workloads.is_frozen("resnet18-head", "fc.weight"))
        self.assertFalse(workloads.is_frozen("resnet18", "layer4.1.conv2.weight"))

    def test_ours_freezes_the_same_unless_it_is_the_full_step(self):
        def command(full):
            return contenders.Lockstep("lockstep", "resnet18-head", 1, 2, 32, {0}, 1, "auto",
                                       full).command
        self.assertEqual(command(False), [*command(True), "--freeze", "*", "!fc.*"])
        self.assertEqual(command(True)[4], "resnet18")


class ReportTest(unittest.TestCase):
    def contender(self, name, ours, error=None, full=False):
        return types.SimpleNamespace(name=name, ours=ours, full=full, error=error, description="d",
                                     version="1", warmup_ms=1500.0, lanes=1 if ours else None,
                                     threads=None, lane_batch=None)

    def report(self, rounds, keep_disturbed=False):
        every = [self.contender("ours", True), self.contender("newest eager contiguous", False),
                 self.contender("newest eager channels_last", False),
                 self.contender("newest compile contiguous", False, "no compiler\nat all")]
        part = report.compare("lenet5", 128, every, rounds)
        return part, report.markdown({
            "command": "c", "date": "d", "machine": {"cpu": "u", "cores": "0", "online": 2},
            "threads": 1, "rounds": len(rounds), "versions": ["1"],
            "keep_disturbed": keep_disturbed, "workloads": [part]})

    def rounds(self, *disturbances):
        return [{"ours": turn(20), "newest eager contiguous": turn(10),
                 "newest eager channels_last": turn(16)},
                {"ours": turn(24, *disturbances), "newest eager contiguous": turn(10),
                 "newest eager channels_last": turn(16)}]

    def test_the_default_and_the_best_mode_are_named(self):
        part, text = self.report(self.rounds())
        self.assertEqual(part["best_pytorch"], "newest eager channels_last")
        self.assertIn("| ours | newest eager contiguous (the default) | 2.20 (2.00 to 2.40) |", text)
        self.assertIn("| newest eager channels_last (its best) | 1.38 (1.25 to 1.50) |", text)

    def test_what_does_not_run_is_a_result(self):
        part, text = self.report(self.rounds())
        self.assertIn("does not run: no compiler |", text)
        self.assertNotIn("newest compile contiguous", [r["theirs"] for r in part["ratios"]])

    def test_disturbed_turns_are_left_out_and_told(self):
        part, text = self.report(self.rounds("noise"))
        self.assertEqual(part["contenders"][0]["images_per_second"]["count"], 1)
        self.assertEqual(part["contenders"][0]["disturbances"], ["noise"])
        self.assertIn("| 1 of 2 |", text)
        self.assertIn("do not count", text)
        self.assertNotIn("do not count", self.report(self.rounds())[1])

    def test_figures_that_kept_disturbed_turns_are_marked(self):
        self.assertIn("not to be quoted", self.report(self.rounds(), keep_disturbed=True)[1])

    def test_a_frozen_step_is_told_as_a_share_of_a_full_one(self):
        every = [self.contender("head", True), self.contender("all", True, full=True),
                 self.contender("newest eager contiguous", False)]
        rounds = [{"head": turn(30), "all": turn(12), "newest eager contiguous": turn(10)},
                  {"head": turn(40), "all": turn(12), "newest eager contiguous": turn(10)}]
        part = report.compare("resnet18-head", 32, every, rounds)
        self.assertEqual(part["best_ours"], "head")
        self.assertEqual([r["ours"] for r in part["ratios"]], ["head"])
        self.assertEqual(part["shares"], [{"ours": "head", "share": {
            "median": 0.35, "min": 0.3, "max": 0.4, "count": 2}}])
        self.assertIn("| head | 0.350 (0.300 to 0.400) |", report.workload_markdown(part))

    def test_no_undisturbed_turn_at_all_is_a_dash(self):
        part, text = self.report([{name: turn(9, "noise") for name in (
            "ours", "newest eager contiguous", "newest eager channels_last")}])
        self.assertIsNone(part["best_ours"])
        self.assertIn("| ours | - | - | 5 | 1.5 | 0 of 1 |", text)


class RoundsTest(unittest.TestCase):
    def arguments(self, keep_disturbed):
        return types.SimpleNamespace(rounds=3, attempts=2, pause=0.0, limit=1e9, foreign=0.05,
                                     keep_disturbed=keep_disturbed)

    def contender(self, name, rate):
        class Planted(contenders.Contender):
            turns = 0

            def turn(self, steps, batch, foreign_limit):
                self.turns += 1
                others = 0.0 if self.turns > 1 else 1.0  # the first is disturbed
                return self.measured([1e3 * batch / rate] * steps, batch, 1, others, 1.0,
                                     foreign_limit)
        return Planted(name, "", {0, 1})

    def test_every_round_has_everyone_and_what_was_disturbed_is_measured_again(self):
        running = [self.contender("a", 10.0), self.contender("b", 20.0)]
        cores = set(sorted(os.sched_getaffinity(0))[:1])
        before = os.sched_getaffinity(0)
        with contextlib.redirect_stderr(io.StringIO()):
            rounds = compare_pytorch.measure_rounds(running, 2, 8, cores, self.arguments(False))
        os.sched_setaffinity(0, before)
        self.assertEqual([sorted(r) for r in rounds], [["a", "b"]] * 3)
        self.assertEqual([c.turns for c in running], [4, 4], "one more for the disturbed one")
        self.assertEqual(measure.ratios(rounds, "b", "a"), [2.0] * 3)
        self.assertEqual(rounds[0]["a"].details["attempts"], 2)

    def test_kept_disturbances_are_not_repeated(self):
        running = [self.contender("a", 10.0)]
        before = os.sched_getaffinity(0)
        with contextlib.redirect_stderr(io.StringIO()):
            compare_pytorch.measure_rounds(running, 2, 8, set(before), self.arguments(True))
        os.sched_setaffinity(0, before)
        self.assertEqual(running[0].turns, 3)

    def test_another_network_is_no_comparison(self):
        a, b = self.contender("a", 1.0), self.contender("b", 1.0)
        a.parameters, b.parameters = 61706, 61706
        compare_pytorch.check_same_network("lenet5", [a, b])
        b.parameters = 61705
        with self.assertRaisesRegex(contenders.ContenderFailure, "61705"):
            compare_pytorch.check_same_network("lenet5", [a, b])


    def test_without_any_contender_that_runs_there_is_no_benchmark(self):
        a, b = self.contender("a", 1.0), self.contender("b", 1.0)
        a.error = "no such model"
        compare_pytorch.check_any_runs("lenet5", [a, b])
        b.error = "ended with 1; it said nothing"
        with self.assertRaisesRegex(
                contenders.ContenderFailure,
                r"lenet5: no contender runs;[^\n]*\n  a: no such model\n  b: ended with 1"):
            compare_pytorch.check_any_runs("lenet5", [a, b])

    def test_a_program_that_cannot_run_ends_the_benchmark_with_a_plain_error(self):
        said = io.StringIO()
        words = ["/bin/false", "--no-newest", "--no-debian", "--only", "lenet5"]
        threads = os.environ.get("OMP_NUM_THREADS")
        with contextlib.redirect_stderr(said):
            self.assertEqual(compare_pytorch.main(words), 1)
        if threads is None:
            del os.environ["OMP_NUM_THREADS"]
        self.assertIn("the benchmark failed: lenet5: no contender runs", said.getvalue())
        self.assertIn("ended with 1; it said nothing", said.getvalue())


class ArgumentsTest(unittest.TestCase):
    def test_counts_below_one_are_refused(self):
        for name in ("batch", "steps", "rounds", "warmup", "cores", "attempts"):
            for value in ("0", "-1", "two"):
                said = io.StringIO()
                with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as ended:
                    compare_pytorch.parse_arguments(["/bin/true", f"--{name}={value}"])
                self.assertNotEqual(ended.exception.code, 0)
                self.assertIn(f"--{name}: '{value}'; expected an integer, at least 1",
                              said.getvalue())
            taken = compare_pytorch.parse_arguments(["/bin/true", f"--{name}", "1"])
            self.assertEqual(getattr(taken, name), 1)


class WorkloadsTest(unittest.TestCase):
    def test_ours_is_started_with_what_the_table_has(self):
        for name, size in workloads.WORKLOADS.items():
            ours = contenders.Lockstep("lockstep", name, 1, 1, size.batch, {0}, 1, "auto").command
            self.assertEqual(ours[ours.index("--image") + 1],
                             f"{size.height}x{size.width}x{size.channels}")
            self.assertEqual(ours[ours.index("--classes") + 1], str(size.classes))


class EnvironmentTest(unittest.TestCase):
    def test_too_little_room_is_told_before_anything_is_installed(self):
        with tempfile.TemporaryDirectory() as folder:
            needs, torch_environment.NEEDS_BYTES = torch_environment.NEEDS_BYTES, 1 << 62
            self.addCleanup(setattr, torch_environment, "NEEDS_BYTES", needs)
            with self.assertRaisesRegex(torch_environment.EnvironmentFailure, "--no-newest"):
                torch_environment.make(folder, self.fail)
            self.assertEqual(os.listdir(folder), [])

    def test_openblas_variables_are_not_for_the_newest(self):
        os.environ["OPENBLAS_CORETYPE"] = "Haswell"
        self.addCleanup(os.environ.pop, "OPENBLAS_CORETYPE")
        self.assertNotIn("OPENBLAS_CORETYPE", compare_pytorch.newest_environment())
        self.assertIn("PATH", compare_pytorch.newest_environment())


if __name__ == "__main__":
    unittest.main(verbosity=2)

# SPDX-License-Identifier: Apache-2.0
"""`lockstep bench scaling` over mpirun, `explain --network`, and what both refuse. No time is
looked at."""

import json
import os
import shutil
import unittest

import harness
from harness import FULL, INVALID, NOT_FOUND

NETWORK = "latency=2us,bandwidth=25GB/s,ranks-per-node=2"
# As root mpirun wants both; ranks share cores wherever there are fewer.
# Open MPI does not free all it has at its end, of which the address sanitizer would complain.
MPI = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
       "OMP_NUM_THREADS": "1",
       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
SMALL = ("bench", "scaling", "--model", "lenet5", "--lanes", 4, "--lane-batch", 4, "--steps", 3,
         "--warmup", 1, "--work", ".")


class ScalingTest(harness.CliTest):
    @unittest.skipUnless(shutil.which("mpirun"), "skipped: there is no mpirun")
    def test_processes_under_mpirun_have_equal_digests(self):
        outcome = self.succeeds(*SMALL, "--ranks", "1,2,4", "--json", "s.json", "--csv", "s.csv",
                                "--markdown", "s.md", "--plots", "plot", env=MPI)
        with open(self.path("s.json"), encoding="utf8") as file:
            found = json.load(file)
        strong = [p for p in found["points"] if p["series"] == "strong"]
        self.assertEqual([p["ranks"] for p in strong], [1, 2, 4])
        for point in strong:
            self.assertEqual(point["digests"], strong[0]["digests"])
            self.assertIn(point["digests"][-1], outcome.err)
        for check in found["checks"]:
            self.assertGreaterEqual(len(check["ways"]), 2, check)
        for name in ("s.csv", "s.md", "plot-throughput.svg", "plot-throughput.png",
                     "plot-efficiency.png", "plot-step.svg"):
            self.assertGreater(os.path.getsize(self.path(name)), 100, name)
        self.assertFalse([n for n in os.listdir(self.folder) if n.startswith("lockstep-scaling")],
                         "the work folder is removed")

    def test_a_python_without_torch_is_said_in_one_line(self):
        outcome = self.succeeds(*SMALL, "--ranks", "1", "--strong", "--launch", "threads",
                                "--python", "/bin/false", "--peer-program", "recipe.toml")
        self.assertIn("PyTorch DDP was not measured: '/bin/false' ended with code 1", outcome.out)

    def test_what_cannot_be_measured_is_refused(self):
        for options, says in (
                (("--ranks", "0"), "'0' is no number of ranks"),
                (("--ranks", "8"), "8 ranks cannot share 4 lanes"),
                (("--network", "25GB/s"), "'25GB/s' is no name=value"),
                (("--network", "latency=2us,bandwidth=25,ranks-per-node=2"), "its unit is one of")):
            self.refuses(INVALID, *SMALL, *options, says=[says])
        self.refuses(NOT_FOUND, *SMALL, "--plots", "nowhere/plot",
                     says=["nowhere", "choose another place with --plots"])

    def test_plots_to_a_full_disk_are_named(self):
        small = self.mount_tmpfs("small", "size=4k")
        harness.write_file(f"{small}/filler", b"x" * 4096)
        self.refuses(FULL, *SMALL, "--plots", f"{small}/plot",
                     says=[f"{small}/plot-throughput.svg", "--plots"])

    def test_explain_predicts_over_a_network(self):
        text = self.succeeds("explain", "recipe.toml", "--ranks", 4, "--network", NETWORK).out
        for phrase in ("prediction for V = 4 lanes", "machines of 2 ranks", "W=2: ",
                       "maximal subtrees"):
            self.assertIn(phrase, text)
        self.refuses(INVALID, "explain", "recipe.toml", "--network", "nonsense",
                     says=["'nonsense' is no name=value", "latency=2us"])
        self.refuses(INVALID, "explain", "recipe.toml", "--ranks", 8, "--network", NETWORK,
                     says=["lanes"])
        self.refuses(INVALID, "explain", "recipe.toml", "--scaling", "s.json",
                     says=["--scaling does nothing without --network"])

    def test_explain_takes_the_constants_of_a_measurement(self):
        self.succeeds(*SMALL, "--ranks", "1,2", "--launch", "threads", "--json", "s.json")
        other = self.refuses(INVALID, "explain", "recipe.toml", "--network", NETWORK, "--scaling",
                             "s.json", says=["was measured with lenet5"])
        self.assertIn("bench scaling --model", other.err)
        harness.write_file(self.path("lenet.toml"), harness.RECIPE.replace(
            "mlp-784-128-64-10", "lenet5").replace("lane_batch = 5", "lane_batch = 4"))
        text = self.succeeds("explain", "lenet.toml", "--ranks", 2, "--network", NETWORK,
                             "--scaling", "s.json").out
        self.assertIn("fitted by bench scaling (s.json)", text)
        measured = harness.read_text(self.path("s.json"))
        self.assertIn('"classes": 10', measured)
        self.assertIn('"image": "28x28x1"', measured)
        for ours, other, says in (('"classes": 10', '"classes": 7', "7 classes"),
                                  ('"image": "28x28x1"', '"image": "64x64x3"', "64x64x3")):
            harness.write_file(self.path("s.json"), measured.replace(ours, other))
            self.refuses(INVALID, "explain", "lenet.toml", "--ranks", 2, "--network", NETWORK,
                         "--scaling", "s.json",
                         says=[says, "the recipe has 28x28x1 and 10", "--image 28x28x1"])
        harness.write_file(self.path("s.json"), "{}")
        self.refuses(harness.DATA_LOSS, "explain", "lenet.toml", "--network", NETWORK, "--scaling",
                     "s.json", says=["is no result of `lockstep bench scaling --json`"])


if __name__ == "__main__":
    harness.main()

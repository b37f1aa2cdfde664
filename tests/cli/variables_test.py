# SPDX-License-Identifier: Apache-2.0
"""Variables that libraries read: none changes a digest, or the run is recorded as another kind."""

import glob
import json
import os

import harness
from harness import INVALID

NEEDS = 78  # failed-precondition

# Each with a value that would reach bits, or threads, if it were heeded.
OVERRULED = {"ONEDNN_MAX_CPU_ISA": "SSE41", "ONEDNN_CPU_ISA_HINTS": "PREFER_YMM",
             "ONEDNN_DEFAULT_FPMATH_MODE": "ANY", "OMP_NUM_THREADS": "7"}
FORMER_NAMES = {"DNNL_MAX_CPU_ISA": "SSE41", "DNNL_CPU_ISA_HINTS": "PREFER_YMM",
                "DNNL_DEFAULT_FPMATH_MODE": "ANY"}
HARMLESS = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "0", "OMP_SCHEDULE": "dynamic,1",
            "OMP_NESTED": "true", "OMP_PROC_BIND": "true", "MALLOC_PERTURB_": "165",
            "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536",
            "GRPC_VERBOSITY": "debug", "LC_ALL": "de_DE.UTF-8"}
# Threads that wait spin by default, which takes other tests' cores.
PASSIVE = {"OMP_WAIT_POLICY": "passive"}


class VariablesTest(harness.CliTest):
    def train(self, run, variables, *arguments, steps=6):
        """lenet5 with all kernels, two threads per lane."""
        return self.run_program("train", "recipe.toml", "model.name=lenet5", "batch.lane_threads=2",
                                f"train.max_steps={steps}", "checkpoint.every_steps=3", "--run",
                                run, *arguments, env={**os.environ, **PASSIVE, **variables})

    def digests(self, run):
        return harness.read_text(self.path(f"{run}/digests.csv"))

    def hardware(self, run):
        [*_, newest] = sorted(glob.glob(self.path(f"{run}/checkpoints/b*/manifest.json")))
        return json.loads(harness.read_text(newest))["hardware"]

    def test_none_that_the_program_overrules_or_that_is_harmless_reaches_a_bit(self):
        self.assertEqual(self.train("runs/plain", {}).code, 0)
        for variables in (OVERRULED, FORMER_NAMES, HARMLESS):
            with self.subTest(variables=variables):
                done = self.train("runs/other", variables, "--overwrite")
                self.assertEqual(done.code, 0, done)
                self.assertEqual(self.digests("runs/other"), self.digests("runs/plain"))
                self.assertEqual(self.hardware("runs/other"), self.hardware("runs/plain"))

    def test_the_hardware_kind_says_what_the_library_uses_and_a_smaller_set_is_another(self):
        self.assertEqual(self.train("runs/plain", {}).code, 0)
        if "oneDNN" not in self.hardware("runs/plain"):
            self.skipTest("built without oneDNN (LOCKSTEP_ONEDNN=OFF)")
        self.assertEqual(self.train("runs/small", {}, "train.cpu_isa=x86-64").code, 0)
        self.assertIn("oneDNN sse41", self.hardware("runs/small"))

    def test_what_changes_the_c_librarys_functions_is_another_hardware_kind(self):
        self.assertEqual(self.train("runs/plain", {}).code, 0)
        tuned = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2_Usable,-FMA_Usable,-AVX2,-FMA,-FMA4"}
        self.assertEqual(self.train("runs/tuned", tuned).code, 0)
        if self.hardware("runs/tuned") == self.hardware("runs/plain"):
            self.skipTest("the C library has no other functions for this processor")
        resumed = self.train("runs/plain", tuned, steps=9)
        self.assertEqual(resumed.code, NEEDS, resumed)
        self.assertIn("libm", resumed.err)
        self.assertEqual(self.train("runs/plain", {}, steps=9).code, 0)

    def test_what_makes_openmp_hang_or_overflow_is_refused(self):
        for variables in ({"OMP_DYNAMIC": "true"}, {"OMP_THREAD_LIMIT": "1"},
                          {"OMP_MAX_ACTIVE_LEVELS": "0"}, {"OMP_STACKSIZE": "64k"},
                          {"GOMP_STACKSIZE": "64"}):
            with self.subTest(variables=variables):
                done = self.train("runs/a", variables)
                self.assertEqual(done.code, NEEDS, done)
                self.assertIn(next(iter(variables)), done.err)

    def test_the_doctor_shows_what_is_set(self):
        ill = self.run_program("doctor", "--no-measure", "--json",
                               env={**os.environ, **OVERRULED, **FORMER_NAMES})
        findings = {f["topic"]: f for f in json.loads(ill.out)["findings"]}
        for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_DEFAULT_FPMATH_MODE"):
            self.assertEqual(findings[name]["verdict"], "warning")
            self.assertIn("does nothing", findings[name]["text"])


class KeysTest(harness.CliTest):
    """key=value of a key that a command does not use."""

    def test_eval_explain_tune_and_data_order_refuse_what_they_do_not_use(self):
        self.succeeds("train", "recipe.toml", "train.epochs=1", "--run", "runs/a")
        commands = {"eval": ["eval", "runs/a"], "explain": ["explain", "recipe.toml"],
                    "tune": ["tune", "recipe.toml", "--out", "k.json"],
                    "data order": ["data", "order", "recipe.toml", "--step", "1"]}
        for name, command in commands.items():
            refused = self.refuses(INVALID, *command, "model.weights=/no/such/file",
                                   "checkpoint.keep_last=3", says=["'model.weights=/no/such/file'",
                                                                   "'checkpoint.keep_last=3'"])
            self.assertIn(f"`lockstep {name}` does not use 'checkpoint.keep_last'", refused.err)
            self.assertIn(f"`lockstep {name}` uses data.dataset", refused.err)

    def test_what_a_command_uses_it_heeds(self):
        self.succeeds("train", "recipe.toml", "train.epochs=1", "--run", "runs/a")
        shown = self.succeeds("eval", "runs/a", "data.val=train", "eval.batch=3").out
        self.assertIn("Split train", shown)
        self.assertIn("(160 samples)", shown)


if __name__ == "__main__":
    harness.main()

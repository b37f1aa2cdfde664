#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/add_an_op.md, add_a_model.md and add_a_task.md, followed literally, compile and pass the tests.

Usage: add_pages_test.py ROOT BUILD-FOLDER [unittest arguments]      needs ops_tests, graph_tests and
dump_op_samples built; the op is compared with PyTorch as well (Debian package python3-torch)
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import pages
from build import Build

ROOT, BUILD = None, None  # set at the end


class PageTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.scratch = pathlib.Path(folder.name)
        self.build = Build(ROOT, BUILD)

    def run_tests(self, program, pattern, names):
        """Runs the tests that match, from the top of the tree; each of `names` must be among them."""
        done = subprocess.run([program, f"--gtest_filter={pattern}"], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        for name in names:
            self.assertIn(f"[       OK ] {name}", done.stdout)


class AddAnOp(PageTest):
    def registration(self, op):
        """The build's list of ops with one more, as ops/CMakeLists.txt would write it for the page's files."""
        text = (BUILD / "ops/op_list.cc").read_text()
        calls = "".join(f"  {op}::{name}(registry);\n" for name in ("Register", "RegisterSimd"))
        declarations = "".join(f"void {name}(OpRegistry& registry);\n" for name in ("Register", "RegisterSimd"))
        head, signature, body = text.partition("void lockstep::ops::RegisterAllOps(OpRegistry& registry) {\n")
        self.assertTrue(signature, text)
        (self.scratch / "ops/op_list.cc").write_text(
            f"{head}namespace lockstep::ops::{op} {{\n{declarations}}}\n{signature}{calls}{body}")
        return "ops/op_list.cc"

    def test_the_files_of_the_page_are_an_op(self):
        paths = pages.follow(ROOT / "docs/add_an_op.md", ROOT, self.scratch)
        folder, = {pathlib.Path(path).parent for path in paths}
        op = folder.name
        sources = [path for path in paths if path.endswith(".cc") and not path.endswith("_test.cc")]
        self.assertEqual(len(sources), 3, paths)
        objects = [self.build.compile("ops/nn/relu/relu.cc", path, self.scratch)
                   for path in [*sources, self.registration(op)]]
        test = self.build.compile("ops/core/op_samples_test.cc", f"{folder}/{op}_test.cc", self.scratch)

        program = self.scratch / "ops_tests"
        self.build.link("ops/ops_tests", lambda path: "op_samples_test" not in path, [*objects, test], program)
        self.run_tests(program, f"*{op.capitalize()}*:*{op}*:OpSamples.*", [
            f"Ops/OpSample.KernelsWriteTheirOutputsAndNothingElse/{op}_odd",
            f"Ops/OpSample.OwnKernelsHaveEqualBitsUnderEachInstructionSet/{op}_odd",
            f"Ops/OpSampleInPlace.GivesTheSameBits/{op}_grad_odd",
            f"Ops/OpSampleGradient.EqualsFiniteDifferences/{op}_odd",
            "Hardswish.NaNStaysNaN"])
        self.compare_with_pytorch(folder, objects)

    def compare_with_pytorch(self, folder, objects):
        program = self.scratch / "dump_op_samples"
        self.build.link("tests/oracles/dump_op_samples", lambda path: False, objects, program)
        for other in ROOT.glob("ops/*/*"):
            copy = self.scratch / other.relative_to(ROOT)
            if other.is_dir() and not copy.exists():
                copy.parent.mkdir(exist_ok=True)
                copy.symlink_to(other)
        done = subprocess.run(["/usr/bin/python3", "-B", ROOT / "tests/oracles/check_ops.py", "--dump-program", program,
                               "--ops", self.scratch / "ops"], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        for op in (folder.name, f"{folder.name}_grad"):
            self.assertRegex(done.stdout, rf"(?m)^{op} +\d+ +[1-9]")


class AddAModel(PageTest):
    def test_the_lines_of_the_page_are_a_model(self):
        pages.follow(ROOT / "docs/add_a_model.md", ROOT, self.scratch)
        objects = [self.build.compile("graph/models/lenet.cc", f"graph/models/{name}.cc", self.scratch)
                   for name in ("all_cnn", "models")]
        objects.append(self.build.compile("graph/models/models_test.cc", "graph/models/models_test.cc", self.scratch))
        program = self.scratch / "graph_tests"
        self.build.link("graph/graph_tests", lambda path: path.endswith("models_test.cc.o"), objects, program)
        self.run_tests(program, "Models.*:GraphText.EveryGraphOfEveryModel*:Compile.PlansOfAllModels*", [
            "Models.HaveThePublishedParameterCounts", "Models.GiveOneLogitAClass",
            "GraphText.EveryGraphOfEveryModelRoundTrips",
            "Compile.PlansOfAllModelsAreSoundAndNearTheirLowerBound"])


class AddATask(PageTest):
    def registration(self, task):
        """The build's list of tasks with one more, as graph/CMakeLists.txt would write it."""
        text = (BUILD / "graph/task_list.cc").read_text()
        call = f"  tasks.push_back({task}::MakeTask());\n"
        declaration = f"namespace lockstep::graph::{task} {{\nstd::unique_ptr<const Task> MakeTask();\n}}\n"
        include, end = '#include "graph/tasks/registry.h"\n', "  return tasks;\n"
        self.assertIn(include, text)
        self.assertIn(end, text)
        (self.scratch / "graph/task_list.cc").write_text(
            text.replace(include, include + declaration).replace(end, call + end))
        return "graph/task_list.cc"

    def test_the_files_of_the_page_are_a_task(self):
        paths = pages.follow(ROOT / "docs/add_a_task.md", ROOT, self.scratch)
        folder, = {pathlib.Path(path).parent for path in paths}
        self.assertEqual(sorted(paths), [f"{folder}/{folder.name}.cc", f"{folder}/{folder.name}_test.cc"])
        objects = [self.build.compile("graph/tasks/registry.cc", path, self.scratch)
                   for path in (f"{folder}/{folder.name}.cc", self.registration(folder.name))]
        objects.append(self.build.compile("graph/tasks/task_test.cc", f"{folder}/{folder.name}_test.cc", self.scratch))
        program = self.scratch / "graph_tests"
        self.build.link("graph/graph_tests", lambda path: "tasks/task_test" not in path, objects, program)
        self.run_tests(program, "MultiSampleDropout.*:Task.*", [
            "MultiSampleDropout.ItsTwoCallsShareParametersAndDrawTheirOwnMasks",
            "MultiSampleDropout.ShowsTheLossOfEachCall",
            "MultiSampleDropout.MeasuresTheShareOfCorrectSamples",
            "Task.EveryTaskOfTheBuildNamesItsMetricsOnceAndItsPrimaryAmongThem"])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    ROOT, BUILD = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])

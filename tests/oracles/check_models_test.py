#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""check_models.py finds what it is for; what docs/weights.md says to write is what is read."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import check_models  # says what to install where PyTorch is missing
import numpy as np
import safetensors_file
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Distance(unittest.TestCase):

    def test_is_relative_to_the_largest_expected_value(self):
        self.assertEqual(check_models.distance(np.array([1.0, -4.0]), np.array([1.5, -4.0])), 0.125)
        self.assertEqual(check_models.distance(np.array([1.0]), np.array([1.5]), scale=np.array([-10.0])), 0.05)

    def test_looks_at_every_piece_of_a_large_tensor(self):
        expected = np.ones((3 << 20) + 1, np.float32)
        for at in (0, 1 << 20, expected.size - 1):
            got = expected.copy()
            got[at] = 3.0
            self.assertEqual(check_models.distance(got, expected), 2.0)

    def test_nan_other_shapes_and_zeros_are_never_near(self):
        one = np.ones((2, 1))
        for got, expected in ((np.array([[1.0], [np.nan]]), one), (one.reshape(1, 2), one), (one, 0 * one)):
            self.assertFalse(check_models.distance(got, expected) <= 1e300)


class Compare(unittest.TestCase):
    """Planted faults in what a model of one weight, its bias and a statistic gave."""

    def setUp(self):
        self.torch64 = {"logits": torch.tensor([[1.0, 2.0]]), "grad:w": torch.tensor([3.0, -4.0]),
                        "grad:b": torch.tensor([1e-17]), "mean:bn": torch.tensor([0.5])}
        self.ours = {name: tensor.numpy().copy() for name, tensor in self.torch64.items()}
        self.vanish = {"grad:b": "grad:w"}

    def fp64(self):
        return check_models.compare_fp64(self.ours, self.torch64, self.vanish).problems

    def fp32(self, own):
        return check_models.compare_fp32(self.ours, self.torch64, own, self.vanish).problems

    def test_agreement_passes(self):
        self.assertEqual(self.fp64(), [])
        self.assertEqual(self.fp32({"grad:w": 0.0, "grad:b": 0.0}), [])

    def test_each_tensor_that_is_off_is_named(self):
        for name in ("logits", "grad:w", "mean:bn"):
            self.setUp()
            self.torch64 = {key: tensor.double() for key, tensor in self.torch64.items()}
            self.ours[name] = self.torch64[name].numpy() * (1 + 2e-8)
            problem, = self.fp64()
            self.assertIn(f"{name} is off", problem)

    def test_a_gradient_that_vanishes_is_held_to_zero(self):
        self.ours["grad:b"] = np.array([1e-9], np.float32)
        self.assertEqual(self.fp64(), [])
        self.ours["grad:b"] = np.array([1e-7], np.float32)
        self.assertIn("grad:b is off", self.fp64()[0])

    def test_a_missing_and_a_foreign_tensor_are_found(self):
        self.ours["grad:v"] = self.ours.pop("grad:w")
        self.assertEqual(self.fp64(), ["fp64: grad:v is only in ours", "fp64: grad:w is only in torchvision's"])

    def test_a_gradient_of_zeros_compares_nothing(self):
        self.torch64["grad:w"] *= 0
        self.ours["grad:w"] *= 0
        self.assertTrue(any("grad:w is zero" in problem for problem in self.fp64()))

    def test_fp32_may_be_three_times_as_far_as_torchvision_is(self):
        self.ours["grad:w"] = np.array([3.0, -4.0 - 4e-4 * 2.9], np.float32)
        self.assertEqual(self.fp32({"grad:w": 1e-4, "grad:b": 0.0}), [])
        self.ours["grad:w"] = np.array([3.0, -4.0 - 4e-4 * 3.1], np.float32)
        self.assertEqual(len(self.fp32({"grad:w": 1e-4, "grad:b": 0.0})), 1)

    def test_parameters_of_another_name_order_or_shape_are_found(self):
        theirs = [["conv1.weight", [64, 3, 7, 7]], ["bn1.weight", [64]]]
        self.assertEqual(check_models.compare_parameters("m", theirs, theirs), [])
        for ours in (theirs[::-1], theirs[:1], [["conv1.weight", [64, 3, 3, 3]], theirs[1]]):
            self.assertEqual(len(check_models.compare_parameters("m", ours, theirs)), 1)


class Dumped(unittest.TestCase):

    def test_totals_of_a_norm_become_its_mean_and_variance(self):
        found = check_models.without_counts({
            "logits": np.ones((1, 2)), "count:a/bn": np.array(4.0), "mean:a/bn": np.array([2.0, -8.0]),
            "var:a/bn": np.array([1.0, 4.0]), "count:bn": np.array(2.0), "mean:bn": np.array([3.0]),
            "var:bn": np.array([0.5])})
        self.assertEqual({name: array.tolist() for name, array in found.items()},
                         {"logits": [[1.0, 1.0]], "mean:a/bn": [0.5, -2.0], "var:a/bn": [0.25, 1.0],
                          "mean:bn": [1.5], "var:bn": [0.25]})


class Vanishing(unittest.TestCase):

    def test_is_the_bias_in_front_of_a_batch_norm(self):
        layers = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.BatchNorm2d(2), torch.nn.Conv2d(2, 2, 1),
                                     torch.nn.ReLU(), torch.nn.Conv2d(2, 2, 1, bias=False), torch.nn.BatchNorm2d(2))
        model = torch.nn.ModuleDict({"features": layers})
        self.assertEqual(check_models.vanishing(model), {"grad:features.0.bias": "grad:features.0.weight"})


# What safetensors.torch.save_file is told by the documented line.
STAND_IN = """
import json, sys
def save_file(tensors, path):
    assert all(tensor.is_contiguous() for tensor in tensors.values())
    sys.path.insert(0, %r)
    from pth_to_safetensors import save_file
    save_file(tensors, path)
"""


class Documented(unittest.TestCase):
    """The two ways of docs/weights.md from a .pth to safetensors."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        layers = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
        self.state = layers.state_dict()
        self.state["0.weight"] = self.state["0.weight"].to(memory_format=torch.channels_last)
        torch.save(self.state, self.path / "resnet18.pth")

    def commands(self):
        text = (ROOT / "docs/weights.md").read_text()
        return [line for line in text.splitlines() if line.startswith("python3 ")]

    def expect_written(self, command, environment):
        command = command.replace("python3", sys.executable, 1).replace("docs/", f"{ROOT}/docs/")
        subprocess.run(command, shell=True, check=True, cwd=self.path, env={**os.environ, **environment})
        found = safetensors_file.read(self.path / "resnet18.safetensors")
        self.assertEqual(set(found), set(self.state))
        for name, tensor in self.state.items():
            np.testing.assert_array_equal(found[name], tensor.numpy(), err_msg=name)
            self.assertEqual(found[name].dtype, tensor.numpy().dtype)

    def test_with_pytorch_alone(self):
        command, = [line for line in self.commands() if "pth_to_safetensors.py" in line]
        self.expect_written(command, {})

    def test_with_the_package(self):
        command, = [line for line in self.commands() if "safetensors.torch" in line]
        environment = {}
        if subprocess.run([sys.executable, "-c", "import safetensors.torch"], capture_output=True).returncode != 0:
            package = self.path / "safetensors"
            package.mkdir()
            (package / "__init__.py").write_text("")
            (package / "torch.py").write_text(STAND_IN % f"{ROOT}/docs")
            environment = {"PYTHONPATH": self.folder.name}
        self.expect_written(command, environment)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""check_ops.py finds what it is for, and the random streams give the known answers."""
import json
import pathlib
import tempfile
import unittest

import check_ops  # says what to install where PyTorch is missing
import numpy
import reference_streams
import torch
import xxh3

ROOT = pathlib.Path(__file__).resolve().parents[2]
X, DY = numpy.array([1.0, -2.0, 3.0]), numpy.array([0.5, 4.0, -1.0])


class Expected:
    """Expectations on an op `twice`."""

    def __init__(self, function=lambda attrs, inputs: [2 * inputs[0]], **more):
        self.functions, self.not_in_torch = {"twice": function}, {}
        self.zero_gradient, self.problems = {}, []
        vars(self).update(more)


class CheckOps(unittest.TestCase):

    def problems(self, expected=None, y=2 * X, dx=2 * DY, dy=DY):
        """What check() says of a sample of twice for which we computed y and dx."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for kind, value in (("in", X), ("out", y), ("dout", dy), ("din", dx)):
                if value is not None:
                    numpy.save(folder / f"{kind}0.npy", value)
            entry = {"op": "twice", "sample": "three", "dir": ".", "attrs": {}, "has_gradient": True, "wanted": [0],
                     "in": ["in0.npy"], "out": ["out0.npy"], "dout": ["dout0.npy"],
                     "din": [None if dx is None else "din0.npy"]}
            (folder / "index.json").write_text(json.dumps([entry]))
            return check_ops.check(folder, expected or Expected()).problems

    def test_agreement_passes(self):
        self.assertEqual(self.problems(), [])

    def test_a_wrong_output_is_found(self):
        problem, = self.problems(y=2 * X * (1 + 2e-9))
        self.assertIn("twice/three: output 0 is off PyTorch's by 2e-09", problem)

    def test_a_wrong_shape_and_a_wrong_type_are_found(self):
        self.assertIn("float64[3, 1]; PyTorch has float64[3]", self.problems(y=2 * X.reshape(3, 1))[0])
        self.assertIn("float32[3]; PyTorch has float64[3]", self.problems(y=(2 * X).astype("f4"))[0])

    def test_a_nan_is_found(self):
        self.assertIn("is off PyTorch's by nan", self.problems(y=numpy.array([2.0, -4.0, numpy.nan]))[0])

    def test_a_wrong_and_a_missing_gradient_are_found(self):
        problem, = self.problems(dx=DY)
        self.assertIn("twice/three: gradient 0 is off PyTorch's by 0.5", problem)
        self.assertEqual(self.problems(dx=None), ["twice/three: gradient 0 is missing on our side"])

    def test_a_zero_gradient_needs_a_reason(self):
        zero = dict(dx=0 * DY, dy=0 * DY)
        self.assertEqual(self.problems(**zero), ["twice/three: gradient 0 is zero: nothing is compared"])
        excused = Expected(zero_gradient={("twice", "three", 0): "nothing flows in"})
        self.assertEqual(self.problems(excused, **zero), [])
        self.assertEqual(self.problems(excused), ["twice/three: gradient 0 is not zero, as ZERO_GRADIENT says"])

    def test_an_op_that_nobody_compares_is_found(self):
        problems = self.problems(Expected(functions={}))
        self.assertIn("op twice: no *_torch.py defines it; add the function or a reason in NOT_IN_TORCH", problems)
        self.assertIn("nothing was compared", problems)
        self.assertIn("no gradient was compared", self.problems(Expected(functions={}, not_in_torch={"twice": "x"})))

    def test_a_folder_without_a_torch_file_is_found(self):
        with tempfile.TemporaryDirectory() as ops:
            folder = pathlib.Path(ops) / "math" / "twice"
            folder.mkdir(parents=True)
            (folder / "twice.cc").touch()
            self.assertIn("has no twice_torch.py", check_ops.Expectations(ops).problems[0])
            (folder / "twice_torch.py").write_text("def twice(attrs, inputs):\n    return [2 * inputs[0]]\n")
            self.assertEqual(list(check_ops.Expectations(ops).functions), ["twice"])

    def test_integers_must_be_equal(self):
        a, b = torch.tensor([1, 2]), torch.tensor([1, 3])
        self.assertEqual(check_ops.difference(a, a), 0.0)
        self.assertIsNone(check_ops.difference(a, b))


class Streams(unittest.TestCase):

    def setUp(self):
        self.known = json.loads((ROOT / "base" / "testdata" / "known_answers.json").read_text())

    def test_philox(self):
        for case in self.known["philox"]:
            words = reference_streams.philox(case["counter"], case["key"])
            self.assertEqual([int(word) for word in words], case["out"])

    def test_keys(self):
        for case in self.known["key"]:
            key = reference_streams.stream_key(case["seed"], case["purpose"], case["name"])
            self.assertEqual(list(key), case["words"])

    def test_dropout_uniforms(self):
        known = self.known["dropout_uniforms"]
        stream = reference_streams.Stream(known["seed"], known["step"], known["lane"], known["path"])
        self.assertEqual(list(stream.uniforms("dropout", len(known["values"]))), known["values"])

    def test_xxh3_of_every_kind_of_length(self):
        # From xxHash 0.8's own library: the bytes 0, 1, 2, ...
        known = {9: 0xe9612598145bb9dc, 16: 0x8355e3a6f61770db, 17: 0x9ef341a99de37328, 128: 0x85c6174c7ff4c46b}
        for length, value in known.items():
            self.assertEqual(xxh3.hash64(bytes(range(length))), value)


if __name__ == "__main__":
    unittest.main()

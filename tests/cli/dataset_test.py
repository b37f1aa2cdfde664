# SPDX-License-Identifier: Apache-2.0
"""Datasets made, read and damaged: imports that fail leave nothing, damage is found and named."""

import gzip
import json
import os
import shutil
import struct

import harness
from harness import DATA_LOSS, EXISTS, INVALID, NOT_FOUND


class GoodDatasetTest(harness.CliTest):
    def test_info_says_what_it_holds(self):
        shown = self.succeeds("data", "info", "small.ldb").out
        for line in ("samples   200, 28 x 28 x 1 (H W C)",
                     "split     test: 40 samples, ids 0 to 39",
                     "split     train: 160 samples, ids 40 to 199", "classes   10\n"):
            self.assertIn(line, shown)
        info = json.loads(self.succeeds("data", "info", "small.ldb", "--json").out)
        self.assertIn(info["digest"], shown)
        self.assertEqual(len(info["classes"]), harness.CLASSES)

    def test_verify_passes_and_prints_the_digest_that_info_prints(self):
        info = json.loads(self.succeeds("data", "info", "small.ldb", "--json").out)
        self.assertIn(info["digest"], self.succeeds("data", "verify", "small.ldb").out)

    def test_two_imports_have_one_digest(self):
        self.succeeds("data", "import", "idx", "source", "--out", "again.ldb", "--shard-size", 16,
                      "--threads", 2)
        digests = {json.loads(self.succeeds("data", "info", name, "--json").out)["digest"]
                   for name in ("small.ldb", "again.ldb")}
        self.assertEqual(len(digests), 1, digests)

    def test_show_prints_the_sample_that_the_source_has(self):
        shown = self.succeeds("data", "show", "small.ldb", 100).out
        self.assertIn("sample    100 of split train", shown)
        number = int(shown.split("source    train/")[1][:8])
        self.assertIn(f"label     {harness.label(number)} ", shown)
        drawing = shown.splitlines()[-harness.SIDE:]
        bright = [row for row, line in enumerate(drawing) if line == "@" * harness.SIDE]
        first = harness.bright_row(number)
        self.assertEqual(bright, [first, first + 1], shown)

    def test_show_draws_a_sheet(self):
        self.succeeds("data", "show", "small.ldb", "--count", 5, "--out", "sheet.png")
        self.assertEqual(harness.read_file(self.path("sheet.png"))[:8], b"\x89PNG\r\n\x1a\n")
        self.succeeds("data", "show", "small.ldb", 3, 100, "augment.train=hflip,normalise",
                      "--recipe", "recipe.toml", "--epoch", 2, "--out", "pairs.png")
        self.assertIn("pairs.png", self.tree())

    def test_show_of_an_id_that_does_not_exist(self):
        self.refuses(INVALID, "data", "show", "small.ldb", 200, says=["200", "0 .. 199"])
        self.refuses(INVALID, "data", "show", "small.ldb", -1, says=["-1"])


class BadDatasetTest(harness.CliTest):
    READERS = (["train", "recipe.toml"], ["explain", "recipe.toml"], ["data", "info", "small.ldb"],
               ["data", "verify", "small.ldb"], ["data", "show", "small.ldb", "0"],
               ["data", "order", "recipe.toml", "--step", "1"])

    def refuses_everywhere(self, code, says):
        for reader in self.READERS:
            with self.subTest(reader=reader):
                self.refuses(code, *reader, says=says)

    def listed_files(self):
        manifest = json.loads(harness.read_text(self.path("small.ldb/dataset.manifest")))
        names = [file["name"] for file in manifest["files"]]
        self.assertGreaterEqual(len(names), 3)
        return names

    def test_missing(self):
        shutil.rmtree(self.path("small.ldb"))
        self.refuses_everywhere(NOT_FOUND, ["no dataset at 'small.ldb'", "lockstep data import"])

    def test_foreign(self):
        shutil.rmtree(self.path("small.ldb"))
        shutil.copytree(self.path("source"), self.path("small.ldb"))
        self.refuses_everywhere(DATA_LOSS, ["'small.ldb' is not a Lockstep dataset",
                                            "no dataset.manifest", "lockstep data import"])

    def test_a_file_is_no_dataset(self):
        shutil.rmtree(self.path("small.ldb"))
        harness.write_file(self.path("small.ldb"), "text")
        self.refuses_everywhere(DATA_LOSS, ["'small.ldb' is a file", "lockstep data import"])

    def test_incomplete(self):
        os.remove(self.path("small.ldb/dataset.manifest"))
        self.refuses_everywhere(DATA_LOSS, ["'small.ldb'", "incomplete", "Import again"])

    def test_a_listed_file_is_gone(self):
        for name in self.listed_files():
            os.rename(self.path(f"small.ldb/{name}"), self.path("aside"))
            self.refuses_everywhere(DATA_LOSS, ["small.ldb", name, "mport the source again"])
            os.rename(self.path("aside"), self.path(f"small.ldb/{name}"))

    def test_a_listed_file_is_truncated(self):
        for name in self.listed_files():
            path = self.path(f"small.ldb/{name}")
            whole = harness.read_file(path)
            harness.write_file(path, whole[:-1])
            self.refuses_everywhere(DATA_LOSS, [name, f"{len(whole) - 1} bytes",
                                                f"expected {len(whole)}", "mport the source again"])
            harness.write_file(path, whole)

    def test_verify_names_each_file_with_a_flipped_byte(self):
        for name in self.listed_files() + ["dataset.manifest"]:
            path = self.path(f"small.ldb/{name}")
            whole = harness.read_file(path)
            for offset in (0, len(whole) // 2, len(whole) - 1):
                harness.flip_byte(path, offset)
                self.refuses(DATA_LOSS, "data", "verify", "small.ldb",
                             says=[f"{name}: ", "mport the source again"])
                harness.write_file(path, whole)
        self.succeeds("data", "verify", "small.ldb")

    def test_a_file_of_another_program_is_named(self):
        harness.write_file(self.path("small.ldb/000099.sst"), b"?")
        self.refuses_everywhere(DATA_LOSS, ["000099.sst", "not listed"])


class BadSourceTest(harness.CliTest):
    IMAGES = "source/train-images-idx3-ubyte"
    LABELS = "source/train-labels-idx1-ubyte"

    def refuses_import(self, code, says, kind="idx"):
        self.refuses(code, "data", "import", kind, "source", "--out", "new.ldb", says=says)

    def edit(self, name, change):
        harness.write_file(self.path(name), change(harness.read_file(self.path(name))))

    def test_a_wrong_magic_number(self):
        self.edit(self.IMAGES, lambda b: struct.pack(">I", 0x802) + b[4:])
        self.refuses_import(DATA_LOSS, [self.IMAGES, "0x00000802", "expected 0x00000803"])

    def test_images_and_labels_exchanged(self):
        os.rename(self.path(self.IMAGES), self.path("aside"))
        os.rename(self.path(self.LABELS), self.path(self.IMAGES))
        os.rename(self.path("aside"), self.path(self.LABELS))
        self.refuses_import(DATA_LOSS, ["0x00000801", "exchanged?"])

    def test_a_header_that_ends_early(self):
        self.edit(self.IMAGES, lambda b: b[:10])
        self.refuses_import(DATA_LOSS, [self.IMAGES, "header"])

    def test_an_empty_file(self):
        self.edit(self.IMAGES, lambda b: b"")
        self.refuses_import(DATA_LOSS, [self.IMAGES, "0 bytes", "0x00000803"])

    def test_fewer_bytes_than_the_header_says(self):
        self.edit(self.IMAGES, lambda b: b[:-1])
        self.refuses_import(DATA_LOSS, [self.IMAGES, "160x28x28 = 125440", "there are 125439"])

    def test_a_header_that_asks_for_more_than_there_can_be(self):
        self.edit(self.IMAGES, lambda b: struct.pack(">IIII", 0x803, *[0xffffffff] * 3) + b[16:])
        self.refuses_import(DATA_LOSS, [self.IMAGES, "4294967295", "expected at least 1"])

    def test_more_bytes_than_the_header_says(self):
        self.edit(self.IMAGES, lambda b: b + b"x")
        self.refuses_import(DATA_LOSS, [self.IMAGES, "left over", "125440"])

    def test_a_gzip_file_cut_short(self):
        self.edit("source/t10k-images-idx3-ubyte.gz", lambda b: b[:-12])
        self.refuses_import(DATA_LOSS, ["t10k-images-idx3-ubyte.gz", "cut short"])

    def test_a_gzip_file_with_a_flipped_byte(self):
        harness.flip_byte(self.path("source/t10k-images-idx3-ubyte.gz"), 5000)
        self.refuses_import(DATA_LOSS, ["t10k-images-idx3-ubyte.gz"])

    def test_other_numbers_of_images_and_labels(self):
        self.edit(self.LABELS, lambda b: struct.pack(">II", 0x801, 50) + b[8:58])
        self.refuses_import(DATA_LOSS, [self.IMAGES, "160 images", self.LABELS, "50 labels"])

    def test_images_without_labels(self):
        os.remove(self.path(self.LABELS))
        self.refuses_import(NOT_FOUND, ["'train'", "labels (*-labels-idx1-ubyte"])

    def test_a_label_without_a_class(self):
        self.edit(self.LABELS, lambda b: b[:-1] + b"\x0b")
        self.refuses_import(DATA_LOSS, [self.LABELS, "label 11", "expected 0 .. 9"],
                            kind="fashion-mnist")

    def test_no_source(self):
        self.refuses(NOT_FOUND, "data", "import", "idx", "nosuch", "--out", "new.ldb",
                     says=["'nosuch'"])
        os.makedirs(self.path("empty"))
        self.refuses(NOT_FOUND, "data", "import", "idx", "empty", "--out", "new.ldb",
                     says=["'empty'", "expected SPLIT-images-idx3-ubyte"])

    def test_a_refused_import_leaves_no_parent_directories(self):
        self.edit(self.IMAGES, lambda b: b[:-1])
        self.refuses(DATA_LOSS, "data", "import", "idx", "source", "--out", "new/deep/new.ldb",
                     says=["cut short"])

    def test_a_place_below_a_file(self):
        self.refuses(NOT_FOUND, "data", "import", "idx", "source", "--out", "recipe.toml/new.ldb",
                     says=["recipe.toml", "Not a directory"])

    def test_an_unknown_kind_gets_a_suggestion(self):
        self.refuses_import(INVALID, ["'idxx'", "did you mean 'idx'?"], kind="idxx")

    def test_an_existing_dataset_stays_unless_replaced(self):
        before = harness.read_file(self.path("small.ldb/dataset.manifest"))
        self.refuses(EXISTS, "data", "import", "idx", "source", "--out", "small.ldb",
                     says=["'small.ldb' exists", "--replace"])
        self.assertEqual(harness.read_file(self.path("small.ldb/dataset.manifest")), before)
        self.edit(self.IMAGES, lambda b: b[:-1] + b"\x00")
        self.succeeds("data", "import", "idx", "source", "--out", "small.ldb", "--replace")
        self.assertNotEqual(harness.read_file(self.path("small.ldb/dataset.manifest")), before)
        self.succeeds("data", "verify", "small.ldb")

    def test_what_is_no_dataset_is_never_replaced(self):
        self.refuses(EXISTS, "data", "import", "idx", "source", "--out", "source", "--replace",
                     says=["'source'"])

    def test_a_compressed_source_gives_the_same_samples(self):
        self.edit(self.IMAGES, gzip.compress)
        os.rename(self.path(self.IMAGES), self.path(self.IMAGES + ".gz"))
        self.succeeds("data", "import", "idx", "source", "--out", "gz.ldb", "--shard-size", 16)
        self.assertEqual(self.succeeds("data", "show", "gz.ldb", 77).out,
                         self.succeeds("data", "show", "small.ldb", 77).out)


class SplitsTest(harness.CliTest):
    """Splits that do not belong together."""

    def write_test_split(self, side, labels):
        os.remove(self.path("source/t10k-images-idx3-ubyte.gz"))
        count = len(labels)
        harness.write_file(self.path("source/t10k-images-idx3-ubyte"),
                           struct.pack(">IIII", 0x803, count, side, side) + bytes(count * side**2))
        harness.write_file(self.path("source/t10k-labels-idx1-ubyte"),
                           struct.pack(">II", 0x801, count) + bytes(labels))

    def test_of_different_sizes_are_told_of_and_imported(self):
        self.write_test_split(32, range(10))
        told = self.succeeds("data", "import", "idx", "source", "--out", "new.ldb").err
        self.assertIn("warning: split 'test' has images of 32 x 32 x 1 (H W C) and split 'train' has "
                      "images of 28 x 28 x 1", told)
        self.succeeds("data", "verify", "new.ldb")

    def test_with_other_labels_are_told_of_and_imported(self):
        self.write_test_split(28, [0, 1, 12])
        told = self.succeeds("data", "import", "idx", "source", "--out", "new.ldb").err
        self.assertIn("warning: no split has a sample of 2 classes: '10', '11'", told)
        self.assertIn("warning: split 'test' has samples, and split 'train' none, of class '12'",
                      told)
        self.assertIn("warning: split 'test' has no sample, and split 'train' some, of 8 classes",
                      told)


if __name__ == "__main__":
    harness.main()

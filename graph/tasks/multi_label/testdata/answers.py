#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what scikit-learn says of the scores in multi_label_test.cc (Debian's python3-sklearn)."""
import numpy
from sklearn.metrics import average_precision_score, f1_score, precision_recall_fscore_support

SCORES = numpy.array([[2.0, -1, 0.5, -3], [1.0, -1, 0.5, -2], [1.0, 3, -0.5, -1], [-0.5, 0, 0.5, -4],
                      [0.0, 0.25, -2, -0.5], [1.0, -1, 4, -1]])
LABELS = numpy.array([[1, 0, 1, 0], [0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]])

print("map", average_precision_score(LABELS, SCORES, average="macro"))
print("ap", [float(average_precision_score(LABELS[:, i], SCORES[:, i])) for i in range(4)])
for threshold in (0.5, 0.7):
    taken = (1 / (1 + numpy.exp(-SCORES)) >= threshold).astype(int)
    print(threshold, "micro_f1", f1_score(LABELS, taken, average="micro", zero_division=0))
    print(threshold, "macro_f1", f1_score(LABELS, taken, average="macro", zero_division=0))
    print(threshold, "precision, recall, f1, support",
          [a.tolist() for a in precision_recall_fscore_support(LABELS, taken, zero_division=0)])

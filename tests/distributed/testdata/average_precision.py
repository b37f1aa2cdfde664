#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Average precision as scikit-learn has it, for toy_test.cc: one case after the other, of a line with the value
and the number of samples, then a line with score and truth of each. Scores of a case all differ.

Usage: python3 average_precision.py > average_precision.txt
"""
import numpy as np
from sklearn.metrics import average_precision_score


def main():
    random = np.random.RandomState(5)
    for samples, share in ((1, 1.0), (7, 0.5), (97, 0.1), (200, 0.4)):
        scores = random.permutation(samples) / 8.0 - 3.0
        truth = (random.rand(samples) < share).astype(int)
        truth[0] = 1
        print("%.17g %d" % (average_precision_score(truth, scores), samples))
        for score, positive in zip(scores, truth):
            print("%.17g %d" % (score, positive))


main()

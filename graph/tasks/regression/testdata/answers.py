#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what scikit-learn says of the numbers in regression_test.cc (Debian's python3-sklearn)."""
import numpy
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

TARGETS = numpy.array([[1.0, 5, 3], [2.0, 5, 1], [4.0, 5, -2], [-1.0, 5, 0.5], [0.5, 5, 7]])
PREDICTIONS = numpy.array([[1.5, 5, 2], [1.0, 5.5, 1], [4.25, 5, -1], [0.0, 5, 0.25], [0.5, 4.0, 6]])

print("r2", r2_score(TARGETS, PREDICTIONS), r2_score(TARGETS, PREDICTIONS, multioutput="raw_values").tolist())
print("mae", mean_absolute_error(TARGETS, PREDICTIONS),
      mean_absolute_error(TARGETS, PREDICTIONS, multioutput="raw_values").tolist())
print("rmse", mean_squared_error(TARGETS.ravel(), PREDICTIONS.ravel()) ** 0.5,
      numpy.sqrt(mean_squared_error(TARGETS, PREDICTIONS, multioutput="raw_values")).tolist())

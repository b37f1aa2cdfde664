#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the table of base/math_test.cc: arguments and the correctly rounded results.

Usage: python3 math_answers.py      (needs the PyPI package mpmath)
"""
import math

import mpmath

mpmath.mp.prec = 400

ARGUMENTS = {
    "Exp": [(x,) for x in (1.0, -1.0, 0.5, -0.3465735902799726, 2.0**-30, 10.1, -37.7, 700.25, 709.7,
                           -708.5, -740.0, -745.1)],
    "Log": [(x,) for x in (2.0, 0.5, 10.0, 1.0 + 2.0**-52, 1.0 - 2.0**-53, 0.7071067811865475,
                           1.4142135623730951, 3.0e-310, 5e-324, 1.7976931348623157e308, 2.0**-25)],
    "Sin": [(x,) for x in (0.5, -0.785398163397449, 1.0, 1.5707963267948966, 3.141592653589793,
                           6.283185307179586, -100.25, 12345.678, 1048575.9, 2.0**-40)],
    "Cos": [(x,) for x in (0.5, -0.785398163397449, 1.0, 1.5707963267948966, 3.141592653589793,
                           4.71238898038469, -100.25, 12345.678, 1048575.9, 2.0**-40)],
    "Tanh": [(x,) for x in (2.0**-40, 0.1, -0.5, 0.6249999999999999, 0.625, 1.0, -2.5, 7.0, 18.9,
                            21.9)],
    "Pow": [(0.9, 1.0), (0.9, 10.0), (0.999, 30000.0), (0.1, 3.0), (10.0, -3.0), (2.0, 0.5),
            (1.5, 1000.25), (0.3, -500.75), (1.0 + 2.0**-52, 2.0**55), (5e-324, 0.5),
            (-3.0, 5.0), (-3.0, -4.0), (7.25, -371.0)],
}
REFERENCE = {"Exp": mpmath.exp, "Log": mpmath.log, "Sin": mpmath.sin, "Cos": mpmath.cos,
             "Tanh": mpmath.tanh, "Pow": mpmath.power}


def round_to_double(value):
    """float() of mpmath is not trusted with subnormal results: scaled, it rounds twice."""
    if value != 0 and abs(value) < mpmath.mpf(2) ** -1022:
        return float(int(mpmath.nint(value * mpmath.mpf(2) ** 1074))) * 5e-324
    return float(value)


def main():
    for name, rows in ARGUMENTS.items():
        print(f"constexpr Answer k{name}Answers[] = {{")
        for row in rows:
            x = row[0]
            y = row[1] if len(row) > 1 else 0.0
            result = round_to_double(REFERENCE[name](*[mpmath.mpf(v) for v in row]))
            assert math.isfinite(result)
            print(f"    {{{x.hex()}, {y.hex()}, {result.hex()}}},")
        print("};")


if __name__ == "__main__":
    main()

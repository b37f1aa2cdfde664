#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a device compiler, keeps what it says in REPORT, and shows that only where it fails.
# Usage: device_compile.sh REPORT COMMAND...
report=$1
shift
"$@" > "$report" 2>&1 && exit 0
code=$?
cat "$report" >&2
exit "$code"

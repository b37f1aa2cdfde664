#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes sure that there is a CUDA compiler of version 13.0 or newer: does nothing where $CUDA_HOME or
# /usr/local/cuda has one, else installs the wheels of cuda_requirements.txt into a folder of their own,
# where CMake looks for them. scripts/setup.sh cuda calls this.
#
# Usage: scripts/setup_cuda.sh            the folder is $LOCKSTEP_CUDA_WHEELS,
#                                         or ~/.cache/lockstep/cuda-13.0 where that is not set
# Exit codes: 0 there is a compiler; 69 it cannot be installed; 75 the package index does not answer
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${LOCKSTEP_CUDA_WHEELS:-$HOME/.cache/lockstep/cuda-13.0}

say() { printf 'setup: %s\n' "$@" >&2; }

# Whether the nvcc at a path runs and is new enough.
new_enough() {
  local version
  [ -x "$1" ] || return 1
  version=$("$1" --version 2> /dev/null | sed -nE 's/.*release ([0-9]+)\..*/\1/p')
  [ -n "$version" ] && [ "$version" -ge 13 ]
}

for place in "${CUDA_HOME:+$CUDA_HOME/bin/nvcc}" /usr/local/cuda/bin/nvcc "$folder/nvidia/cu13/bin/nvcc"; do
  if [ -n "$place" ] && new_enough "$place"; then
    echo "setup: CUDA compiler: $place"
    exit 0
  fi
done

pip=(python3 -m pip --disable-pip-version-check)
"${pip[@]}" --version > /dev/null 2>&1 || pip=(/usr/bin/python3 -m pip --disable-pip-version-check)
if ! "${pip[@]}" --version > /dev/null 2>&1; then
  say "python3 has no pip, which installs the CUDA compiler: run apt-get install python3-pip, or set" \
    "CUDA_HOME to a CUDA toolkit of version 13.0 or newer"
  exit 69
fi

echo "setup: installing the CUDA 13.0 compiler into $folder"
mkdir -p "$folder"
if ! PIP_ROOT_USER_ACTION=ignore "${pip[@]}" install --quiet --no-deps --only-binary=:all: \
  --require-hashes --upgrade --target "$folder" -r "$here/cuda_requirements.txt" < /dev/null; then
  probe=$(mktemp -d)
  trap 'rm -rf "$probe"' EXIT
  if "${pip[@]}" download --quiet --no-deps --retries 1 --timeout 15 --dest "$probe" \
    iniconfig==2.0.0 < /dev/null > /dev/null 2>&1; then
    say "the package index answers, but the wheels of scripts/cuda_requirements.txt were not installed" \
      "(pip's message is above)"
    exit 69
  fi
  say "skipped: the package index does not answer, so there is no CUDA compiler; the build goes on" \
    "without CUDA"
  exit 75
fi
new_enough "$folder/nvidia/cu13/bin/nvcc" || {
  say "the nvcc in $folder/nvidia/cu13/bin does not run or is older than 13.0; remove the folder and" \
    "run this again"
  exit 69
}

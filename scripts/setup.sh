#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Lockstep needs on Debian 12 with apt. Does nothing where all of it is there. The group
# cuda is a compiler for GPU code, from PyPI where no CUDA toolkit is new enough (setup_cuda.sh).
#
# Usage: scripts/setup.sh [build] [test] [ci] [cuda]     default: build
set -euo pipefail

build_packages=(g++ cmake ninja-build ccache mold git python3 librocksdb-dev libspdlog-dev libfmt-dev
  libcli11-dev libtomlplusplus-dev libxxhash-dev nlohmann-json3-dev zlib1g-dev libgtest-dev
  libgmock-dev dataset-fashion-mnist libopenmpi-dev openmpi-bin libgrpc++-dev libprotobuf-dev
  protobuf-compiler protobuf-compiler-grpc libdnnl-dev libjpeg62-turbo-dev libpng-dev
  libarchive-dev libexpat1-dev)
test_packages=(python3-torch python3-torchvision python3-numpy python3-pil python3-sklearn slurm-wlm
  slurm-wlm-basic-plugins munge)
# clang-16 only recommends its runtime, which sanitizers and libFuzzer need;
# llvm-16 has the program that writes the lines of their reports.
ci_packages=(clang-16 libclang-rt-16-dev libomp-16-dev llvm-16 clang-format)

fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 69
}

wanted=("${build_packages[@]}")
cuda=false
for group in "$@"; do
  case "$group" in
    build) ;;
    test) wanted+=("${test_packages[@]}") ;;
    ci) wanted+=("${ci_packages[@]}") ;;
    cuda) cuda=true ;;
    *) fail "unknown group '$group'; expected build, test, ci or cuda" ;;
  esac
done

command -v dpkg-query > /dev/null || fail \
  "this script installs Debian packages, and this system has no dpkg" \
  "install the like of these by hand, then run cmake yourself: ${wanted[*]}"

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
install_cuda() {
  if [ "$cuda" = true ]; then "$(dirname "$0")/setup_cuda.sh"; fi
}
if [ ${#missing[@]} -eq 0 ]; then
  install_cuda
  exit
fi

echo "setup: installing ${missing[*]}"
. /etc/os-release
if [ "${ID:-}" != debian ] || [ "${VERSION_ID:-}" != 12 ]; then
  echo "setup: made for Debian 12; this is ${PRETTY_NAME:-unknown}: package names may differ" >&2
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo > /dev/null || fail "neither root nor sudo here; ask an administrator to run:" \
    "apt-get install --no-install-recommends ${missing[*]}"
  as_root=(sudo)
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get)
"${apt[@]}" update -q < /dev/null || fail "apt-get update failed: is there a network?" \
  "missing packages: ${missing[*]}"
"${apt[@]}" install -y -q --no-install-recommends "${missing[@]}" < /dev/null || fail \
  "apt-get install failed (its message is above)" "missing packages: ${missing[*]}"
install_cuda

#!/usr/bin/env bash
# Sets the machine up, builds to build/, shows which devices there are, and trains a small network on the real
# Fashion-MNIST images with the best of them. FERRULE_BACKEND chooses another.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

ferrule_packages "${FERRULE_PACKAGES[@]}"
ferrule_gpu_notes
ferrule_configure -DFERRULE_BUILD_TESTS=OFF -DFERRULE_BUILD_BENCH=OFF
ferrule_build
say "ferrule doctor"
build/bin/ferrule doctor
say "fashion_mnist --model mlp --epochs 1"
output=$(mktemp)
trap 'rm -f "$output"' EXIT
build/bin/fashion_mnist --model mlp --epochs 1 --json | tee "$output"
accuracy=$(tail -n 1 "$output" | sed -n 's/.*"test_accuracy": *\([0-9.]*\).*/\1/p')
backend=$(tail -n 1 "$output" | sed -n 's/.*"backend": *"\([^"]*\)".*/\1/p')
if [[ -z $accuracy ]]; then
  echo "demo: fashion_mnist printed no test accuracy" >&2
  exit 1
fi
say "trained on $backend: test accuracy $accuracy after one epoch"

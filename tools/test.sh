#!/usr/bin/env bash
# Sets the machine up, builds everything to build/ and runs every test. Arguments go to ctest: tools/test.sh -R loader
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

ferrule_packages "${FERRULE_PACKAGES[@]}" "${FERRULE_TEST_PACKAGES[@]}"
ferrule_gpu_notes
ferrule_configure -DFERRULE_BUILD_TESTS=ON
ferrule_build
say "testing"
ctest --test-dir build --output-on-failure --no-tests=error --parallel "$(nproc)" "$@"

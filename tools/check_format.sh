#!/usr/bin/env bash
# Checks that every C and C++ file is formatted as .clang-format says; exit code 77 (skipped) without clang-format 14.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tool=$(command -v clang-format-14 || command -v clang-format || true)
if [[ -z $tool ]] || ! "$tool" --version | grep -q 'version 14\.'; then
  echo "format: skipped, clang-format 14 was not found"
  exit 77
fi
find bench core examples loader plugin_api plugins tests tools \
  \( -name '*.h' -o -name '*.c' -o -name '*.cpp' \) -print0 | xargs -0 "$tool" --dry-run --Werror
echo "format: every file is formatted"

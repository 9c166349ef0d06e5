#!/usr/bin/env bash
# Shows that the layout pins notice: each kind of break is planted in a copy of the header, which must then not compile.
# Usage: break_layout_test.sh COMPILER FOLDER
set -euo pipefail
compiler=$1 folder=$2
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
failures=0

compiles() {
  "$compiler" -x c -std=c11 -fsyntax-only -I"$copy/include" -I"$copy" "$copy/tests/header_test.c" 2>/dev/null
}

# plant NAME SED: the changed header must differ from ours and be refused.
plant() {
  rm -rf "${copy:?}"/*
  cp -r "$folder/include" "$folder/tests" "$folder/layout_pins.h" "$copy/"
  sed -i "$2" "$copy/include/ferrule/plugin.h"
  if cmp -s "$folder/include/ferrule/plugin.h" "$copy/include/ferrule/plugin.h"; then
    echo "FAILED: $1 changed nothing"
    failures=$((failures + 1))
  elif compiles; then
    echo "FAILED: $1 was not noticed"
    failures=$((failures + 1))
  else
    echo "noticed: $1"
  fi
}

cp -r "$folder/include" "$folder/tests" "$folder/layout_pins.h" "$copy/"
compiles || { echo "FAILED: the header itself does not compile"; exit 1; }
plant "a field inserted" 's/^  uint64_t scratch_offset, scratch_bytes;/  uint64_t inserted;\n&/'
plant "two fields reordered" 's/uint64_t scratch_offset, scratch_bytes;/uint64_t scratch_bytes, scratch_offset;/'
plant "a field widened" 's/^  uint32_t warp_width;/  uint64_t warp_width;/'
plant "a field removed" 's/^  uint32_t warp_width;.*//'
plant "a field renamed" 's/^  uint32_t warp_width;/  uint32_t wave_width;/'
plant "a slot inserted" 's/^  void(FRL_CALL\* stream_destroy)(frl_stream\*);/  void(FRL_CALL* stream_new)(frl_stream*);\n&/'
plant "a limit changed" 's/#define FRL_MAX_DIMS 10/#define FRL_MAX_DIMS 12/'
((failures == 0))

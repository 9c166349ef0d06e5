#!/usr/bin/env bash
# compile_headers.sh COMPILER STANDARD FOLDER: compiles header_test.c, and each public header by itself, as one language.
set -euo pipefail
compiler=$1 standard=$2 folder=$3
if ! command -v "$compiler" >/dev/null; then
  echo "skipped: no $compiler here"
  exit 77
fi
language=c
if [[ $standard == c++* ]]; then language=c++; fi
flags=(-x "$language" "-std=$standard" -Wall -Wextra -Wpedantic -Wconversion -Werror -fsyntax-only -I"$folder/include" -I"$folder")
"$compiler" "${flags[@]}" "$folder/tests/header_test.c"
for header in plugin.h op_attrs.h plugin_entry.h; do
  printf '#include "ferrule/%s"\n' "$header" | "$compiler" "${flags[@]}" -
done
echo "$compiler accepts the headers as $standard"

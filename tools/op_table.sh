#!/usr/bin/env bash
# Writes docs/ops.md from ops.def; with --check only compares (exit code 1 when it is out of date).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

table() {
  cat <<'END'
# The ops of the plugin ABI

Written by `tools/op_table.sh` from [ops.def](../plugin_api/include/ferrule/ops.def); a test keeps it up to date. Operands and attributes are
described in [op_attrs.h](../plugin_api/include/ferrule/op_attrs.h), values and tolerances in [numerics.md](numerics.md). Version 0 is
provisional. Dtypes: ALL = every one, NUM = all but bool, REALS = all but complex, RNUM = all but bool and complex, INTS = integers,
BITS = integers and bool, FLT = f16 bf16 f32 f64, INEXACT = FLT and complex64, CPLX = complex64, B = bool.

| code | op | version | inputs | outputs | attributes | profile | flags | dtypes | result | judged by |
|---|---|---|---|---|---|---|---|---|---|---|
END
  sed -n 's/^FRL_OP(\(.*\))$/\1/p' plugin_api/include/ferrule/ops.def | awk -F', *' '{
    inputs = $4 == $5 ? $4 : $4 " to " $5
    attrs = $7 == "none" ? "" : "`frl_" $7 "_attrs`"
    flags = $9 == "NOFLAGS" ? "" : tolower($9); gsub(/ *\| */, ", ", flags)
    judged = $12 == "ULP" ? ($13 == 0 ? "correct rounding" : $13 " ulp") : tolower($12)
    printf "| %s | `%s` | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", $1, $2, $3, inputs, $6, attrs, tolower($8), flags, $10,
      tolower($11), judged
  }'
}

if [[ ${1:-} == --check ]]; then
  if ! diff <(table) docs/ops.md >/dev/null; then
    echo "docs/ops.md is out of date: run tools/op_table.sh" >&2
    exit 1
  fi
  echo "docs/ops.md is up to date"
else
  table >docs/ops.md
fi

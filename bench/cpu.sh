#!/usr/bin/env bash
# Runs ferrule-bench on the cpu backend and its peers (PyTorch, MLX, NumPy from PyPI, in a virtual environment under build/)
# on this machine, one after the other, and prints one table with ratios.
#   bench/cpu.sh [--only TEXT] [--seconds S] [--no-peers]
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in -h|--help) sed -n '2,4p' "$0"; exit 0;; esac
peers=1 args=()
for a in "$@"; do if [ "$a" = --no-peers ]; then peers=0; else args+=("$a"); fi; done

bench=build/bin/ferrule-bench
[ -x "$bench" ] || { echo "cpu.sh: $bench is missing; run tools/demo.sh or cmake --build build first" >&2; exit 1; }
out=build/bench; mkdir -p "$out"
threads=$(nproc)
files=("$out/ferrule.jsonl")
FERRULE_BACKEND=cpu OMP_NUM_THREADS=$threads "$bench" --json "${args[@]}" > "$out/ferrule.jsonl"
if [ $peers = 1 ]; then
  venv=build/bench/venv
  if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet numpy torch "mlx[cpu]"
  fi
  for peer in torch mlx numpy; do
    OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads "$venv/bin/python" "bench/peers/cpu_$peer.py" "${args[@]}" > "$out/$peer.jsonl" ||
      echo "cpu.sh: $peer stopped early; its missing rows stay empty" >&2
    files+=("$out/$peer.jsonl")
  done
fi
python3 bench/compare.py "${files[@]}"

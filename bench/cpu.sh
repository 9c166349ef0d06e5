#!/usr/bin/env bash
# Runs `ferrule bench --suite performance` on the cpu backend and its peers (PyTorch, MLX, NumPy from PyPI, in a virtual environment under build/)
# on this machine, one after the other, and prints one table with ratios.
#   bench/cpu.sh [--only TEXT] [--seconds S] [--no-peers]
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in -h|--help) sed -n '2,4p' "$0"; exit 0;; esac
peers=1 args=() own=()
while (($#)); do
  case $1 in
    --no-peers) peers=0; shift ;;
    --only) args+=(--only "$2"); own+=(--filter "$2"); shift 2 ;;
    --seconds) args+=(--seconds "$2"); own+=(--seconds "$2"); shift 2 ;;
    *) echo "cpu.sh: got $1; see cpu.sh --help" >&2; exit 2 ;;
  esac
done

program=build/bin/ferrule
[ -x "$program" ] || { echo "cpu.sh: $program is missing; run tools/demo.sh or cmake --build build first" >&2; exit 1; }
out=build/bench; mkdir -p "$out"
threads=$(nproc)
files=("$out/ferrule.json" "$out/floor.jsonl")
"$program" bench --suite performance --backend cpu --seconds 1 "${own[@]}" --json > "$out/ferrule.json"
OMP_NUM_THREADS=$threads build/bin/cpu_floors > "$out/floor.jsonl"
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

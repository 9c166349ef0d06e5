#!/usr/bin/env bash
# Runs `ferrule bench --suite performance` on a GPU backend and its peers (PyTorch, JAX, CuPy: whichever this python3 has), one
# after the other on the same GPU, and prints one table with ratios; build/bench/gpu.html is the same with a chart.
#   bench/gpu.sh [--backend cuda] [--only TEXT] [--seconds S] [--no-peers] [--out DIR]
# FERRULE_BIN names another folder with the program `ferrule`.
set -euo pipefail
cd "$(dirname "$0")/.."
backend=cuda only= seconds=0.3 peers=1 out=build/bench
while (($#)); do
  case $1 in
    -h | --help) sed -n '2,5p' "$0"; exit 0 ;;
    --backend) backend=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --no-peers) peers=0; shift ;;
    *) echo "gpu.sh: got $1; see gpu.sh --help" >&2; exit 2 ;;
  esac
done
program=${FERRULE_BIN:-build/bin}/ferrule
[[ -x $program ]] || { echo "gpu.sh: $program is missing; run tools/demo.sh or cmake --build build first" >&2; exit 1; }
mkdir -p "$out"
files=("$out/ferrule.json")
status=0
"$program" bench --suite performance --backend "$backend" --filter "$only" --seconds "$seconds" --json >"$out/ferrule.json" || status=$?
if ((peers)); then
  for peer in torch jax cupy; do
    if ! python3 -c "import $peer" 2>/dev/null; then echo "gpu.sh: $peer is not installed; its columns stay empty" >&2; continue; fi
    python3 "bench/peers/gpu_$peer.py" --only "$only" --seconds "$seconds" >"$out/$peer.jsonl" ||
      echo "gpu.sh: $peer stopped early; its missing rows stay empty" >&2
    files+=("$out/$peer.jsonl")
  done
fi
python3 bench/compare.py "${files[@]}" --html "$out/gpu.html"
exit $status

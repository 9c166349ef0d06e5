#!/usr/bin/env bash
# Everything that a GPU backend has to show on a real GPU, one step after the other, with a table at the end: conformance,
# compute-sanitizer, threads and processes at once, memory limits, training to the accuracies of the cpu, a soak, managed
# memory and the forced memory branches.
#   tools/prove_gpu.sh [--backend cuda] [--bin DIR] [--data DIR] [--out DIR] [--only TEXT] [--skip TEXT] [--epochs N]
# Exit status 1 when a step failed. DIR/<step>.log holds each step's output, DIR/proof.json the table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
backend=cuda bin=build/bin data=/usr/share/datasets/fashion-mnist out=build/proof only= skip=' ' epochs=10
while (($#)); do
  case $1 in
    -h | --help) sed -n '2,6p' "$0"; exit 0 ;;
    --backend) backend=$2; shift 2 ;;
    --bin) bin=$2; shift 2 ;;
    --data) data=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    --skip) skip=$2; shift 2 ;;
    --epochs) epochs=$2; shift 2 ;;
    *) echo "prove_gpu.sh: got $1; see prove_gpu.sh --help" >&2; exit 2 ;;
  esac
done
[[ -x $bin/ferrule-conformance ]] || { echo "prove_gpu.sh: $bin/ferrule-conformance is missing; build first" >&2; exit 1; }
mkdir -p "$out"
rows=() failed=0
prefix=FERRULE_${backend^^}_

# step NAME COMMAND...: runs it, keeps its output, its time and its last line.
step() {
  local name=$1 begin end rc=0
  shift
  if [[ $name != *"$only"* || $name == *"$skip"* ]]; then return; fi
  begin=$(date +%s.%N)
  "$@" >"$out/$name.log" 2>&1 || rc=$?
  end=$(date +%s.%N)
  local seconds last verdict=ok
  seconds=$(awk -v a="$begin" -v b="$end" 'BEGIN {printf "%.1f", b - a}')
  last=$(grep -v '^[[:space:]]*$' "$out/$name.log" | tail -1 | tr -d '"\\' | cut -c1-140)
  if ((rc != 0)); then verdict="failed ($rc)" failed=1; fi
  printf '%-34s %-12s %7s s  %s\n' "$name" "$verdict" "$seconds" "$last"
  rows+=("{\"step\": \"$name\", \"exit\": $rc, \"seconds\": $seconds, \"last_line\": \"$last\"}")
}

# accuracy MODEL LEAST: trains and compares the test accuracy; no op may fall back.
accuracy() {
  FERRULE_BACKEND=$backend "$bin/fashion_mnist" --model "$1" --epochs "$epochs" --data "$data" --json | tee "$out/$1.txt"
  tail -1 "$out/$1.txt" | python3 -c "
import json, sys
got = json.loads(sys.stdin.readline())
print(got['backend'], got['model'], 'accuracy', got['test_accuracy'], 'expected at least $2, fallbacks', got['fallbacks'],
      '%.2f s per epoch' % got['seconds_per_epoch'])
sys.exit(got['test_accuracy'] < $2 or got['fallbacks'] != 0)"
}

sanitized() { # TOOL FILTER SHARD
  compute-sanitizer --tool "$1" --error-exitcode 9 "$bin/ferrule-conformance" --backend "$backend" --filter "$2" --shard "$3"
}

two_processes() {
  local first=0
  "$bin/ferrule-soak" --backend "$backend" --ops 200000 --allocations 20000 --threads 8 &
  "$bin/ferrule-soak" --backend "$backend" --ops 200000 --allocations 20000 --threads 8
  wait $! || first=$?
  return $first
}

step conformance "$bin/ferrule-conformance" --backend "$backend" --profile train --report "$out/conformance"
step soak "$bin/ferrule-soak" --backend "$backend" --ops 1000000 --allocations 100000 --threads 8
step two-processes two_processes
step accuracy-logreg accuracy logreg 0.84
step accuracy-mlp accuracy mlp 0.885
step accuracy-cnn accuracy cnn 0.91
step managed-memory env FERRULE_MEMORY=managed FERRULE_BACKEND="$backend" "$bin/fashion_mnist" --model mlp --epochs 1 --data "$data" --json
step forced-integrated env "${prefix}FORCE_INTEGRATED=1" "$bin/ferrule-conformance" --backend "$backend" --shard 1/8
step forced-integrated-training env "${prefix}FORCE_INTEGRATED=1" FERRULE_BACKEND="$backend" "$bin/fashion_mnist" --model mlp --epochs 1 --data "$data" --json
step forced-no-concurrent-managed env "${prefix}FORCE_NO_CONCURRENT_MANAGED=1" "$bin/ferrule-conformance" --backend "$backend" --profile runtime
step forced-no-managed-training env "${prefix}FORCE_NO_CONCURRENT_MANAGED=1" FERRULE_BACKEND="$backend" "$bin/fashion_mnist" --model mlp --epochs 1 --data "$data" --json
if command -v compute-sanitizer >/dev/null; then
  step sanitizer-memcheck sanitized memcheck '!large/*' 1/60
  step sanitizer-racecheck sanitized racecheck '!large/*' 2/120
  step sanitizer-initcheck sanitized initcheck '!large/*' 3/120
  step sanitizer-synccheck sanitized synccheck '!large/*' 4/120
else
  echo "compute-sanitizer: skipped, it is not installed"
fi
printf '{"backend": "%s", "steps": [%s]}\n' "$backend" "$(IFS=,; echo "${rows[*]}")" >"$out/proof.json"
exit $failed

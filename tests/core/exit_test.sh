#!/usr/bin/env bash
# exit_test.sh PROGRAM WHAT RUNS: each run of a program that leaves work behind must end by itself, with status 0.
# Threads that still hold arrays keep the device open, which is no leak.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
program=$1 what=$2 runs=$3 failures=0
for ((i = 0; i < runs; ++i)); do
  timeout -k 1 20 "$program" "$what" && continue
  echo "run $i of '$what': got exit status $?, expected 0"
  failures=$((failures + 1))
done
exit $((failures > 0))

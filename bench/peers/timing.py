"""Times a peer's workloads as `ferrule bench --suite performance` does: warm-up runs, then the median of runs (on a GPU: of
groups of runs with one wait at the end) over about `budget` seconds. Prints JSON lines."""

import argparse
import json
import statistics
import sys
import time

SCALE = {"us": 1e6, "M/s": 1e-6, "steps/s": 1.0, "TFLOP/s": 1e-12}
GROUP_SECONDS = 0.02


def main(peer, workloads, wait=None):
    """workloads: {name: (unit, work, prepare)}; prepare() returns the function to time, which waits for its result
    unless `wait` is given: then it only submits, and wait(last result) waits."""
    parser = argparse.ArgumentParser(description=f"Times {peer} on the workloads of docs/performance.md.")
    parser.add_argument("--only", default="", help="run the workloads whose name contains this text")
    parser.add_argument("--seconds", type=float, default=1.0, help="time to spend on each workload")
    args = parser.parse_args()
    for name, (unit, work, prepare) in workloads.items():
        if args.only not in name:
            continue
        try:
            seconds, runs = measure(prepare(), args.seconds, wait)
        except Exception as error:  # a peer that cannot run a row leaves it empty
            print(f"{peer}: {name}: {str(error).splitlines()[0] if str(error) else repr(error)}", file=sys.stderr)
            continue
        value = seconds / work * 1e6 if unit == "us" else work / seconds * SCALE.get(unit, 1e-9)
        print(json.dumps({"peer": peer, "name": name, "unit": unit, "value": value, "seconds": seconds,
                          "runs": runs}), flush=True)


def measure(run, budget, wait):
    group = 1

    def time_group():
        begin = time.perf_counter()
        for _ in range(group):
            result = run()
        if wait:
            wait(result)
        return time.perf_counter() - begin

    for _ in range(3):
        time_group()
    if wait:
        group = int(min(max(GROUP_SECONDS / time_group(), 1), 20000))
        time_group()
    times = []
    total = 0.0
    while total < budget or len(times) < 5:
        seconds = time_group()
        total += seconds
        times.append(seconds / group)
    return statistics.median(times), len(times) * group

"""Times a peer's workloads as ferrule-bench does: 3 warm-up runs, then the median of runs over about `budget` seconds."""

import argparse
import json
import statistics
import time


def main(peer, workloads):
    """workloads: {name: (unit, work, prepare)}; prepare() returns the function to time."""
    parser = argparse.ArgumentParser(description=f"Times {peer} on the workloads of docs/performance.md.")
    parser.add_argument("--only", default="", help="run the workloads whose name contains this text")
    parser.add_argument("--seconds", type=float, default=1.0, help="time to spend on each workload")
    args = parser.parse_args()
    scale = {"us": 1e6, "M/s": 1e-6, "steps/s": 1.0}
    for name, (unit, work, prepare) in workloads.items():
        if args.only not in name:
            continue
        run = prepare()
        for _ in range(3):
            run()
        times = []
        while sum(times) < args.seconds or len(times) < 5:
            begin = time.perf_counter()
            run()
            times.append(time.perf_counter() - begin)
        seconds = statistics.median(times)
        value = seconds / work * 1e6 if unit == "us" else work / seconds * scale.get(unit, 1e-9)
        print(json.dumps({"peer": peer, "name": name, "unit": unit, "value": value, "seconds": seconds,
                          "runs": len(times)}), flush=True)

#!/usr/bin/env python3
"""Turns the JSON lines of ferrule-bench and its peers into one Markdown table with ratios (above 1: ferrule is faster)."""

import json
import sys

PEERS = ["floor", "torch", "mlx", "numpy"]


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print("usage: compare.py RESULTS.jsonl ...", file=sys.stderr)
        return 2
    table, order, units = {}, [], {}
    for path in sys.argv[1:]:
        for line in open(path, encoding="utf-8"):
            row = json.loads(line)
            name, peer = row["name"], row["peer"]
            if name.endswith(" (floor)"):
                name, peer = name.removesuffix(" (floor)"), "floor"
            table.setdefault(name, {})[peer] = row["value"]
            units[name] = row["unit"]
            if peer == "ferrule" and name not in order:
                order.append(name)
    # every bandwidth row may be read against the plain copy
    copy = table.get("copy", {}).get("floor")
    print("| workload | unit | ferrule | " + " | ".join(PEERS) + " | " + " | ".join("vs " + p for p in PEERS) + " |")
    print("|---|---|" + "---|" * (1 + 2 * len(PEERS)))
    for name in order:
        row, unit = table[name], units[name]
        if unit == "GB/s" and copy and "floor" not in row:
            row["floor"] = copy
        mine = row["ferrule"]
        values = [f"{row[p]:.4g}" if p in row else "" for p in PEERS]
        ratio = (lambda p: row[p] / mine) if unit == "us" else (lambda p: mine / row[p])
        ratios = [f"{ratio(p):.2f}" if p in row else "" for p in PEERS]
        print(f"| {name} | {unit} | {mine:.4g} | " + " | ".join(values) + " | " + " | ".join(ratios) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

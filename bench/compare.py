#!/usr/bin/env python3
"""Joins the results of `ferrule bench --suite performance --json` and of its peers (JSON lines) into one table with
ratios: above 1, ferrule is faster. Prints Markdown, or with --json one object; --html writes a page with a chart."""

import argparse
import html
import json
import sys

KNOWN_PEERS = ["floor", "torch", "jax", "cupy", "mlx", "numpy"]


def read(path):
    """The rows of a file: one JSON object with `rows`, or JSON lines."""
    text = open(path, encoding="utf-8").read()
    try:
        document = json.loads(text)
        return document["rows"] if "rows" in document else [document], document.get("device")
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()], None


def join(paths):
    values, order, units, ceilings, device = {}, [], {}, {}, None
    for path in paths:
        rows, from_file = read(path)
        device = device or from_file
        for row in rows:
            if "value" not in row:
                continue
            name, peer = row["name"], row["peer"]
            values.setdefault(name, {})[peer] = row["value"]
            units[name] = row["unit"]
            if "percent" in row:
                ceilings[name] = f"{row['percent']:.0f} % of {row['ceiling']}"
            if name not in order:
                order.append(name)
    # every bandwidth may be read against the plain copy
    copy = values.get("copy", {}).get("floor")
    table = []
    for name in order:
        found = values[name]
        if "ferrule" not in found:
            continue
        if units[name] == "GB/s" and copy and "floor" not in found:
            found["floor"] = copy
        mine = found["ferrule"]
        ratios = {peer: (value / mine if units[name] == "us" else mine / value)
                  for peer, value in found.items() if peer != "ferrule"}
        table.append({"name": name, "unit": units[name], "ceiling": ceilings.get(name, ""), "values": found,
                      "ratios": ratios})
    peers = [p for p in KNOWN_PEERS if any(p in row["values"] for row in table)]
    return {"device": device, "peers": peers, "rows": table}


def markdown(result):
    peers = result["peers"]
    lines = ["| workload | unit | ferrule | of the ceiling | " + " | ".join(peers) + " | "
             + " | ".join("vs " + p for p in peers) + " |", "|---" * (4 + 2 * len(peers)) + "|"]
    for row in result["rows"]:
        cells = [row["name"], row["unit"], f"{row['values']['ferrule']:.4g}", row["ceiling"]]
        cells += [f"{row['values'][p]:.4g}" if p in row["values"] else "" for p in peers]
        cells += [f"{row['ratios'][p]:.2f}" if p in row["ratios"] else "" for p in peers]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


STYLE = """
:root { --ink: #1c2430; --muted: #667085; --grid: #e4e7ec; --bar: #2f6fde; --behind: #c2410c; --page: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --muted: #98a2b3; --grid: #344054; --bar: #6ea0ff; --behind: #fb923c; --page: #12161d; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2rem auto; max-width: 70rem;
  padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: 0; } p { color: var(--muted); margin-top: .3rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin-top: 1.5rem; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--grid); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { color: var(--muted); font-weight: 600; }
td.behind { color: var(--behind); font-weight: 600; } figure { margin: 1.5rem 0; overflow-x: auto; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; } svg .muted { fill: var(--muted); }
"""


def chart(result):
    """Ferrule against the best peer of each row, as bars on a logarithmic scale around 1."""
    import math
    bars = []
    for row in result["rows"]:
        ratios = {p: r for p, r in row["ratios"].items() if p != "floor"}
        if ratios:
            peer = min(ratios, key=ratios.get)
            bars.append((row["name"], peer, ratios[peer]))
    if not bars:
        return ""
    left, width, step = 290, 560, 24
    reach = max(1.0, max(abs(math.log2(r)) for _, _, r in bars))
    middle, unit = left + width / 2, width / 2 / reach
    height = step * len(bars) + 40
    out = [f'<svg viewBox="0 0 {left + width + 130} {height}" width="{left + width + 130}" height="{height}" role="img" '
           'aria-label="Speed of ferrule against the fastest peer of each workload">']
    for power in range(-math.floor(reach), math.floor(reach) + 1):
        x = middle + power * unit
        label = f"{2**power}×" if power >= 0 else f"1/{2**-power}×"
        out.append(f'<line x1="{x}" x2="{x}" y1="22" y2="{height}" stroke="var(--grid)" stroke-width="{2 if power == 0 else 1}"/>'
                   f'<text class="muted" x="{x}" y="14" text-anchor="middle">{label}</text>')
    for i, (name, peer, ratio) in enumerate(bars):
        y, length = 30 + i * step, abs(math.log2(ratio)) * unit
        x = middle if ratio >= 1 else middle - length
        colour = "var(--bar)" if ratio >= 1 else "var(--behind)"
        out.append(f'<text x="{left - 12}" y="{y + 13}" text-anchor="end">{html.escape(name)}</text>'
                   f'<rect x="{x}" y="{y}" width="{max(length, 1)}" height="{step - 8}" rx="2" fill="{colour}"/>'
                   f'<text class="muted" x="{left + width + 10}" y="{y + 13}">{ratio:.2f}× {html.escape(peer)}</text>')
    return "<figure>" + "".join(out) + "</svg></figure>"


def page(result):
    peers = result["peers"]
    head = "".join(f"<th>{html.escape(h)}</th>" for h in
                   ["workload", "unit", "ferrule", "of the ceiling", *peers, *("vs " + p for p in peers)])
    body = []
    for row in result["rows"]:
        cells = [f"<td>{html.escape(row['name'])}</td>", f"<td>{html.escape(row['unit'])}</td>",
                 f"<td>{row['values']['ferrule']:.4g}</td>", f"<td>{html.escape(row['ceiling'])}</td>"]
        cells += [f"<td>{row['values'][p]:.4g}</td>" if p in row["values"] else "<td></td>" for p in peers]
        for p in peers:
            ratio = row["ratios"].get(p)
            mark = ' class="behind"' if ratio is not None and ratio < 0.995 and p != "floor" else ""
            cells.append(f"<td{mark}>{ratio:.2f}</td>" if ratio is not None else "<td></td>")
        body.append("<tr>" + "".join(cells) + "</tr>")
    title = "Ferrule beside its peers" + (f" on {result['device']}" if result["device"] else "")
    return (f"<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
            f"<title>{html.escape(title)}</title><style>{STYLE}</style><h1>{html.escape(title)}</h1>"
            "<p>One run on one machine. Ratios above 1: ferrule is faster. The chart shows the fastest peer of each workload.</p>"
            f"{chart(result)}<div style='overflow-x:auto'><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table></div></html>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+", help="files of ferrule's and the peers' results")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of Markdown")
    parser.add_argument("--html", metavar="FILE", help="also write a page with a chart")
    args = parser.parse_args()
    try:
        result = join(args.results)
    except (OSError, KeyError, ValueError) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 1
    if args.html:
        with open(args.html, "w", encoding="utf-8") as out:
            out.write(page(result))
    print(json.dumps(result, indent=2) if args.json else markdown(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())

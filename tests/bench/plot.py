# SPDX-License-Identifier: MIT
"""The plot of the page: how the cost of a round trip grows with the number of peers. Plain SVG."""

import math

WIDTH, HEIGHT = 760, 340
PANELS = [("IPv4", 56), ("IPv6", 416)]
PANEL_WIDTH, TOP, BOTTOM = 320, 44, 268
SERIES = [("again", "native", "by hand"), ("preload", "preload", "preload"), ("bpf", "bpf", "BPF")]
STYLE = """
text { font: 12px sans-serif; fill: #24292f; }
.title { font-weight: bold; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.native { stroke: #57606a; fill: #57606a; }
.preload { stroke: #0969da; fill: #0969da; }
.bpf { stroke: #bc4c00; fill: #bc4c00; }
path { fill: none; stroke-width: 2; }
.spread { stroke-width: 1; }
@media (prefers-color-scheme: dark) {
	text { fill: #e6edf3; }
	.grid { stroke: #3d444d; }
	.native { stroke: #9198a1; fill: #9198a1; }
	.preload { stroke: #58a6ff; fill: #58a6ff; }
	.bpf { stroke: #f0883e; fill: #f0883e; }
	path { fill: none; }
}
"""


def rows_of(results, family):
    return [row for row in results["growth"]
            if row["family"] == family and row["table"] == 65536 and "peers" in row["what"]]


def bounds(results):
    """The lowest and the highest tenth that the plot shows."""
    quartiles = [row["whole"]["ratio"][side] for family, _ in PANELS
                 for row in rows_of(results, family)
                 for side, _, _ in SERIES if side in row["whole"]["ratio"]]
    return (math.floor(min(low for low, _, _ in quartiles) * 20) / 20,
            math.ceil(max(high for _, _, high in quartiles) * 20) / 20)


def show_peers(peers):
    return str(peers) if peers < 1000 else f"{peers // 1000}k" if peers < 1000000 else "1M"


def panel(results, family, left, low, high):
    rows = rows_of(results, family)
    first, last = math.log(rows[0]["peers"]), math.log(rows[-1]["peers"])
    lines = [f'<text class="title" x="{left}" y="20">{family}</text>']

    def x_of(peers):
        return left + (math.log(peers) - first) / (last - first) * PANEL_WIDTH

    def y_of(ratio):
        return BOTTOM - (ratio - low) / (high - low) * (BOTTOM - TOP)

    steps = round((high - low) / 0.05)
    every = 1 if steps <= 8 else 2
    for step in range(0, steps + 1, every):
        ratio = low + step * 0.05
        y = y_of(ratio)
        lines.append(f'<line class="grid" x1="{left}" x2="{left + PANEL_WIDTH}" '
                     f'y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{ratio:.2f}</text>')
    for row in rows:
        lines.append(f'<text x="{x_of(row["peers"]):.1f}" y="{BOTTOM + 20}" '
                     f'text-anchor="middle">{show_peers(row["peers"])}</text>')
    for side, style, _ in SERIES:
        points = [(x_of(row["peers"]), *map(y_of, row["whole"]["ratio"][side]))
                  for row in rows if side in row["whole"]["ratio"]]
        if not points:
            continue
        path = " L ".join(f"{x:.1f} {y:.1f}" for x, _, y, _ in points)
        lines.append(f'<path class="{style}" d="M {path}"/>')
        for x, begin, y, end in points:
            lines.append(f'<line class="{style} spread" x1="{x:.1f}" x2="{x:.1f}" '
                         f'y1="{begin:.1f}" y2="{end:.1f}"/>')
            lines.append(f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>')
    return lines


def legend():
    lines, x = [], PANELS[0][1]
    for _, style, name in SERIES:
        lines.append(f'<line class="{style}" stroke-width="2" x1="{x}" x2="{x + 24}" '
                     f'y1="{HEIGHT - 20}" y2="{HEIGHT - 20}"/>')
        lines.append(f'<text x="{x + 30}" y="{HEIGHT - 16}">{name}</text>')
        x += 60 + 8 * len(name)
    lines.append(f'<text x="{x}" y="{HEIGHT - 16}">time of a request and its reply, by hand = 1; '
                 f'peers across</text>')
    return lines


def write(path, results):
    low, high = bounds(results)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             f'width="{WIDTH}" height="{HEIGHT}" role="img">',
             "<title>Cost of a request and its reply by number of peers, compared with a server "
             "that does IP_PKTINFO by hand</title>",
             f"<style>{STYLE}</style>"]
    for family, left in PANELS:
        lines += panel(results, family, left, low, high)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, *legend(), "</svg>", ""]))

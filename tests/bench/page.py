# SPDX-License-Identifier: MIT
"""The results as tables for people, and as docs/performance.md."""

import os
import statistics

from figures import quartiles, show_difference, show_median, show_ns, show_ratio, table

HERE = os.path.dirname(os.path.abspath(__file__))


def ratios(row, side, part="served", show=show_ratio):
    """A cell: the ratio of a side, if it was measured."""
    figures = row.get(part, row["served"])["ratio"].get(side)
    return show(figures) if figures else ""


def compared(row):
    """Noise, and both engines' ratios: the library's of the server's work and of the whole."""
    return [ratios(row, "again"), ratios(row, "preload"),
            ratios(row, "preload", "whole", show_median), ratios(row, "bpf", "whole")]


COMPARED = ["by hand/by hand", "preload", "preload, whole", "BPF, whole"]


def trips(results):
    counts = {(row["family"], row["style"]): row["functions"] for row in results["instructions"]}
    rows = []
    for row in results["trips"]:
        functions = counts.get((row["family"], row["style"]))
        rows.append([row["family"], row["style"], row["peers"],
                     show_ns(row["served"]["ns"]["native"]), show_ns(row["whole"]["ns"]["native"]),
                     ratios(row, "plain", show=show_median), ratios(row, "raw", show=show_median),
                     *compared(row),
                     f"{functions['sum']:.0f}" if functions and row["peers"] == 64 else ""])
    return table(["family", "calls", "peers", "by hand, ns", "whole, ns", "plain", "raw",
                  *COMPARED, "instructions"], rows)


def connected(results):
    rows = [[row["family"], show_ns(row["served"]["ns"]["plain"]),
             show_ns(row["served"]["ns"]["preload"]), ratios(row, "again"), ratios(row, "preload")]
            for row in results["connected"]]
    return table(["family", "plain ns", "preload ns", "plain/plain", "preload/plain"], rows)


def others(results):
    rows = [[row["work"], show_ns(row["served"]["ns"]["plain"]),
             show_difference(row["served"]["difference"]["again"]),
             show_difference(row["served"]["difference"]["preload"]), ratios(row, "preload")]
            for row in results["others"]]
    return table(["calls", "libc ns", "libc - libc ns", "preload - libc ns", "preload/libc"], rows)


def crowds(results):
    rows = [[f"{row['workers']} {row['kind']}",
             "one" if row["sockets"] == "one" else "one each (SO_REUSEPORT)",
             show_ns(row["served"]["ns"]["native"]), *compared(row)]
            for row in results["crowds"]]
    return table(["workers", "sockets", "by hand, ns", *COMPARED], rows)


def describe(row):
    """What is unusual about a row of growth."""
    names = {"family": "{family}", "peers": "{peers:,} peers", "sockets": "{sockets:,} sockets",
             "addresses": "{addresses} addresses", "table": "{table:,} places"}
    if row["addresses"].endswith("+"):
        names["addresses"] = "another address at each visit"
    return ", ".join(names[what].format(**row) for what in row["what"] if what in names)


def growth(results):
    rows = [[describe(row), show_ns(row["served"]["ns"]["native"]), *compared(row)]
            for row in results["growth"]]
    return table(["with", "by hand, ns", *COMPARED], rows)


def preload_causes(results):
    rows = []
    for row in results["preload_causes"]:
        hot, served = row["hot"]["difference"], row["served"]
        whole, function = (served["difference"][side] for side in ("preload", "function"))
        between = row["between"]["difference"]["library-between"]
        rows.append([row["peers"], show_ns(served["ns"]["native"]), ratios(row, "again"),
                     ratios(row, "preload"),
                     *map(show_difference, (whole, between, function)),
                     f"{whole[1] - between[1] - function[1]:+.1f}",
                     *map(show_difference, (hot["preload"], hot["function"],
                                            served["difference"]["line"]))])
    return table(["peers", "by hand, ns", "by hand/by hand", "preload", "preload - by hand, ns",
                  "work, ns", "function, ns", "rest, ns", "work over the stub, ns",
                  "function over the stub, ns", "line, ns"], rows)


def bpf_causes(results):
    rows = [[row["style"], ratios(row, "again", "whole"), ratios(row, "plain", "whole"),
             ratios(row, "empty", "whole"), ratios(row, "bpf", "whole")]
            for row in results["bpf_causes"]]
    return table(["calls", "by hand/by hand, whole", "plain, whole", "empty programs, whole",
                  "BPF, whole"], rows)


def servers(results):
    rows = []
    for name, modes in results["servers"].items():
        plain = modes["plain"]
        for mode, turns in modes.items():
            pairs = list(zip(plain, turns))
            ratio = quartiles([other[1] / first[1] for first, other in pairs])
            rate = statistics.median([other[0] / first[0] for first, other in pairs])
            rows.append([name, mode, f"{statistics.median(rate for rate, _ in turns):.0f}",
                         f"{rate:.3f}", f"{statistics.median(ns for _, ns in turns):.0f}",
                         show_ratio(ratio)])
    return table(["server", "as", "requests/s", "to plain", "CPU ns a request", "to plain"], rows)


def parts(results, kind):
    """Where the instructions go, for the calls that most servers use: by functions or by files."""
    lists = [(row["family"], row["functions"][kind]) for row in results["instructions"]
             if row["style"] == "recvfrom+sendto" and row["functions"]]
    names = {name for _, costs in lists for name in costs}
    first = lists[0][1] if lists else {}
    rows = [[name, *(f"{costs.get(name, 0):.0f}" for _, costs in lists)]
            for name in sorted(names, key=lambda name: -first.get(name, 0))]
    return table([kind[:-1], *(family for family, _ in lists)], rows)


def functions(results):
    return parts(results, "functions")


def files(results):
    return parts(results, "files")


def resources(results):
    found = results["resources"]
    begins = found["starts"]
    rows = [["private memory of an idle process, more than without", f"{found['idle']:.0f} KiB"]]
    rows += [[f"peer table touched by {peers} peers", f"{size} KiB"]
             for peers, size in found["table"].items()]
    rows += [["true(1), start to end", f"{begins['true'][1]:.0f} µs"],
             ["with the library preloaded, more",
              f"{begins['preloaded'][1] - begins['true'][1]:.0f} µs"],
             ["by the wrapper, more than preloaded",
              f"{begins['replyfrom'][1] - begins['preloaded'][1]:.0f} µs"],
             ["the library's constructor", f"{found['constructor'][1]:.0f} µs"]]
    return table(["what", "median"], rows)


PARTS = [("round-trips", "Round trips", trips), ("connected", "Connected sockets", connected),
         ("others", "Sockets that are none of ours", others),
         ("crowds", "Threads and processes", crowds),
         ("growth", "How the cost grows", growth),
         ("preload-causes", "What the preload's cost consists of", preload_causes),
         ("bpf-causes", "What the BPF engine's cost consists of", bpf_causes),
         ("servers", "Real servers", servers),
         ("functions", "Where the instructions go", functions),
         ("files", "By source file", files),
         ("resources", "Memory and start", resources)]


def tables(results):
    return "\n\n".join(f"{title}\n\n{draw(results)}" for _, title, draw in PARTS)


def price(results):
    """What a right reply costs in the kernel: by hand compared with plain."""
    row = next(row for row in results["trips"] if row["family"] == "IPv4" and row["peers"] == 64)
    times = row["served"]["ns"]
    return f"{times['native'][1] - times['plain'][1]:.0f} ns here (IPv4, 64 peers)"


def write(path, results, noise):
    """Fills the page's template: text by hand, tables and figures by this run."""
    with open(os.path.join(HERE, "performance.md.in"), encoding="utf-8") as file:
        text = file.read()
    machine = results["machine"]
    text = text.replace("@machine@", f"{machine['processors']} processors, "
                                     f"Linux {machine['kernel'].split('-')[0]}, "
                                     f"load {machine['load']:.1f} at the start")
    text = text.replace("@rounds@", str(results["rounds"]))
    text = text.replace("@noise@", f"{100 * noise:.1f} %")
    text = text.replace("@price@", price(results))
    for mark, _, draw in PARTS:
        text = text.replace(f"@{mark}@", draw(results))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)

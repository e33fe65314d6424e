# SPDX-License-Identifier: MIT
"""The results as tables for people, and as docs/performance.md."""

import os
import statistics

from figures import quartiles, show_difference, show_ns, show_ratio, table

HERE = os.path.dirname(os.path.abspath(__file__))


def trips(results):
    counts = {(row["family"], row["style"]): row["functions"] for row in results["instructions"]}
    rows = []
    for row in results["trips"]:
        functions = counts.get((row["family"], row["style"]))
        rows.append([row["family"], row["style"], row["peers"], *(show_ns(row["ns"][side])
                     for side in ("plain", "native", "shim")),
                     show_ratio(row["ratio"]["again"]), show_ratio(row["ratio"]["shim"]),
                     f"{functions['sum']:.0f}" if functions and row["peers"] == 64 else ""])
    return table(["family", "calls", "peers", "plain ns", "native ns", "shim ns",
                  "native/native", "shim/native", "instructions"], rows)


def connected(results):
    rows = [[row["family"], show_ns(row["ns"]["plain"]), show_ns(row["ns"]["shim"]),
             show_ratio(row["ratio"]["again"]), show_ratio(row["ratio"]["shim"])]
            for row in results["connected"]]
    return table(["family", "plain ns", "shim ns", "plain/plain", "shim/plain"], rows)


def others(results):
    rows = [[row["work"], show_ns(row["ns"]["plain"]), show_difference(row["difference"]["again"]),
             show_difference(row["difference"]["shim"]), show_ratio(row["ratio"]["shim"])]
            for row in results["others"]]
    return table(["calls", "libc ns", "libc - libc ns", "shim - libc ns", "shim/libc"], rows)


def crowds(results):
    rows = [[f"{row['workers']} {row['kind']}",
             "one" if row["sockets"] == "one" else "one each (SO_REUSEPORT)",
             show_ns(row["ns"]["native"]), show_ns(row["ns"]["shim"]),
             show_ratio(row["ratio"]["again"]), show_ratio(row["ratio"]["shim"])]
            for row in results["crowds"]]
    return table(["workers", "sockets", "native ns", "shim ns", "native/native", "shim/native"],
                 rows)


def growth(results):
    rows = [[f"{row['size']} {row['what']}", row["table"], show_ns(row["ns"]["native"]),
             show_ns(row["ns"]["shim"]), show_ratio(row["ratio"]["again"]),
             show_ratio(row["ratio"]["shim"])] for row in results["growth"]]
    return table(["with", "REPLYFROM_PEERS", "native ns", "shim ns", "native/native",
                  "shim/native"], rows)


def servers(results):
    rows = []
    for name, turns in results["servers"].items():
        pairs = list(zip(turns["plain"], turns["shim"]))
        rows.append([name, f"{statistics.median(rate for rate, _ in turns['plain']):.0f}",
                     show_ratio(quartiles([shim[0] / plain[0] for plain, shim in pairs])),
                     f"{statistics.median(ns for _, ns in turns['plain']):.0f}",
                     show_ratio(quartiles([shim[1] / plain[1] for plain, shim in pairs]))])
    return table(["server", "plain requests/s", "shim/plain", "plain CPU ns a request",
                  "shim/plain"], rows)


def functions(results):
    """Where the instructions go, for the calls that most servers use."""
    lists = [(row["family"], row["functions"]) for row in results["instructions"]
             if row["style"] == "recvfrom+sendto" and row["functions"]]
    names = {name for _, costs in lists for name in costs if name != "sum"}
    first = lists[0][1] if lists else {}
    rows = [[name, *(f"{costs.get(name, 0):.0f}" for _, costs in lists)]
            for name in sorted(names, key=lambda name: -first.get(name, 0))]
    return table(["function", *(family for family, _ in lists)], rows)


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
         ("servers", "Real servers", servers),
         ("functions", "Where the instructions go", functions),
         ("resources", "Memory and start", resources)]


def tables(results):
    return "\n\n".join(f"{title}\n\n{draw(results)}" for _, title, draw in PARTS)


def write(path, results):
    """Fills the page's template: text by hand, tables and figures by this run."""
    with open(os.path.join(HERE, "performance.md.in"), encoding="utf-8") as file:
        text = file.read()
    machine = results["machine"]
    text = text.replace("@machine@", f"{machine['processors']} processors, "
                                     f"Linux {machine['kernel'].split('-')[0]}")
    text = text.replace("@rounds@", str(results["rounds"]))
    worst = max((abs(row["ratio"]["again"][1] - 1), row["peers"]) for row in results["trips"])
    text = text.replace("@noise@", f"{100 * worst[0]:.1f} % (with {worst[1]} peers)")
    for mark, _, draw in PARTS:
        text = text.replace(f"@{mark}@", draw(results))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)

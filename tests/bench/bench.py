#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures the library side by side with what it is compared to, and prints the tables."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import instructions
import page
import resources
from figures import Batches

STYLES = ["recvfrom+sendto", "recvmsg+sendmsg", "recvmmsg+sendmmsg"]
FAMILIES = ["IPv4", "IPv6", "dual-stack"]
PEERS = [64, 50000]
OTHERS = ["tcp-send+recv", "unix-send+recv", "tcp-recv-nothing", "unix-recv-nothing",
          "unix-write+read", "tcp-options", "unix-options"]
THREADS = [1, 2, 4, 8]
TABLE, LARGE_TABLE = 65536, 1048576
GROWTH = [*(("peers", n, TABLE) for n in (10, 100, 1000, 10000, 100000, 1000000)),
          *(("peers", n, LARGE_TABLE) for n in (1000, 100000, 1000000)),
          *(("addresses", n, TABLE) for n in (2, 64, 4096, 65000)),
          *(("sockets", n, TABLE) for n in (1, 10, 100, 1000))]

# Native against itself: further apart than this, and nothing can be said of differences as small.
NOISE_LIMIT = 0.02
HERE = os.path.dirname(os.path.abspath(__file__))


class Bench:
    """The built library and the bench's program."""

    def __init__(self, build, rounds, with_servers):
        self.library = os.path.join(build, "shim", "libreplyfrom.so")
        self.wrapper = os.path.join(build, "tools", "replyfrom")
        self.program = os.path.join(build, "tests", "bench", "bench")
        self.stamp = os.path.join(build, "tests", "bench", "stamp.so")
        self.rounds = rounds
        self.with_servers = with_servers
        self.environment = dict(os.environ, BENCH_PRELOAD=self.library)

    def command(self, before, arguments):
        return [os.path.join(HERE, "lab.sh"), *before, self.program, *arguments]

    def run(self, before, arguments):
        """Output of one part; an exit status of 1 is a wrong answer, 2 a lab that failed."""
        run = subprocess.run(self.command(before, arguments), env=self.environment, text=True,
                             stdout=subprocess.PIPE, check=False)
        if run.returncode == 1:
            sys.exit("bench: FAILED: a shimmed reply had a wrong source: " + " ".join(arguments))
        run.check_returncode()
        return run.stdout

    def start(self, arguments):
        return subprocess.Popen(self.command([], arguments), env=self.environment,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def trips(self, family, style, peers, addresses=8, sockets=1, rounds=None):
        return self.measure("trips", family, style, str(peers), str(addresses), str(sockets),
                            "all", rounds=rounds)

    def measure(self, *arguments, rounds=None):
        rounds = rounds or self.rounds
        print("...", *arguments, file=sys.stderr)
        return Batches(self.run([], [*arguments, str(rounds)]))


def summary(batches, base, sides):
    """What the page needs of a run: times of the sides, ratios and differences to the base."""
    return {"ns": {side: batches.side(side) for side in sides},
            "ratio": {side: batches.ratio(side, base) for side in sides},
            "difference": {side: batches.difference(side, base) for side in sides}}


def measure_trips(bench):
    results = []
    for family in FAMILIES:
        for style in STYLES:
            for peers in PEERS:
                batches = bench.trips(family, style, peers)
                results.append({"family": family, "style": style, "peers": peers,
                                **summary(batches, "native",
                                          ["plain", "native", "again", "shim"])})
    return results


def measure_crowds(bench):
    results = []
    kinds = [("threads", "one", n) for n in THREADS] + [("threads", "each", n) for n in THREADS]
    for kind, sockets, workers in [*kinds, ("processes", "one", 8), ("processes", "each", 8)]:
        batches = bench.measure("crowd", "IPv4", kind, sockets, str(workers),
                                rounds=max(10, bench.rounds // 4))
        results.append({"kind": kind, "sockets": sockets, "workers": workers,
                        **summary(batches, "native", ["native", "again", "shim"])})
    return results


def measure_growth(bench):
    """How the cost of a round trip grows: IPv4, recvfrom+sendto, one dimension at a time."""
    results = []
    for what, size, table in GROWTH:
        sizes = {"peers": 64, "addresses": 8, "sockets": 1, what: size}
        bench.environment["REPLYFROM_PEERS"] = str(table)
        batches = bench.trips("IPv4", STYLES[0], **sizes, rounds=max(100, bench.rounds // 4))
        del bench.environment["REPLYFROM_PEERS"]
        results.append({"what": what, "size": size, "table": table,
                        **summary(batches, "native", ["native", "again", "shim"])})
    return results


def measure_instructions(bench):
    if not shutil.which("valgrind"):
        print("bench: valgrind is missing: no instructions counted", file=sys.stderr)
        return []
    return [{"family": family, "style": style, "functions":
             instructions.per_trip(bench.run, family, style)}
            for family in FAMILIES for style in STYLES]


def measure_resources(bench):
    with tempfile.TemporaryDirectory() as directory:
        again = shutil.copy(bench.stamp, os.path.join(directory, "again.so"))
        constructor = resources.constructor(bench.library, bench.stamp, again)
    return {"idle": resources.memory_of_idle(bench.library) - resources.memory_of_idle(None),
            "table": {peers: resources.memory_of_peers(bench.start, peers)
                      for peers in (0, 10, 100, 1000, 10000, 50000)},
            "starts": resources.starts(bench.library, bench.wrapper),
            "constructor": constructor}


def measure_servers(bench):
    """Stock servers, those that are installed."""
    if not bench.with_servers:
        return {}
    run = subprocess.run([os.path.join(HERE, "lab.sh"), os.path.join(HERE, "servers.py"),
                          bench.wrapper], stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def measure(bench):
    sides = ["plain", "again", "shim"]
    return {
        "rounds": bench.rounds,
        "machine": {"kernel": os.uname().release, "processors": os.cpu_count()},
        "trips": measure_trips(bench),
        "connected": [{"family": family,
                       **summary(bench.measure("connected", family), "plain", sides)}
                      for family in FAMILIES],
        "others": [{"work": work, **summary(bench.measure("others", work), "plain", sides)}
                   for work in OTHERS],
        "crowds": measure_crowds(bench),
        "growth": measure_growth(bench),
        "servers": measure_servers(bench),
        "instructions": measure_instructions(bench),
        "resources": measure_resources(bench),
    }


def noise(results):
    """How far native is from itself where it is furthest, and the median width of its quartiles."""
    ratios = [row["ratio"]["again"] for row in results["trips"]]
    return max(abs(middle - 1) for _, middle, _ in ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=".", help="where the library was built")
    parser.add_argument("--rounds", type=int, default=1000, help="batches of each side")
    parser.add_argument("--no-servers", action="store_true", help="leave out stock servers")
    parser.add_argument("--page", help="write the results as a page of documentation")
    parser.add_argument("--json", help="write the results for programs")
    arguments = parser.parse_args()
    results = measure(Bench(os.path.abspath(arguments.build), arguments.rounds,
                            not arguments.no_servers))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    print(page.tables(results))
    if noise(results) > NOISE_LIMIT:
        sys.exit(f"bench: this machine is too noisy to say: native differs from itself by "
                 f"{100 * noise(results):.1f} %")
    if arguments.page:
        page.write(arguments.page, results)


if __name__ == "__main__":
    main()

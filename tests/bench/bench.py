#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures both engines side by side with a server that does the same by hand, and prints the tables."""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import instructions
import page
import plot
import resources
from figures import Batches

STYLES = ["recvfrom+sendto", "recvmsg+sendmsg", "recvmmsg+sendmmsg"]
FAMILIES = ["IPv4", "IPv6", "dual-stack"]
PEERS = [64, 1000, 50000]
OTHERS = ["tcp-send+recv", "unix-send+recv", "tcp-recv-nothing", "unix-recv-nothing",
          "unix-write+read", "tcp-options", "unix-options"]
THREADS = [1, 2, 4, 8]
TABLE, LARGE_TABLE = 65536, 1048576
USUAL = {"family": "IPv4", "peers": 64, "addresses": "8", "sockets": 1, "table": TABLE,
         "sides": "all", "engine": True}
FEW_SIDES = "native,again,preload,bpf"
PRELOAD_CAUSES = "native,again,preload,function,line"
BETWEEN = "hand-between,library-between"
BPF_CAUSES = "native,again,plain,bpf,empty"
CROWD = (8, 64, 1000, 10000, 50000, 100000, 1000000)
GROWTH = [*({"family": family, "peers": n} for family in ("IPv4", "IPv6") for n in CROWD),
          *({"peers": n, "table": LARGE_TABLE} for n in (1000, 100000, 1000000)),
          {"addresses": "8+"},
          *({"addresses": str(n)} for n in (2, 64)),
          *({"addresses": str(n), "engine": False} for n in (4096, 65000)),  # it knows 4,088
          *({"sockets": n, "sides": FEW_SIDES} for n in (10, 100, 1000, 4500)),
          {"family": "IPv6-AnyIP"}]

# Native against itself: further apart than this, and nothing can be said of differences as small.
NOISE_LIMIT = 0.02
HERE = os.path.dirname(os.path.abspath(__file__))

# Programs that a page needs, and the packages (of Debian) that have them.
NEEDED = {"valgrind": "valgrind", "ip": "iproute2", "unshare": "util-linux"}
SERVERS = {"nsd": "nsd", "unbound": "unbound", "memcached": "memcached", "dnsperf": "dnsperf",
           "iperf3": "iperf3"}


def lacks(engine, with_servers):
    """What is missing for a whole page, one line each."""
    needed = {**NEEDED, **(SERVERS if with_servers else {})}
    packages = sorted({package for program, package in needed.items() if not shutil.which(program)})
    lines = ["packages: " + " ".join(packages)] if packages else []
    if os.getuid():
        lines.append("root, for the BPF engine")
    if not os.access(engine, os.X_OK):
        lines.append("the BPF engine: configure --with-bpf=yes (packages clang, bpftool, libbpf-dev)")
    with open("/proc/self/mountinfo", encoding="ascii") as mounts:
        if not any(" - cgroup2 " in line for line in mounts):
            lines.append("a mounted cgroup2 file system")
    return lines


class Bench:
    """The built library and engine, and the bench's program."""

    def __init__(self, build, rounds, with_servers):
        self.library = os.path.join(build, "shim", "libreplyfrom.so")
        self.wrapper = os.path.join(build, "tools", "replyfrom")
        self.engine = os.path.join(build, "bpf", "replyfrom-bpf")
        self.program = os.path.join(build, "tests", "bench", "bench")
        self.stamp = os.path.join(build, "tests", "bench", "stamp.so")
        self.stub = os.path.join(build, "tests", "bench", "stub.so")
        self.rounds = rounds
        self.with_servers = with_servers
        self.lacks = lacks(self.engine, with_servers)
        self.has_engine = not any("BPF" in lack or "cgroup2" in lack for lack in self.lacks)
        self.environment = dict(os.environ, BENCH_PRELOAD=self.library)

    def run(self, before, arguments, engine=False, table=TABLE, stub=False):
        """Output of one part; an exit status of 1 is a wrong answer, 2 a lab that failed."""
        environment = dict(self.environment, REPLYFROM_PEERS=str(table),
                           BENCH_ENGINE_PEERS=str(table))
        if engine and self.has_engine:
            environment["BENCH_ENGINE"] = self.engine
        if stub:
            environment["BENCH_PRELOAD"] = f"{self.library}:{self.stub}"
        command = [os.path.join(HERE, "lab.sh"), *before, self.program, *arguments]
        run = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE,
                             check=False)
        if run.returncode == 1:
            sys.exit("bench: FAILED: a reply had a wrong source: " + " ".join(arguments))
        run.check_returncode()
        return run.stdout

    def start(self, arguments):
        command = [os.path.join(HERE, "lab.sh"), self.program, *arguments]
        return subprocess.Popen(command, env=self.environment, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)

    def measure(self, *arguments, rounds=None, **settings):
        rounds = rounds or self.rounds
        print("...", *arguments, file=sys.stderr)
        return Batches(self.run([], [*arguments, str(rounds)], **settings))

    def trips(self, style, family, peers, addresses, sockets, sides, rounds=None, **settings):
        return self.measure("trips", family, style, str(peers), addresses, str(sockets), sides,
                            rounds=rounds, **settings)


def summary(batches, base):
    """What the page needs of a run: times of the sides, and ratios and differences to the base."""
    result = {}
    for name, figures in (("served", batches.served), ("whole", batches.whole)):
        if figures:
            sides = [side for side in figures[0] if side != base]
            result[name] = {"ns": {side: batches.side(figures, side) for side in figures[0]},
                            "ratio": {side: batches.ratio(figures, side, base) for side in sides},
                            "difference": {side: batches.difference(figures, side, base)
                                           for side in sides}}
    return result


def measure_trips(bench):
    return [{"family": family, "style": style, "peers": peers,
             **summary(bench.trips(style, **{**USUAL, "family": family, "peers": peers}),
                       "native")}
            for family in FAMILIES for style in STYLES for peers in PEERS]


def measure_crowds(bench):
    results = []
    kinds = [("threads", "one", n) for n in THREADS] + [("threads", "each", n) for n in THREADS]
    for kind, sockets, workers in [*kinds, ("processes", "one", 8), ("processes", "each", 8)]:
        batches = bench.measure("crowd", "IPv4", kind, sockets, str(workers), engine=True,
                                rounds=max(10, bench.rounds // 4))
        results.append({"kind": kind, "sockets": sockets, "workers": workers,
                        **summary(batches, "native")})
    return results


def measure_growth(bench):
    """How the cost of a round trip grows: recvfrom+sendto, one dimension at a time."""
    results = []
    for change in GROWTH:
        sizes = {**USUAL, **change}
        if sizes["sockets"] * 4 + 100 > resource.getrlimit(resource.RLIMIT_NOFILE)[1]:
            print(f"bench: left out, ulimit -n is too low: {change}", file=sys.stderr)
            continue
        batches = bench.trips(STYLES[0], **sizes, rounds=max(50, bench.rounds // 3))
        results.append({"what": list(change), **sizes, **summary(batches, "native")})
    return results


def measure_preload_causes(bench):
    """The preload's cost in parts: the same work without a kernel, and single parts by hand."""
    results = []
    for peers in PEERS:
        usual = {**USUAL, "peers": peers, "engine": False}
        hot = bench.measure("hot", str(peers), stub=True)
        between = bench.trips(STYLES[0], **{**usual, "sides": BETWEEN}, stub=True)
        trips = bench.trips(STYLES[0], **{**usual, "sides": PRELOAD_CAUSES})
        results.append({"peers": peers, "hot": summary(hot, "native")["served"],
                        "between": summary(between, "hand-between")["served"],
                        **summary(trips, "native")})
    return results


def measure_bpf_causes(bench):
    """The engine beside a plain server, and beside programs that do nothing."""
    if not bench.has_engine:
        return []
    return [{"style": style,
             **summary(bench.trips(style, **{**USUAL, "sides": BPF_CAUSES}), "native")}
            for style in STYLES]


def measure_instructions(bench):
    if not shutil.which("valgrind"):
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
    print("... servers", file=sys.stderr)
    run = subprocess.run([os.path.join(HERE, "lab.sh"), os.path.join(HERE, "servers.py"),
                          bench.wrapper, *([bench.engine] if bench.has_engine else [])],
                         stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def measure(bench):
    begin = time.monotonic()
    results = {
        "rounds": bench.rounds,
        "machine": {"kernel": os.uname().release, "processors": os.cpu_count(),
                    "load": os.getloadavg()[0]},
        "trips": measure_trips(bench),
        "connected": [{"family": family, **summary(bench.measure("connected", family), "plain")}
                      for family in FAMILIES],
        "others": [{"work": work, **summary(bench.measure("others", work), "plain")}
                   for work in OTHERS],
        "crowds": measure_crowds(bench),
        "growth": measure_growth(bench),
        "preload_causes": measure_preload_causes(bench),
        "bpf_causes": measure_bpf_causes(bench),
        "servers": measure_servers(bench),
        "instructions": measure_instructions(bench),
        "resources": measure_resources(bench),
    }
    results["seconds"] = time.monotonic() - begin
    return results


def noise(results):
    """How far native is from itself where it is furthest."""
    ratios = [row["served"]["ratio"]["again"] for row in results["trips"]]
    return max(abs(middle - 1) for _, middle, _ in ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=".", help="where the library was built")
    parser.add_argument("--rounds", type=int, default=300, help="batches of each side")
    parser.add_argument("--no-servers", action="store_true", help="leave out stock servers")
    parser.add_argument("--page", help="write the results as a page of documentation, and a plot")
    parser.add_argument("--partial", action="store_true",
                        help="write a page although something is missing")
    parser.add_argument("--json", help="write the results for programs")
    parser.add_argument("--from-json", help="measure nothing: take the results from there")
    arguments = parser.parse_args()
    bench = Bench(os.path.abspath(arguments.build), arguments.rounds, not arguments.no_servers)
    for lack in bench.lacks:
        print(f"bench: missing: {lack}", file=sys.stderr)
    if bench.lacks and arguments.page and not arguments.partial:
        sys.exit("bench: no page without that")
    if arguments.from_json:
        with open(arguments.from_json, encoding="utf-8") as file:
            results = json.load(file)
    else:
        results = measure(bench)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    print(page.tables(results))
    if noise(results) > NOISE_LIMIT:
        sys.exit(f"bench: this machine is too noisy to say: native differs from itself by "
                 f"{100 * noise(results):.1f} %")
    if arguments.page:
        page.write(arguments.page, results, noise(results))
        plot.write(os.path.join(os.path.dirname(arguments.page), "performance.svg"), results)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""What the library costs beside time on the way: memory, and time at start."""

import os
import re
import statistics
import subprocess
import time

STARTS = 300
KIB = 1024


def private_memory(pid):
    """(all private KiB, those of shared memory that only this process has) from smaps."""
    total, table, mapping = 0, 0, ""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as smaps:
        for line in smaps:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                mapping = line
            elif line.startswith(("Private_Clean:", "Private_Dirty:")):
                size = int(line.split()[1])
                total += size
                if "/dev/zero" in mapping:
                    table += size
    return total, table


def memory_of_idle(preload):
    """Private KiB of a process that does nothing, median of some."""
    sizes = []
    for _ in range(9):
        environment = dict(os.environ, **({"LD_PRELOAD": preload} if preload else {}))
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=environment) as process:
            process.stdin.write(b"ready\n")
            process.stdin.flush()
            process.stdout.readline()
            sizes.append(private_memory(process.pid)[0])
            process.stdin.close()
    return statistics.median(sizes)


def memory_of_peers(start, peers):
    """KiB of the shared table that are touched after so many peers."""
    with start(["memory", str(peers)]) as process:
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the server for the memory's measure failed")
        table = private_memory(process.pid)[1]
        process.stdin.close()
    return table


def time_start(command, environment):
    begin = time.monotonic_ns()
    process = os.posix_spawnp(command[0], command, environment)
    os.waitpid(process, 0)
    return time.monotonic_ns() - begin


def starts(library, wrapper):
    """Microseconds from start to end of true(1): alone, with the library, by the wrapper."""
    plain = dict(os.environ)
    plain.pop("LD_PRELOAD", None)
    preloaded = dict(plain, LD_PRELOAD=library)
    ways = {"true": (["true"], plain), "preloaded": (["true"], preloaded),
            "replyfrom": ([wrapper, "true"], plain)}
    times = {name: [] for name in ways}
    for _ in range(STARTS):
        for name, (command, environment) in ways.items():
            times[name].append(time_start(command, environment) / 1000)
    return {name: statistics.quantiles(values, n=4) for name, values in times.items()}


def constructor(library, stamp, stamp_again):
    """Microseconds of the library's constructor: the time between two neighbours'."""
    times = []
    for _ in range(101):
        run = subprocess.run(["true"], check=True, stderr=subprocess.PIPE,
                             env={"LD_PRELOAD": f"{stamp} {library} {stamp_again}"})
        times.append(int(run.stderr) / 1000)
    return statistics.quantiles(times, n=4)

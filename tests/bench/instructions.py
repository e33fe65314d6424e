# SPDX-License-Identifier: MIT
"""Instructions inside the library for each round trip, counted by valgrind's callgrind."""

import collections
import os
import re
import subprocess
import tempfile

BATCH = 64
FEW, MANY = 4, 20  # batches: the start costs the same in both, so the difference is the trips


def read_self_cost(path):
    """Self cost by function of the library and by its source files, out of a callgrind profile."""
    names, functions, files = {}, collections.Counter(), collections.Counter()
    library, function, file, is_call = False, None, None, False
    with open(path, encoding="utf-8", errors="replace") as profile:
        for line in profile:
            # Names are written once, as "(7) name", and then "(7)".
            named = re.match(r"(c?)(ob|fn|fl|fi|fe)=\((\d+)\)(?: (.*))?$", line)
            if named:
                called, kind, number, name = named.groups()
                kind = "fl" if kind in ("fi", "fe") else kind
                if name:
                    names[kind, number] = name
                if kind == "ob" and not called:
                    library = names[kind, number].endswith("/libreplyfrom.so")
                elif kind == "fn" and not called:
                    function = names[kind, number]
                elif kind == "fl" and not called:
                    file = "/".join(names[kind, number].split("/")[-2:])
            elif line.startswith("calls="):
                is_call = True  # the next line is what the called function cost
            elif re.match(r"[+\-*\d]", line):
                if library and not is_call:
                    cost = int(line.split()[1])
                    functions[function] += cost
                    files[file] += cost
                is_call = False
    return functions, files


def count(lab, family, style, peers, batches):
    with tempfile.TemporaryDirectory() as directory:
        profile = os.path.join(directory, "profile")
        lab(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={profile}"],
            ["trips", family, style, str(peers), "8", "1", "preload", str(batches)])
        return read_self_cost(profile)


def per_trip(lab, family, style, peers=64):
    """Instructions of one round trip: by function, by source file, and their sum."""
    try:
        few = count(lab, family, style, peers, FEW)
        many = count(lab, family, style, peers, MANY)
    except (OSError, subprocess.CalledProcessError):
        return None
    trips = (MANY - FEW) * BATCH
    functions, files = ({name: cost / trips for name, cost in (after - before).items()
                         if cost >= trips / 2} for before, after in zip(few, many))
    return {"functions": functions, "files": files,
            "sum": sum((many[0] - few[0]).values()) / trips}

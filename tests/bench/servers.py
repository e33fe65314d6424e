#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Real servers in turn plain, under each engine and with their own PKTINFO where they have such a mode:
throughput, and processor time a request. Arguments: the wrapper, and the second engine if it is there.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TURNS = 4
SECONDS = 1
ASKED = "127.0.0.1"  # where the plain server too answers right
SECONDARY = "127.0.0.11"

NSD = """server:
	ip-address: 0.0.0.0@5353
	server-count: 1
	rrl-ratelimit: 0
	database: ""
	username: ""
	zonesdir: "{0}"
	pidfile: "{0}/nsd.pid"
	xfrdfile: "{0}/xfrd.state"
	xfrdir: "{0}"
	zonelistfile: "{0}/zone.list"
remote-control:
	control-enable: no
zone:
	name: example
	zonefile: example.zone
"""
UNBOUND = """server:
	interface: 0.0.0.0
	port: 5354
	do-ip6: no
	interface-automatic: {1}
	num-threads: 1
	do-daemonize: no
	username: ""
	chroot: ""
	directory: "{0}"
	pidfile: "{0}/unbound.pid"
	access-control: 0.0.0.0/0 allow
	local-zone: "example." static
	local-data: "www.example. A 192.0.2.2"
	local-data: "ns.example. A 192.0.2.1"
	use-syslog: no
	module-config: "iterator"
remote-control:
	control-enable: no
"""
ZONE = """$ORIGIN example.
@ 3600 SOA ns hostmaster 1 3600 600 86400 3600
@ 3600 NS ns
ns 3600 A 192.0.2.1
www 3600 A 192.0.2.2
"""


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def processor_time(session):
    """Nanoseconds that all threads of a session's processes have run."""
    total = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getsid(int(pid)) != session:
                continue
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
        except (OSError, ProcessLookupError):
            continue
    return total


class Dns:
    """A DNS server; dnsperf asks."""

    request = bytes.fromhex("000100000001000000000000") + b"\3www\7example\0\0\1\0\1"

    def __init__(self, directory):
        self.questions = write(directory, "questions", "www.example A\nns.example A\n")

    def load(self):
        """Requests answered."""
        run = subprocess.run(["dnsperf", "-f", "inet", "-s", ASKED, "-p", str(self.ready[0]), "-d",
                              self.questions, "-l", str(SECONDS), "-c", "4", "-q", "64"],
                             check=True, capture_output=True, text=True)
        return int(re.search(r"Queries completed:\s*(\d+)", run.stdout).group(1))


class Nsd(Dns):
    """recvmmsg() and sendmmsg(), 64 messages a call."""

    name = "nsd"
    needs = ["nsd", "dnsperf"]
    ready = (5353, Dns.request)
    by_hand = None

    def __init__(self, directory):
        super().__init__(directory)
        write(directory, "example.zone", ZONE)
        self.command = ["nsd", "-d", "-c", write(directory, "nsd.conf", NSD.format(directory))]


class Unbound(Dns):
    """recvfrom() and sendto(); recvmsg() and sendmsg() with `interface-automatic: yes`."""

    name = "unbound"
    needs = ["unbound", "dnsperf"]
    ready = (5354, Dns.request)

    def __init__(self, directory):
        super().__init__(directory)
        self.command, self.by_hand = (
            ["unbound", "-d", "-c", write(directory, f"{automatic}.conf",
                                          UNBOUND.format(directory, automatic))]
            for automatic in ("no", "yes"))


class Memcached:
    """A cache over UDP: recvfrom() and sendmsg(); a client with some requests under way."""

    name = "memcached"
    needs = ["memcached"]
    request = b"\0\1\0\0\0\1\0\0get key\r\n"
    ready = (11211, request)
    by_hand = None

    def __init__(self, _):
        self.command = ["memcached", "-U", "11211", "-p", "0", "-u", "nobody", "-t", "1"]

    def load(self):
        answered, end = 0, time.monotonic() + SECONDS
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(1)
            client.connect((ASKED, 11211))
            while time.monotonic() < end:
                for _ in range(32):
                    client.send(self.request)
                try:
                    for _ in range(32):
                        client.recv(64)
                        answered += 1
                except TimeoutError:
                    pass  # lost, as datagrams may be
        return answered


class Iperf:
    """A server that connects its socket to its client: datagrams of one direction."""

    name = "iperf3 -u"
    needs = ["iperf3"]
    ready = None
    by_hand = None

    def __init__(self, _):
        self.command = ["iperf3", "-s", "-p", "5201"]

    def load(self):
        run = subprocess.run(["iperf3", "-c", ASKED, "-p", "5201", "-u", "-b", "0", "-l", "1400",
                              "-t", str(SECONDS), "-J"], check=True, capture_output=True)
        sums = json.loads(run.stdout)["end"]["sum"]
        return sums["packets"] - sums["lost_packets"]


def is_answered(server, address):
    """Does a datagram from that very address come back?"""
    port, request = server.ready
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        try:
            client.connect((address, port))
            client.send(request)
            return bool(client.recv(512))
        except OSError:
            return False


def is_listening():
    """Looked up, not tried: iperf3 would take the trial for its client."""
    sockets = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as file:
            sockets += [line.split() for line in file]
    return any(fields[1].endswith(f":{5201:04X}") and fields[3] == "0A" for fields in sockets)


def wait_until_ready(server, process):
    for _ in range(200):
        if is_answered(server, ASKED) if server.ready else is_listening():
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    sys.exit(f"bench: {server.name} does not answer")


def turn(server, command, is_right):
    """(requests a second, nanoseconds of the server's processor time a request)"""
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_ready(server, process)
            if server.ready and is_answered(server, SECONDARY) != is_right:
                sys.exit(f"bench: {command}: wrong at the secondary address, or no lab")
            before, begin = processor_time(process.pid), time.monotonic()
            requests = server.load()
            elapsed = time.monotonic() - begin
            return requests / elapsed, (processor_time(process.pid) - before) / requests
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def modes_of(server, engines):
    """The ways to start it."""
    modes = {"plain": server.command}
    if server.by_hand:
        modes["its own PKTINFO"] = server.by_hand
    for name, command in engines.items():
        modes[name] = [*command, "--", *server.command]
    return modes


def main():
    engines, results = {"preload": [sys.argv[1]]}, {}
    if len(sys.argv) > 2:
        engines["BPF"] = [sys.argv[2], "run"]
    for kind in (Nsd, Unbound, Memcached, Iperf):
        if not all(map(shutil.which, kind.needs)):
            print(f"bench: {kind.name} is left out: not installed", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as directory:
            server = kind(directory)
            modes = modes_of(server, engines)
            turns = {mode: [] for mode in modes}
            for _ in range(TURNS):
                for mode, command in modes.items():
                    turns[mode].append(turn(server, command, mode != "plain"))
            results[server.name] = turns
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()

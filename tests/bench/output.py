#!/usr/bin/env python3
"""What it costs to pass on what services write, and who waits meanwhile.

output.py NEMOINIT FIXTURE [WORD…]   Only the rows with all of these words: rate wait, null file pipe, on off,
short usual long same quiet.

First what nemoinit can take: a service writes so many bytes as fast as it can; MB/s of that, and seconds of CPU a GB in
nemoinit alone. Then a service that never stops writing, and beside it: status on the raw socket (ms), and a service that
is killed (ms from SIGKILL to the first instruction of the next one).
"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

NEMOINIT, FIXTURE = (os.path.abspath(path) for path in sys.argv[1:3])
WORDS = sys.argv[3:]
MEGABYTES = 64
ASKED = 2000
KILLED = 100
TICK = os.sysconf("SC_CLK_TCK")
MIX = ("2026-11-20T08:00:00.{:03d}Z [gateway] agent main: request {} to http://127.0.0.1:18789/v1/chat?session={} done in {} ms, "
       "status=200 level=info")
KINDS = {
    "short": lambda i: str(i),
    "usual": lambda i: MIX.format(i % 1000, i, i * 7919 % 100003, i % 977),
    "long": lambda i: f"{i} " + "x y=1 " * 1300,
    "same": lambda i: "the same line again and again",
}


def fill(path, line):
    """A file of lines, of MEGABYTES or a little more."""
    size, number = 0, 0
    with open(path, "w", encoding="ascii") as file:
        while size < MEGABYTES << 20:
            number += 1
            size += file.write(line(number) + "\n")
    return size


class Place:
    """One nemoinit with a service that writes, and one that is killed."""

    def __init__(self, directory, sink, redact, command):
        self.path = f"{directory}/socket"
        self.fifo = f"{directory}/started"
        self.go = f"{directory}/go"
        if not os.path.exists(self.fifo):
            os.mkfifo(self.fifo)
        self.started = os.open(self.fifo, os.O_RDWR)
        with open(f"{directory}/ini", "w", encoding="ascii") as file:
            file.write(f"[nemoinit]\nredact = {redact}\n[service loud]\ncommand = {command}\nrestart = never\n"
                       f"[service other]\ncommand = {FIXTURE} append={self.fifo} pause\nrestart_delay = 0\nstable_after = 0\n"
                       f"crash_limit = 100000/1s\n")
        names = {name: value for name, value in os.environ.items() if not name.startswith("NEMOINIT")}
        names["SOME_API_KEY"] = "value-of-a-secret-0123456789"
        self.reader = None
        if sink == "pipe":
            self.reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            out = self.reader.stdin
        else:
            out = open(f"{directory}/log" if sink == "file" else "/dev/null", "wb")
        with out:
            self.process = subprocess.Popen([NEMOINIT, "-s", self.path, "-c", f"{directory}/ini"], stdout=out, env=names)
        self.pid = self.next_pid()
        self.socket = socket.socket(socket.AF_UNIX)
        for _ in range(1000):
            try:
                self.socket.connect(self.path)
                break
            except OSError:
                time.sleep(0.01)  # not there yet

    def next_pid(self):
        return int(os.read(self.started, 100).split()[-1])

    def ask(self):
        self.socket.sendall(b'{"op":"status","service":"loud"}\n')
        reply = b""
        while not reply.endswith(b"\n"):
            reply += self.socket.recv(1 << 20)
        return reply

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.socket.close()
        os.close(self.started)
        if self.reader:
            self.reader.wait()


def percentile(values, part):
    return sorted(values)[int(len(values) * part / 100)]


def measure_rate(directory, sink, redact, kind, size):
    place = Place(directory, sink, redact, f"/bin/sh -c 'until test -e {directory}/go; do sleep 0.1; done; exec cat {directory}/{kind}'")
    before, began = place.cpu(), time.monotonic()
    with open(place.go, "w", encoding="ascii"):
        pass
    while json.loads(place.ask())["services"][0]["state"] != "finished":
        time.sleep(0.05)  # what is asked for is not what is measured
    seconds, cpu = time.monotonic() - began, place.cpu() - before
    os.unlink(place.go)
    place.end()
    print(f"{kind:6} to {sink:5} redact={redact:3}  {size / seconds / 1e6:7.1f} MB/s  {cpu / size * 1e9:6.2f} CPU s/GB", flush=True)


def measure_waits(directory, sink, redact, kind):
    place = Place(directory, sink, redact, f"/bin/sh -c 'while :; do cat {directory}/{kind}; done'" if kind != "quiet" else "sleep 1000000")
    waits, restarts = [], []
    for _ in range(ASKED):
        began = time.monotonic()
        place.ask()
        waits.append((time.monotonic() - began) * 1000)
    for _ in range(KILLED):
        began = time.monotonic()
        os.kill(place.pid, signal.SIGKILL)
        place.pid = place.next_pid()
        restarts.append((time.monotonic() - began) * 1000)
    place.end()
    print(f"{kind:6} to {sink:5} redact={redact:3}  status p50 {percentile(waits, 50):6.2f} p99 {percentile(waits, 99):6.2f}"
          f" max {max(waits):6.2f}   restart p50 {percentile(restarts, 50):6.2f} p99 {percentile(restarts, 99):6.2f}", flush=True)


def main():
    rows = [(sink, redact, kind) for kind in KINDS for sink in ("null", "file", "pipe") for redact in ("on", "off")]
    with tempfile.TemporaryDirectory() as directory:
        sizes = {kind: fill(f"{directory}/{kind}", line) for kind, line in KINDS.items()}

        def wanted(part, sink, redact, kind):
            return all(word in (part, sink, redact, kind) for word in WORDS)

        for sink, redact, kind in rows:
            if wanted("rate", sink, redact, kind):
                measure_rate(directory, sink, redact, kind, sizes[kind])
        for sink, redact, kind in [("null", "on", "quiet")] + rows:
            if wanted("wait", sink, redact, kind):
                measure_waits(directory, sink, redact, kind)


main()

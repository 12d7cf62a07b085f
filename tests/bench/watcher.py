#!/usr/bin/env python3
"""What the watcher costs and how soon it approves, beside a stand-in of its predecessor, with one scripted CLI.

watcher.py NEMOPAIR   An hour passes a hundred times faster than by the clock: all intervals are a hundredth. Its own
CPU time is therefore that of an hour; what the real CLI costs is the number of calls times its 1.1 to 2 s.
"""
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FASTER = 100
HOUR = 3600 / FASTER
REQUESTS = 30
CLI = """#!/bin/sh
echo "$2" >>"$FAKE/calls"
sleep "$CLI_SECONDS"
case $2 in
list) cat "$FAKE/list" ;;
approve) echo '{"pending":[],"paired":[{"deviceId":"d","clientId":"cli"}]}' >"$FAKE/list.new"
	mv "$FAKE/list.new" "$FAKE/list"; : >"$FAKE/approved.$3"; echo '{}' ;;
esac
"""


class Stage:
    """One watcher with a store of its own."""

    def __init__(self, command, store, slow_seconds, cli_seconds):
        self.directory = tempfile.TemporaryDirectory()
        self.path = self.directory.name
        self.state = f"{self.path}/home/.openclaw"
        self.store = store
        os.makedirs(f"{self.state}/{'devices' if store == 'older' else 'state'}")
        os.mkdir(f"{self.path}/bin")
        self.write("bin/openclaw", CLI)
        os.chmod(f"{self.path}/bin/openclaw", 0o755)
        self.write("calls", "")
        self.write("list", '{"pending":[],"paired":[{"deviceId":"d","clientId":"cli"}]}')
        if store == "newer":
            self.write("home/.openclaw/state/openclaw.sqlite", "database")
            self.touch()
            time.sleep(0.05)
        names = {name: value for name, value in os.environ.items() if not name.startswith(("NEMO", "OPENCLAW", "NOTIFY"))}
        names.update(FAKE=self.path, HOME=f"{self.path}/home", PATH=f"{self.path}/bin:{os.environ['PATH']}",
                     CLI_SECONDS=str(cli_seconds), NEMOCLAW_AUTO_PAIR_FAST_DEADLINE_SECS="0.05",
                     NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS=str(slow_seconds),
                     NEMOPAIR_MAX_SKIP_SECS=str(slow_seconds * 4))
        self.process = subprocess.Popen(command, env=names, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def write(self, name, text):
        with open(f"{self.path}/{name}.new", "w", encoding="ascii") as file:
            file.write(text)
        os.rename(f"{self.path}/{name}.new", f"{self.path}/{name}")

    def touch(self):
        with open(f"{self.state}/state/openclaw.sqlite-wal", "a", encoding="ascii") as file:
            file.write("x")

    def ask(self, name):
        """A request comes; returns the seconds until its approval."""
        entry = f'"requestId":"{name}","deviceId":"d","clientId":"cli","clientMode":"cli","role":"operator"'
        self.write("list", '{"pending":[{%s,"scopes":["operator.write"]}],"paired":[]}' % entry)
        start = time.monotonic()
        self.touch()
        while not os.path.exists(f"{self.path}/approved.{name}"):
            time.sleep(0.002)
        return time.monotonic() - start

    def calls(self):
        with open(f"{self.path}/calls", encoding="ascii") as file:
            return len(file.readlines())

    def own(self):
        """CPU seconds and peak kB of the watcher itself."""
        with open(f"/proc/{self.process.pid}/schedstat", encoding="ascii") as file:
            cpu = int(file.read().split()[0]) / 1e9
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
        return cpu, peak

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()


def hour(name, command, store, noisy):
    stage = Stage(command, store, 30 / FASTER, 0)
    end = time.monotonic() + HOUR
    while time.monotonic() < end:
        time.sleep(0.1 / FASTER if noisy else 0.5)
        if noisy:
            stage.touch()
    cpu, peak = stage.own()
    print(f"{name:12} {store:6} {'changing' if noisy else 'idle':9} {stage.calls():5} calls  {cpu:7.3f} CPU s  {peak:6} kB")
    stage.end()


def latency(name, command, slow_seconds):
    stage = Stage(command, "newer", slow_seconds, 0.1)
    time.sleep(3)
    taken = []
    for number in range(REQUESTS):
        time.sleep(random.uniform(1, 1 + slow_seconds))
        taken.append(stage.ask(f"r{number}"))
    stage.end()
    taken.sort()
    print(f"{name:12} slow interval {slow_seconds:4} s: median {statistics.median(taken):6.3f} s  "
          f"p99 {taken[int(len(taken) * 0.99)]:6.3f} s")


def main():
    random.seed(1)
    ours, theirs = [sys.argv[1]], [sys.executable, f"{HERE}/predecessor.py"]
    print("one slow hour, 100 times faster; CPU and peak memory of the watcher itself")
    for store, noisy in (("newer", False), ("older", False), ("newer", True)):
        hour("nemopair", ours, store, noisy)
    hour("predecessor", theirs, "newer", False)
    print("from request to approval, in slow mode, with a CLI of 0.1 s")
    latency("nemopair", ours, 30 if len(sys.argv) > 2 else 3)
    latency("predecessor", theirs, 30 if len(sys.argv) > 2 else 3)


main()

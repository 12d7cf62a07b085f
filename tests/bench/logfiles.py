#!/usr/bin/env python3
"""What it costs to keep what a service writes in files that rotate, beside svlogd (package runit) and s6-log (s6).

logfiles.py NEMOINIT [MEGABYTES [ROUNDS]]   All get the same bytes from cat(1) through a pipe, put a time before each line
and keep a file of 10 MB and three older ones, in /dev/shm. MB/s of what is read, and seconds of CPU a GB in the logger
alone; the best of the rounds, which take turns. nemoinit writes every line to its stdout (/dev/null here) as well and keeps
the last ones for status; `without a file` is what that costs alone. A peer that is not installed is left out.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

NEMOINIT = os.path.abspath(sys.argv[1])
MEGABYTES = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 3
SIZE = 10 << 20
KEEP = 3
LENGTHS = (100, 1000)


def fill(path, length):
    """Numbered lines of so many bytes, newline included; returns their number."""
    count = MEGABYTES * 1000000 // length
    text = "INFO [gateway] request to http://127.0.0.1:18789/v1/chat finished in 12 ms, status 200, session main; "
    filler = (text * (length // len(text) + 1))[: length - 11]
    with open(path, "w", encoding="ascii") as file:
        for start in range(0, count, 10000):
            file.write("".join(f"{i:9d} {filler}\n" for i in range(start, min(start + 10000, count))))
    return count


def cpu_seconds(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


def pipe_into(command, source):
    """Wall and CPU seconds of a logger that ends with its input."""
    begin = time.monotonic()
    with subprocess.Popen(["cat", source], stdout=subprocess.PIPE) as cat:
        logger = subprocess.Popen(command, stdin=cat.stdout, stderr=subprocess.DEVNULL)
        cat.stdout.close()
        _, status, usage = os.wait4(logger.pid, 0)
        logger.returncode = status
    assert status == 0, command
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime


def svlogd(place, source, options=()):
    with open(f"{place}/config", "w", encoding="ascii") as file:
        file.write(f"s{SIZE}\nn{KEEP + 1}\n")
    return pipe_into(["svlogd", "-ttt", *options, place], source)


def s6_log(place, source):
    return pipe_into(["s6-log", "-b", f"n{KEEP}", f"s{SIZE}", "T", place], source)


def is_finished(path):
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(path)
        asked.sendall(b'{"op":"status"}\n')
        reply = asked.makefile().readline()
    return json.loads(reply)["services"][0]["state"] == "finished"


def nemoinit(place, source, redact="off", has_file=True):
    path, config = f"{place}/socket", f"{place}/ini"
    with open(config, "w", encoding="ascii") as file:
        file.write(f"[nemoinit]\nredact = {redact}\n" + (f"log_dir = {place}/logs\n" if has_file else "") +
                   f"[service cat]\ncommand = cat {source}\nrestart = never\n")
    names = {name: value for name, value in os.environ.items() if not name.startswith("NEMOINIT")}
    names["SOME_API_KEY"] = "value-of-a-secret-0123456789"
    begin = time.monotonic()
    process = subprocess.Popen([NEMOINIT, "-s", path, "-c", config], stdout=subprocess.DEVNULL, env=names)
    while not (os.path.exists(path) and is_finished(path)):
        time.sleep(0.02)
    wall, cpu = time.monotonic() - begin, cpu_seconds(process.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    return wall, cpu


def newest_lines(place):
    """What is kept, from the oldest line to the newest, if it is nemoinit's."""
    for number in range(KEEP, -1, -1):
        path = f"{place}/logs/cat.log" + (f".{number}" if number else "")
        if os.path.exists(path):
            assert os.path.getsize(path) <= SIZE, path
            with open(path, encoding="ascii") as file:
                yield from file


def check(place, count):
    """Every line is whole and follows the one before; the last is the last."""
    last = None
    for line in newest_lines(place):
        number = int(line[25:34])
        assert last is None or number == last + 1, line
        last = number
    assert last == count - 1, (last, count)


LOGGERS = {
    "nemoinit, redact off": nemoinit,
    "nemoinit, redact on": lambda place, source: nemoinit(place, source, "on"),
    "nemoinit, redact off, without a file": lambda place, source: nemoinit(place, source, "off", False),
    "svlogd -ttt -b 8192": lambda place, source: svlogd(place, source, ("-l", "4000", "-b", "8192")),
    "svlogd -ttt -b 65536": lambda place, source: svlogd(place, source, ("-l", "4000", "-b", "65536")),
    "s6-log T": s6_log,
}


def main():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        for length in LENGTHS:
            source = f"{directory}/source"
            count = fill(source, length)
            best = {}
            for _ in range(ROUNDS):
                for name, log in LOGGERS.items():
                    if not name.startswith("nemoinit") and not shutil.which(name.split()[0]):
                        continue
                    place = tempfile.mkdtemp(dir=directory)
                    wall, cpu = log(place, source)
                    if name.startswith("nemoinit, redact off") and os.path.exists(f"{place}/logs"):
                        check(place, count)
                    shutil.rmtree(place)
                    known = best.get(name, (wall, cpu))
                    best[name] = (min(wall, known[0]), min(cpu, known[1]))
            print(f"lines of {length} bytes, {MEGABYTES} MB")
            for name, (wall, cpu) in best.items():
                print(f"  {name:<38} {MEGABYTES / wall:7.0f} MB/s {cpu * 1000 / MEGABYTES:7.2f} CPU s/GB", flush=True)


main()

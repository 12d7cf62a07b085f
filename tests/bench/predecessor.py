#!/usr/bin/env python3
"""A stand-in for the watcher that nemopair takes the place of: a list, its approvals, a sleep; slow from the start."""
import json
import os
import subprocess
import sys
import time

INTERVAL = float(os.environ["NEMOCLAW_AUTO_PAIR_SLOW_INTERVAL_SECS"])
handled = set()


def run(*words):
    try:
        done = subprocess.run(["openclaw", "devices", *words, "--json"], capture_output=True, text=True, timeout=10)
    except subprocess.TimeoutExpired:
        return 124, ""
    return done.returncode, done.stdout.strip()


while True:
    code, text = run("list")
    try:
        pending = json.loads(text).get("pending") or [] if code == 0 else []
    except ValueError:
        pending = []
    for request in pending:
        name = request.get("requestId")
        if name in handled or request.get("clientId") not in ("openclaw-control-ui", "cli"):
            continue
        code, _ = run("approve", name)
        if code != 124:
            handled.add(name)
        print("approved", name, flush=True)
    time.sleep(INTERVAL)

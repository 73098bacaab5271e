#!/usr/bin/env python3
"""Shows that `pushgw check` and `push --groups` are linear in time and memory, for each shape of text.

    cargo build --release --locked --bin pushgw && cargo build --release --locked --example shapes
    benches/linear.py [SHAPE]... [--largest MB] [--runs N]

A row is a text of 1,000, 10,000, ... 10,000,000 series (one-line: labels) and at most --largest MB (default 1000). The
time is the CPU time of the fastest run, minus that of a text of one series. The memory is the peak of the whole
process, input included, divided by the size of the input. Texts too small for a measurement show `-`. The shape
`groups` is pushed to a port without a listener. This ends after three groups, so only the checks take time.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import inputs

TARGET = inputs.TARGET
PUSHGW = TARGET / "release" / "pushgw"
SHAPES = inputs.program()


def call(shape, file):
    """Returns the arguments that check a text of this shape, and the exit status."""
    if shape == "groups":
        return ["push", "--groups", str(file), "-q", "--gateway", "http://127.0.0.1:1", "--retries", "0"], 6
    return ["check", "-q", str(file)], 0


def check(shape, file, runs):
    """Returns the minimum CPU time in seconds and the peak memory in bytes of checking a file."""
    arguments, expected = call(shape, file)
    times, memory = [], 0
    for _ in range(runs):
        quiet = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
        pid = os.posix_spawn(PUSHGW, [str(PUSHGW), *arguments], os.environ, file_actions=quiet)
        _, status, usage = os.wait4(pid, 0)
        if os.waitstatus_to_exitcode(status) != expected:
            sys.exit(f"pushgw {' '.join(arguments)}: exit status {os.waitstatus_to_exitcode(status)}")
        times.append(usage.ru_utime + usage.ru_stime)
        memory = max(memory, usage.ru_maxrss * 1024)
    return min(times), memory


def write(file, shape, series, limit):
    """Writes a text and returns its size, or None if it would exceed the limit."""
    process = subprocess.Popen([SHAPES, shape, str(series)], stdout=subprocess.PIPE)
    size = 0
    with open(file, "wb") as out:
        while size <= limit and (piece := process.stdout.read(1 << 20)):
            out.write(piece)
            size += len(piece)
    process.stdout.close()
    process.wait()
    return size if size <= limit else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="*", metavar="SHAPE")
    parser.add_argument("--largest", type=float, default=1000, metavar="MB")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    for needed in (PUSHGW, SHAPES):
        if not needed.exists():
            sys.exit(f"{needed} is not built: see --help")
    listed = subprocess.run([SHAPES], check=True, capture_output=True, text=True).stdout
    print(f"{'shape':15} {'series':>10} {'MB':>8} {'ms':>9} {'MB/s':>7} {'ns/series':>10} {'memory/input':>13}")
    with tempfile.TemporaryDirectory(dir=TARGET) as folder:
        file = pathlib.Path(folder) / "input.prom"
        for shape in args.shapes or [line.split()[0] for line in listed.splitlines()]:
            write(file, shape, 1, 1 << 20)
            base, _ = check(shape, file, args.runs)
            for series in (10**power for power in range(3, 8)):
                size = write(file, shape, series, args.largest * 1e6)
                if size is None:
                    break
                time, memory = check(shape, file, args.runs)
                time -= base
                row = f"{shape:15} {series:10,} {size / 1e6:8.2f}"
                # A small process reports the peak of its parent, from before exec.
                memory = f"{memory / size:13.2f}" if size > 18e6 else f"{'-':>13}"
                if time < 0.003:
                    print(f"{row} {'-':>9} {'-':>7} {'-':>10} {memory}", flush=True)
                    continue
                speed = f"{time * 1e3:9.1f} {size / 1e6 / time:7.0f} {time * 1e9 / series:10.1f}"
                print(f"{row} {speed} {memory}", flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Compares pushgw with curl, promtool, prometheus-parse and jq, whole processes on the same input.

    cargo build --release --bin pushgw --example prometheus_parse && benches/compare.py [push|check|upload|list]... [--runs N]

Each row runs the two programs in turn (A B A B ...), so that a machine whose speed drifts does it to both, and prints
the ratio ours/theirs run by run: median, and in brackets the least and the greatest. Ratios of one run are the
figures to quote; seconds depend on the machine. Needs curl, jq, and the release binaries; the gateway and promtool
are fetched by tests/fetch.sh. Nothing but the standard library is used, and nothing is left behind or running.
"""

import argparse
import contextlib
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PUSHGW = TARGET / "release" / "pushgw"
PARSE = TARGET / "release" / "examples" / "prometheus_parse"


# --- Measuring -------------------------------------------------------------------------------------------------------


class Run:
    """What one process took: wall and processor time in seconds, peak memory in MiB."""

    def __init__(self, command, stdout):
        devnull = os.open(os.devnull, os.O_RDONLY)
        actions = [(os.POSIX_SPAWN_DUP2, devnull, 0), (os.POSIX_SPAWN_DUP2, stdout, 1)]
        command = [str(word) for word in command]
        start = time.perf_counter()
        pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        self.wall = time.perf_counter() - start
        os.close(devnull)
        self.code = os.waitstatus_to_exitcode(status)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss / 1024


def compare(title, ours, theirs, runs, figures, allowed=(0,)):
    """Runs two commands in turn and prints a row; `figures` are attributes of Run."""
    pairs = []
    with open(os.devnull, "wb") as sink:
        for turn in range(runs + 1):
            pair = Run(ours, sink.fileno()), Run(theirs, sink.fileno())
            for run, command in zip(pair, (ours, theirs)):
                if run.code not in allowed:
                    sys.exit(f"{' '.join(map(str, command))}: exit status {run.code}")
            if turn > 0:  # The first pair warms the caches.
                pairs.append(pair)
    print(title)
    for figure in figures:
        ratios = [getattr(a, figure) / max(getattr(b, figure), 1e-9) for a, b in pairs]
        a, b = (statistics.median(getattr(pair[i], figure) for pair in pairs) for i in (0, 1))
        unit, scale = ("MiB", 1) if figure == "memory" else ("ms", 1000)
        print(
            f"  {figure:7} {statistics.median(ratios):8.4f}  [{min(ratios):.4f} .. {max(ratios):.4f}]"
            f"   medians {a * scale:10.2f} {unit} and {b * scale:10.2f} {unit}"
        )
    print(flush=True)


# --- Inputs ----------------------------------------------------------------------------------------------------------


def series(path, count):
    """One family with `count` series of four labels, about 96 bytes each."""
    with open(path, "w", encoding="ascii") as file:
        file.write("# TYPE http_requests_total counter\n")
        for i in range(count):
            file.write(
                f'http_requests_total{{method="GET",path="/api/v1/users/{i}",status="200",host="web-{i % 100:02}"}} {i}\n'
            )


def families(path, count):
    """`count` gauges with one series each."""
    with open(path, "w", encoding="ascii") as file:
        for i in range(count):
            file.write(f"# HELP job_value_{i} A value.\n# TYPE job_value_{i} gauge\njob_value_{i} {i}.5\n")


def histograms(path, count):
    """`count` histograms of one family, with ten buckets each."""
    with open(path, "w", encoding="ascii") as file:
        file.write("# TYPE latency_seconds histogram\n")
        for i in range(count):
            for le in ("0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "+Inf"):
                file.write(f'latency_seconds_bucket{{path="/p/{i}",le="{le}"}} 7\n')
            file.write(f'latency_seconds_sum{{path="/p/{i}"}} 3.5\nlatency_seconds_count{{path="/p/{i}"}} 7\n')


def long_values(path, count):
    """`count` series whose one label has 4 KiB."""
    with open(path, "w", encoding="ascii") as file:
        for i in range(count):
            file.write(f'query_seconds{{sql="{"select " * 580}{i}"}} 1\n')


# --- The gateway -----------------------------------------------------------------------------------------------------


def fetch(what):
    lines = subprocess.run([ROOT / "tests" / "fetch.sh", what], check=True, capture_output=True, text=True).stdout
    version, path = lines.splitlines()[-1].split(" ", 1)
    return version, pathlib.Path(path)


@contextlib.contextmanager
def gateway(*flags):
    """The newest Pushgateway on a free port; its URL."""
    _, program = fetch("pushgateway")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [program, f"--web.listen-address={address}", "--persistence.file=", *flags]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/-/ready"):
                break
            time.sleep(0.01)
        yield f"http://{address}"
    finally:
        process.kill()
        process.wait()


# --- The comparisons -------------------------------------------------------------------------------------------------


def push(folder, runs):
    small = folder / "small.prom"
    small.write_text("backup_seconds 12.5\nbackup_size_bytes 3e9\nbackup_files 4421\n", encoding="ascii")
    with gateway() as url:
        compare(
            "a small push (3 series): pushgw push / curl --data-binary",
            [PUSHGW, "push", "-g", url, "-j", "bench", small],
            ["curl", "-sS", "--fail-with-body", "-X", "PUT", "--data-binary", f"@{small}", f"{url}/metrics/job/bench"],
            max(runs, 5) * 20,
            ("wall", "cpu"),
        )


def check(folder, runs):
    _, prometheus = fetch("prometheus")
    promtool = prometheus.parent / "promtool"
    shapes = [
        ("10,000 series of one family", series, 10_000),
        ("1,000,000 series of one family", series, 1_000_000),
        ("20,000 families", families, 20_000),
        ("2,000 histograms", histograms, 2_000),
        ("5,000 values of 4 KiB", long_values, 5_000),
    ]
    for title, write, count in shapes:
        file = folder / "input.prom"
        write(file, count)
        size = file.stat().st_size / 1e6
        compare(
            f"{title}, {size:.1f} MB: pushgw check / promtool check metrics",
            [PUSHGW, "check", "-q", file],
            ["sh", "-c", f"exec {promtool} check metrics < {file} 2>/dev/null"],
            runs,
            ("wall", "cpu", "memory"),
            allowed=(0, 3),
        )
        compare(
            f"{title}, {size:.1f} MB: pushgw check / prometheus-parse",
            [PUSHGW, "check", "-q", file],
            [PARSE, file],
            runs,
            ("wall", "cpu", "memory"),
        )
        compare(f"{title}, {size:.1f} MB: pushgw check / wc -l", [PUSHGW, "check", "-q", file], ["wc", "-l", file], runs, ("wall",))
        print(f"  peak memory over the input's size: see MiB above over {size / 1.048576:.1f} MiB\n")


def upload(folder, runs):
    file = folder / "input.prom"
    series(file, 200_000)
    with gateway("--push.disable-consistency-check") as url:
        compare(
            "200,000 series pushed: pushgw push / curl --data-binary (the gateway's own work included)",
            [PUSHGW, "push", "-q", "-g", url, "-j", "bench", file],
            ["curl", "-sS", "--fail-with-body", "-X", "PUT", "--data-binary", f"@{file}", f"{url}/metrics/job/bench"],
            runs,
            ("wall", "memory"),
        )


def list_groups(folder, runs):
    group = folder / "group.prom"
    series(group, 100)
    body = group.read_bytes()
    with gateway("--push.disable-consistency-check") as url:
        for number in range(10_000):
            request = urllib.request.Request(f"{url}/metrics/job/bench/number/{number}", data=body, method="PUT")
            with urllib.request.urlopen(request):
                pass
        script = f"curl -s {url}/api/v1/metrics | jq -r '.data[].labels|tojson' >/dev/null"
        compare(
            "10,000 groups of 100 series: pushgw list / curl | jq (memory: the larger of their processes)",
            [PUSHGW, "list", "-g", url],
            ["sh", "-c", script],
            runs,
            ("wall", "cpu", "memory"),
        )


COMPARISONS = {"push": push, "check": check, "upload": upload, "list": list_groups}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comparisons", nargs="*", metavar="COMPARISON", help=", ".join(COMPARISONS))
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    for name in args.comparisons:
        if name not in COMPARISONS:
            parser.error(f"{name} is none of {', '.join(COMPARISONS)}")
    for needed in (PUSHGW, PARSE):
        if not needed.exists():
            sys.exit(f"{needed} is not built: cargo build --release --bin pushgw --example prometheus_parse")
    versions = [subprocess.run([p, "--version"], capture_output=True, text=True).stdout.split("\n")[0] for p in ("curl", "jq")]
    print(f"pushgw against {versions[0].split(' (')[0]}, {versions[1]}, promtool {fetch('prometheus')[0]}, ", end="")
    print(f"prometheus-parse 0.2.5; Pushgateway {fetch('pushgateway')[0]}; {os.cpu_count()} processors\n")
    with tempfile.TemporaryDirectory(dir=TARGET) as folder:
        for name in args.comparisons or COMPARISONS:
            COMPARISONS[name](pathlib.Path(folder), args.runs)


if __name__ == "__main__":
    main()

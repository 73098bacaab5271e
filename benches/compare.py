#!/usr/bin/env python3
"""Compares pushgw with curl, promtool, prometheus-parse and jq, as whole processes with the same input.

    cargo build --release --locked --bin pushgw
    cargo build --release --locked --example prometheus_parse --example shapes
    benches/compare.py [push|run|check|openmetrics|upload|gzip|list|remote-write]... [--runs N]

The builds are separate because a single one would also build pushgw with the library features of prometheus-parse.

Each row runs the two programs alternately, in the order A B B A ..., so that changes of the machine's speed affect
both, and so that the gateway's garbage collection at every other push does not always hit the same one. It prints the
ratio ours/theirs of the pairs: the median, and in brackets the minimum and maximum. docs/performance.md quotes these
ratios; absolute times depend on the machine. Needs curl, jq, GNU time and the release binaries; tests/fetch.sh fetches
the gateway, Prometheus and promtool. Uses only the standard library.
"""

import argparse
import contextlib
import http.server
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import inputs
from instructions import SIZE_LIMIT

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = inputs.TARGET
PUSHGW = TARGET / "release" / "pushgw"
PARSE = TARGET / "release" / "examples" / "prometheus_parse"


# --- Measuring -------------------------------------------------------------------------------------------------------


class Run:
    """Wall and CPU time of one process, in seconds."""

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


class Peak:
    """The peak memory of one process in MiB.

    A process inherits the peak of its parent. GNU time is a small parent, while this script would hide the peak of a
    small program. So memory is measured in separate runs.
    """

    def __init__(self, command, stdout):
        with tempfile.NamedTemporaryFile("r") as report:
            command = ["time", "-q", "-f", "%M", "-o", report.name, *map(str, command)]
            self.code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stdout).returncode
            self.memory = int(report.read().split()[-1]) / 1024


def compare(title, ours, theirs, runs, figures, allowed=(0,), file=None, before=lambda: None):
    """Runs two commands alternately and prints a row for each figure (`wall`, `cpu`, `memory`).

    With a file, memory is also printed as a multiple of its size. `before` is called before each timed run.
    """
    print(title)
    # The first pair warms the caches.
    pairs = alternate(Run, ours, theirs, runs + 1, allowed, before)[1:]
    rows(pairs, [figure for figure in figures if figure != "memory"])
    if "memory" in figures:
        # One pair is enough, because memory usage hardly varies.
        pairs = alternate(Peak, ours, theirs, 1, allowed)
        rows(pairs, ["memory"])
        if file:
            size = file.stat().st_size / (1 << 20)
            print("  relative to the input's size:" + " and".join(f" {peak.memory / size:.2f}" for peak in pairs[0]))
    print(flush=True)


def alternate(measure, ours, theirs, runs, allowed, before=lambda: None):
    """Returns pairs of measurements of two commands, which take turns at being first."""
    pairs = []
    with open(os.devnull, "wb") as sink:
        for turn in range(runs):
            order = 1 if turn % 2 == 0 else -1
            pair = []
            for command in (ours, theirs)[::order]:
                before()
                run = measure(command, sink.fileno())
                if run.code not in allowed:
                    sys.exit(f"{' '.join(map(str, command))}: exit status {run.code}")
                pair.append(run)
            pairs.append(pair[::order])
    return pairs


def rows(pairs, figures):
    for figure in figures:
        ratios = [getattr(a, figure) / max(getattr(b, figure), 1e-9) for a, b in pairs]
        a, b = (statistics.median(getattr(pair[i], figure) for pair in pairs) for i in (0, 1))
        unit, scale = ("MiB", 1) if figure == "memory" else ("ms", 1000)
        print(
            f"  {figure:7} {statistics.median(ratios):8.4f}  [{min(ratios):.4f} .. {max(ratios):.4f}]"
            f"   medians {a * scale:10.2f} {unit} and {b * scale:10.2f} {unit}"
        )


# --- The servers -----------------------------------------------------------------------------------------------------

UNCHECKED = "--push.disable-consistency-check"


def fetch(*what):
    """Returns the programs of every version, oldest first."""
    lines = subprocess.run([ROOT / "tests" / "fetch.sh", *what], check=True, capture_output=True, text=True).stdout
    return [pathlib.Path(line.split(" ", 1)[1]) for line in lines.splitlines()]


def newest_gateway():
    return fetch("pushgateway")[-1]


def promtool():
    """Returns promtool 2.42, because version 3 needs minutes for a million series."""
    return fetch("prometheus", "bookworm")[0].parent / "promtool"


def newest_prometheus():
    return fetch("prometheus")[-1]


def newest_victoria_metrics():
    return fetch("victoria-metrics")[-1]


def version(program):
    """Returns the first version number in the output of --version."""
    done = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    return re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)[0]


def version_of_parse():
    return re.search(r'name = "prometheus-parse"\nversion = "(.*)"', (ROOT / "Cargo.lock").read_text())[1]


class Server:
    """A server on a free port."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self.address}"

    def __enter__(self):
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(500):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/-/ready"):
                    break
                time.sleep(0.01)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def restart(self):
        """Starts a new process with an empty store."""
        self.__exit__()
        self.__enter__()


class Gateway(Server):
    """The newest Pushgateway."""

    def __init__(self, *flags):
        super().__init__()
        self.flags = flags

    def command(self):
        return [newest_gateway(), f"--web.listen-address={self.address}", "--persistence.file=", *self.flags]


class Receiver(Server):
    """A remote-write receiver that keeps its data in this folder."""

    def __init__(self, folder):
        super().__init__()
        self.data = folder / "data"

    def command(self):
        shutil.rmtree(self.data, ignore_errors=True)
        return self.program()


class Prometheus(Receiver):
    """The newest Prometheus, which scrapes nothing."""

    name = "Prometheus"

    def __init__(self, folder):
        super().__init__(folder)
        self.config = folder / "prometheus.yml"

    def program(self):
        self.config.write_text("{}\n")
        return [
            newest_prometheus(),
            f"--config.file={self.config}",
            f"--web.listen-address={self.address}",
            f"--storage.tsdb.path={self.data}",
            "--web.enable-remote-write-receiver",
        ]


class VictoriaMetrics(Receiver):
    """The newest VictoriaMetrics on one node."""

    name = "VictoriaMetrics"

    def program(self):
        return [newest_victoria_metrics(), f"-httpListenAddr={self.address}", f"-storageDataPath={self.data}"]


# --- The comparisons -------------------------------------------------------------------------------------------------


def curl(url, file, *more):
    return ["curl", "-sS", "--fail-with-body", "-X", "PUT", *more, "--data-binary", f"@{file}", f"{url}/metrics/job/bench"]


def push(folder, runs):
    small = folder / "small.prom"
    inputs.small(small)
    with Gateway() as gateway:
        compare(
            "a small push (3 series): pushgw push / curl --data-binary",
            [PUSHGW, "push", "-g", gateway.url, "-j", "bench", small],
            curl(gateway.url, small),
            max(runs, 5) * 20,
            ("wall", "cpu", "memory"),
        )


def run(folder, runs):
    small = folder / "small.prom"
    inputs.small(small)
    with Gateway() as gateway:
        for title, options in (("", []), (" with --expect-within", ["--expect-within", "1h"])):
            compare(
                f"pushgw run -- true{title} / curl --data-binary",
                [PUSHGW, "run", "-g", gateway.url, "-j", "bench", *options, "--", "true"],
                curl(gateway.url, small),
                max(runs, 5) * 20,
                ("wall", "cpu"),
            )


def check(folder, runs):
    check_metrics = f"exec {promtool()} check metrics"
    shapes = [
        ("3 series of one family", "series", 3),
        ("10,000 series of one family", "series", 10_000),
        ("1,000,000 series of one family", "series", 1_000_000),
        ("200,000 series of one label", "short", 200_000),
        ("20,000 series of thirty labels", "wide", 20_000),
        ("20,000 families", "families", 20_000),
        ("2,000 histograms", "histograms", 24_000),
        ("5,000 values of 4 KiB", "long-values", 5_000),
    ]
    file = folder / "input.prom"
    for title, shape, count in shapes:
        inputs.write(file, shape, count)
        size = file.stat().st_size
        title = f"{title}, {size / 1e6:.1f} MB ({size / (1 << 20):.2f} MiB): pushgw check"
        ours = [PUSHGW, "check", "-q", file]
        peers = [
            ("promtool check metrics", ["sh", "-c", f"{check_metrics} < {file} 2>/dev/null"]),
            ("prometheus-parse", [PARSE, file]),
            ("wc -l", ["wc", "-l", file]),
        ]
        for name, theirs in peers:
            compare(f"{title} / {name}", ours, theirs, runs, ("wall", "cpu", "memory"), (0, 3), file)


def openmetrics(folder, runs):
    shapes = [
        ("1,000,000 series of one counter", "series", 1_000_000),
        ("100,000 histograms", "histograms", 1_200_000),
        ("1,000,000 series of ten to a family", "small-families", 1_000_000),
        ("1,000,000 families", "families", 1_000_000),
        ("20,000 series of thirty labels", "wide", 20_000),
    ]
    text, converted = folder / "input.prom", folder / "input.om"
    for title, shape, count in shapes:
        inputs.write(text, shape, count)
        with open(text, "rb") as lines, open(converted, "wb") as out:
            for line in lines:
                if line.startswith(b"# TYPE"):
                    line = line.replace(b"_total counter", b" counter")
                out.write(line.replace(b",} ", b"} "))
            out.write(b"# EOF\n")
        compare(
            f"{title}, {converted.stat().st_size / 1e6:.1f} MB: pushgw check of OpenMetrics / of the text format",
            [PUSHGW, "check", "-q", "--format", "openmetrics", converted],
            [PUSHGW, "check", "-q", "--format", "prometheus", text],
            runs,
            ("wall", "cpu", "memory"),
            file=converted,
        )


class Reader(http.server.BaseHTTPRequestHandler):
    """A server that reads what is pushed and discards it."""

    protocol_version = "HTTP/1.1"
    buffer = memoryview(bytearray(1 << 20))

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        while left > 0 and (read := self.rfile.readinto1(self.buffer[:left])):
            left -= read
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def reader():
    """Runs a `Reader` on a free port, and yields its URL."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Reader) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def upload(folder, runs):
    file = folder / "input.prom"
    # The time of a gateway varies by half, depending on what it already stores. With a server that stores nothing, only
    # the time of the client counts.
    with Gateway(UNCHECKED) as gateway, reader() as reader_url:
        servers = (("the gateway", gateway.url, gateway.restart), ("a server that only reads", reader_url, lambda: None))
        for name, url, before in servers:
            for count, pairs in ((100_000, runs * 4), (1_000_000, runs * 2)):
                inputs.write(file, "series", count)
                compare(
                    f"{count:,} series pushed to {name}, {file.stat().st_size / (1 << 20):.1f} MiB:"
                    " pushgw push / curl --data-binary",
                    [PUSHGW, "push", "-q", "-g", url, "-j", "bench", file],
                    curl(url, file),
                    pairs,
                    ("wall", "cpu", "memory"),
                    file=file,
                    before=before,
                )


@contextlib.contextmanager
def slow_link(url, megabits):
    """Runs a proxy to the gateway with this bandwidth, and yields its URL."""
    host, port = url.removeprefix("http://").split(":")
    listener = socket.create_server(("127.0.0.1", 0))
    # Without this, the kernel buffers megabytes. The small segment size keeps the sender from stalling: loopback
    # packets of 64 KiB do not fit the small window.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)

    def forward(source, sink, rate):
        """Forwards at this rate, with bursts of at most 5 ms."""
        sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = time.monotonic()
        with contextlib.suppress(OSError):
            while chunk := source.recv(8 * 1024):
                due = max(due, time.monotonic() - 0.005) + len(chunk) / rate
                if (early := due - time.monotonic()) > 0:
                    time.sleep(early)
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((host, int(port)))
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=forward, args=(*ends, megabits * 125_000), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def gzip(folder, runs):
    file = folder / "input.prom"
    inputs.write(file, "series", 20_000)
    with Gateway(UNCHECKED) as gateway:
        for megabits in (10, 50, 100, 200, 500):
            with slow_link(gateway.url, megabits) as slow:
                plain = [PUSHGW, "push", "-q", "-g", slow, "-j", "bench", file]
                compare(
                    f"20,000 series over {megabits} Mbit/s: pushgw push --compress gzip / pushgw push",
                    [*plain, "--compress", "gzip"],
                    plain,
                    runs,
                    ("wall",),
                )


def list_groups(folder, runs):
    group = folder / "group.prom"
    inputs.write(group, "series", 100)
    body = group.read_bytes()
    with Gateway(UNCHECKED) as gateway:
        url = gateway.url
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


def parts(file, count):
    """Splits the text into this many files, each with the lines before the first sample."""
    lines = file.read_text().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    head, samples = lines[:first], lines[first:]
    size = -(-len(samples) // count)
    for number in range(count):
        part = file.with_name(f"part-{number}.prom")
        part.write_text("".join(head + samples[number * size : (number + 1) * size]))
        yield part


def remote_write(folder, runs):
    file = folder / "input.prom"
    inputs.write(file, "series", 1_000_000)
    # promtool sends a file as one request, and Prometheus accepts at most 32 MiB.
    of_promtool = list(parts(file, 10))
    promtool_push = newest_prometheus().parent / "promtool"
    for server in (Prometheus, VictoriaMetrics):
        with server(folder) as receiver:
            # The receiver needs most of the time to create the series, so both cases are measured.
            for title, before in (("it does not have yet", receiver.restart), ("it has already", lambda: None)):
                compare(
                    f"1,000,000 samples to {server.name}, of series that {title},"
                    f" {file.stat().st_size / (1 << 20):.1f} MiB:"
                    " pushgw push --remote-write / promtool push metrics, in ten parts",
                    [PUSHGW, "push", "-q", "-j", "bench", "--remote-write", receiver.url, file],
                    [promtool_push, "push", "metrics", f"{receiver.url}/api/v1/write", *of_promtool],
                    runs,
                    ("wall", "cpu", "memory"),
                    file=file,
                    before=before,
                )


COMPARISONS = {
    "push": push,
    "run": run,
    "check": check,
    "openmetrics": openmetrics,
    "upload": upload,
    "gzip": gzip,
    "list": list_groups,
    "remote-write": remote_write,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comparisons", nargs="*", metavar="COMPARISON", help=", ".join(COMPARISONS))
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    for name in args.comparisons:
        if name not in COMPARISONS:
            parser.error(f"unknown comparison {name}: use {', '.join(COMPARISONS)}")
    for needed in (PUSHGW, PARSE, inputs.program()):
        if not needed.exists():
            sys.exit(f"{needed} is not built: see --help")
    if not shutil.which("time"):
        sys.exit("GNU time is not installed")
    peers = [f"{name} {version(program)}" for name, program in (("curl", "curl"), ("jq", "jq"), ("promtool", promtool()))]
    print(f"pushgw {version(PUSHGW)} against {', '.join(peers)}, prometheus-parse {version_of_parse()};", end=" ")
    print(f"Pushgateway {version(newest_gateway())}; {os.cpu_count()} CPUs")
    print(f"the stripped binary: {PUSHGW.stat().st_size:,} bytes, limit {SIZE_LIMIT:,}\n")
    with tempfile.TemporaryDirectory(dir=TARGET) as folder:
        for name in args.comparisons or COMPARISONS:
            COMPARISONS[name](pathlib.Path(folder), args.runs)


if __name__ == "__main__":
    main()

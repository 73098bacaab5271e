#!/usr/bin/env python3
"""Counts the instructions of a fixed set of calls and compares them with instructions.tsv.

    cargo build --release --locked --bin pushgw && benches/instructions.py [--update]

Fails if a call needs over 5 % more than the table, or if the binary is over the size limit. A call that needs over 5 %
less is marked `less`; --update writes the new table. valgrind counts, so the machine's speed and load do not matter.
Another rustc, C library or CPU counts differently: memchr and the C library choose routines by CPU. There, compare with
the counts of the parent commit. The rest is fixed: the environment is empty, this script is the server, and valgrind's
memory layout is deterministic. Hash seeds and packet sizes still move the counts by well under 1 %.
"""

import argparse
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import inputs

HERE = pathlib.Path(__file__).resolve().parent
PUSHGW = inputs.TARGET / "release" / "pushgw"
TABLE = HERE / "instructions.tsv"
HEAD = """\
# Instructions of each call. benches/instructions.py fails if a call needs over 5 % more.
# After an intended change: cargo build --release --locked --bin pushgw && benches/instructions.py --update
"""
TOLERANCE = 0.05
SIZE_LIMIT = 4_250_000

PUSHED = 1_700_000_000


def stored(groups):
    """Returns a response of /api/v1/metrics with this many groups of 20 series."""
    gauge = lambda value: {"type": "GAUGE", "help": "", "metrics": [{"labels": {}, "value": value}]}
    times = {"push_time_seconds": gauge(str(PUSHED)), "push_failure_time_seconds": gauge("0")}
    data = []
    for number in range(groups):
        labels = {"job": f"job{number % 7}", "instance": f"host-{number}"}
        metrics = [{"labels": {**labels, "path": f"/p/{i}"}, "value": str(i)} for i in range(20)]
        family = {"time_stamp": "2023-11-14T22:13:20Z", "type": "COUNTER", "help": "Requests.", "metrics": metrics}
        data.append({"labels": labels, "last_push_successful": True, **times, "requests_total": family})
    return json.dumps({"status": "success", "data": data}).encode()


class Gateway(http.server.BaseHTTPRequestHandler):
    """A fixed response for each request of the calls below."""

    protocol_version = "HTTP/1.1"
    answers = {"/api/v1/metrics": stored(500)}

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = self.answers.get(self.path, b"")
        status = "202 Accepted" if self.command == "DELETE" else "200 OK"
        head = f"HTTP/1.1 {status}\r\nDate: Tue, 14 Nov 2023 22:23:20 GMT\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    do_GET = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


def calls(folder, url):
    """Returns the calls, by name."""
    file = {}
    for shape, series in (
        ("series", 10_000),
        ("short", 10_000),
        ("bare", 10_000),
        ("wide", 1_000),
        ("families", 10_000),
        ("histograms", 12_000),
        ("long-values", 200),
    ):
        file[shape] = folder / f"{shape}.prom"
        inputs.write(file[shape], shape, series)
    file["small"] = folder / "small.prom"
    inputs.small(file["small"])
    file["invalid"] = folder / "invalid.prom"
    file["invalid"].write_text("".join(f"a-{number} 1\n" for number in range(1_000)), encoding="ascii")
    return {
        "version": ["--version"],
        "push --help": ["push", "--help"],
        "completions bash": ["completions", "bash"],
        "push, 3 series": ["push", "-g", url, "-j", "bench", file["small"]],
        "push, 10,000 series": ["push", "-g", url, "-j", "bench", file["series"]],
        "delete -f": ["delete", "-f", "-g", url, "-j", "bench"],
        **{f"check, {shape}": ["check", "-q", file[shape]] for shape in file},
        "check --lint, families": ["check", "-q", "--lint", file["families"]],
        "list, 500 groups": ["list", "-g", url],
        "list --match, 500 groups": ["list", "-g", url, "--format", "json", "--match", "instance=~host-(1|2).*"],
    }


def count(arguments, folder):
    """Returns the number of instructions that the call needs."""
    valgrind = [shutil.which("valgrind"), "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    command = [*valgrind, f"--log-file={folder / 'log'}", PUSHGW, *arguments]
    run = subprocess.run(command, env={}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if run.returncode not in (0, 3):
        sys.exit(f"{arguments}: exit status {run.returncode}\n{run.stderr.decode()}")
    found = re.search(r"I\s+refs:\s+([\d,]+)", (folder / "log").read_text())
    return int(found[1].replace(",", ""))


def measure():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(dir=inputs.TARGET) as name:
        folder = pathlib.Path(name)
        listed = calls(folder, f"http://127.0.0.1:{server.server_port}")
        counts = {name: count(arguments, folder) for name, arguments in listed.items()}
    server.shutdown()
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="write the table")
    args = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed")
    for needed, built in ((PUSHGW, "--release --bin pushgw"), (inputs.program(), "--example shapes")):
        if not needed.exists():
            sys.exit(f"{needed} is not built: cargo build --locked {built}")
    counts = measure()
    if args.update:
        TABLE.write_text(HEAD + "".join(f"{name}\t{count}\n" for name, count in counts.items()), encoding="ascii")
    lines = TABLE.read_text(encoding="ascii").splitlines()
    known = dict(line.rsplit("\t", 1) for line in lines if not line.startswith("#"))
    failed = known.keys() != counts.keys()
    for name, now in counts.items():
        before = int(known.get(name, 0))
        change = now / before - 1 if before else float("inf")
        verdict = "MORE" if change > TOLERANCE else "less" if change < -TOLERANCE else ""
        failed |= verdict == "MORE"
        print(f"{name:28} {now:13,} {before:13,} {change:+8.2%} {verdict}")
    size = PUSHGW.stat().st_size
    print(f"{'size of the binary':28} {size:13,} {SIZE_LIMIT:13,} at most")
    failed |= size > SIZE_LIMIT
    if failed:
        sys.exit("Over the limit. If the change is intended, run benches/instructions.py --update and say why in the commit.")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Prints the crates that are linked into pushgw's release programs, as a CycloneDX 1.5 document.

Usage: packaging/sbom.py > pushgw-VERSION.cdx.json

Names, licences and dependencies come from `cargo metadata`, checksums from Cargo.lock. Crates that run only at build
time (build scripts and macros) are not listed. The standard library and musl, which are also linked, are listed.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TARGETS = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"]


def output(*command):
    return subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True).stdout


def metadata():
    filters = [f"--filter-platform={target}" for target in TARGETS]
    return json.loads(output("cargo", "metadata", "--locked", "--format-version=1", *filters))


def checksums():
    """{(name, version): SHA-256 of the crate's archive}, from Cargo.lock."""
    entry = re.compile(r'name = "(.+)"\nversion = "(.+)"\n(?:.+\n)*?checksum = "(.+)"')
    parts = (REPOSITORY / "Cargo.lock").read_text().split("[[package]]\n")
    found = (entry.search(part) for part in parts)
    return {(match[1], match[2]): match[3] for match in found if match}


def linked(data):
    """The dependencies of each package in the program: {id: [id]}."""
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}

    def is_macro(key):
        return any("proc-macro" in target["kind"] for target in packages[key]["targets"])

    graph, waiting = {}, [data["resolve"]["root"]]
    while waiting:
        key = waiting.pop()
        if key not in graph:
            normal = (dep for dep in nodes[key]["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"]))
            graph[key] = sorted(dep["pkg"] for dep in normal if not is_macro(dep["pkg"]))
            waiting += graph[key]
    return packages, graph


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, kind, sums):
    made = {
        "type": kind,
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
        # Cargo still accepts `/`, which SPDX writes as OR.
        "licenses": [{"expression": package["license"].replace("/", " OR ")}],
    }
    if digest := sums.get((package["name"], package["version"])):
        made["hashes"] = [{"alg": "SHA-256", "content": digest}]
    if package["repository"]:
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def runtime():
    """What rustc and the linker add."""
    version = output("rustc", "--version").split()[1]
    expression = [{"expression": "MIT OR Apache-2.0"}]
    return [
        {"type": "library", "bom-ref": "rust-std", "name": "rust-std", "version": version, "licenses": expression},
        {"type": "library", "bom-ref": "musl", "name": "musl", "licenses": [{"license": {"id": "MIT"}}]},
    ]


def main():
    data, sums = metadata(), checksums()
    packages, graph = linked(data)
    root = data["resolve"]["root"]
    crates = sorted((key for key in graph if key != root), key=lambda key: purl(packages[key]))
    added = runtime()
    depends = [{"ref": purl(packages[key]), "dependsOn": [purl(packages[dep]) for dep in graph[key]]} for key in crates]
    direct = [purl(packages[dep]) for dep in graph[root]] + [part["bom-ref"] for part in added]
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "component": component(packages[root], "application", sums),
        },
        "components": [component(packages[key], "library", sums) for key in crates] + added,
        "dependencies": [{"ref": purl(packages[root]), "dependsOn": direct}, *depends],
    }
    json.dump(bom, sys.stdout, indent=2)
    print()


main()

"""Answers whether client_python reads an OpenMetrics text, and whether a converted text means the same.

A request is a line with two lengths, then the OpenMetrics text and the converted text; a length of -1 means that there
is no converted text. The answer is a line of JSON.
"""

import json
import struct
import sys

from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text


class Registry:
    def __init__(self, families):
        self.families = families

    def collect(self):
        return self.families


def describe(text):
    """The families of a text by name: type, help, and samples, whose values are bits."""
    families = {}
    for family in read_text(text):
        samples = [
            f"{sample.name}{json.dumps(sample.labels, sort_keys=True)}"
            f" {struct.pack('>d', sample.value).hex()} {sample.timestamp}"
            for sample in family.samples
        ]
        head = [f"{family.name} {family.type} {family.documentation!r}"]
        known = families.get(family.name)
        # Without a TYPE line, each sample is read as a family of its own.
        if known and (known[0] == head[0] or head[0] == f"{family.name} unknown ''"):
            known.extend(samples)
        else:
            while family.name in families:
                family.name += "#"
            families[family.name] = head + samples
    # A family that has at most a unit has no line in the text format.
    return {name: lines for name, lines in families.items() if lines != [f"{name} unknown ''"]}


def difference(families, converted):
    expected = describe(generate_latest(Registry(families), escaping="allow-utf-8").decode())
    actual = describe(converted.decode())
    lines = []
    for name in sorted(expected.keys() | actual.keys()):
        wanted, found = expected.get(name, []), actual.get(name, [])
        if wanted != found:
            lines += [f"- {line}" for line in wanted if line not in found]
            lines += [f"+ {line}" for line in found if line not in wanted]
            lines += [f"  {name}: expected {len(wanted)} lines, found {len(found)}, or in another order"]
    return "\n".join(lines) or None


def answer(text, converted):
    try:
        families = list(read_openmetrics(text.decode()))
    except Exception as error:  # the parser raises many kinds
        return {"error": f"{type(error).__name__}: {error}", "difference": None}
    try:
        return {"error": None, "difference": None if converted is None else difference(families, converted)}
    except Exception as error:
        return {"error": None, "difference": f"{type(error).__name__}: {error}"}


while header := sys.stdin.buffer.readline():
    lengths = [int(length) for length in header.split()]
    texts = [None if length < 0 else sys.stdin.buffer.read(length) for length in lengths]
    print(json.dumps(answer(*texts)), flush=True)

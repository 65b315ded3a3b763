"""Small recordings of a shop with a known fault, in the form that ``srebot rca`` reads."""

import csv
import gzip
import json
from pathlib import Path

import numpy as np

START, STEP, POINTS, INCIDENT = 1_700_000_000, 60, 60, 5
CALLS = [("web", "cart"), ("web", "search"), ("cart", "store"), ("search", "store")]
ENTITIES = ["cart", "search", "store", "web"]
SPAN_FIELDS = ["phase", "trace", "span", "parent", "entity", "operation", "start_us", "duration_us"]
USUAL = {"cpu": 10.0, "latency": 0.05, "requests": 600.0, "availability": 100.0}


class Recording:
    """Usual values with a little noise; what a test changes is the fault."""

    def __init__(self, seed=1):
        self.random = np.random.default_rng(seed)
        self.calls = list(CALLS)
        self.entities = list(ENTITIES)
        self.symptom = {"entity": None, "metric": "seen by users"}
        self.series = {
            f"{entity}|{metric}": usual
            * (1.0 + 0.02 * self.random.standard_normal(POINTS + INCIDENT) * (usual != 100.0))
            for entity in self.entities
            for metric, usual in USUAL.items()
        }
        self.spans, self.lines, self._span = [], [], 0

    def during(self, name):
        """The incident's part of a series, to be changed in place."""
        return self.series.setdefault(name, np.zeros(POINTS + INCIDENT))[POINTS:]

    def trace(self, phase, *, own=None, gap=None, without=(), at=0):
        """One request: web calls cart and search, each calls store; milliseconds of own time and of network gap."""
        own, gap = own or {}, gap or {}
        trace = str(len({s[1] for s in self.spans}))
        root = self._add(phase, trace, "", "web", "GET /", at)
        end = self._own("web", own)
        for callee in ("cart", "search"):
            if callee not in without:
                end = self._call(phase, trace, root, "web", callee, at, end, own, gap, without)
        self._close(root, end)

    def _call(self, phase, trace, parent, caller, callee, at, start, own, gap, without):
        client = self._add(phase, trace, parent, caller, f"call {callee}", at + start)
        half = self._noisy(gap.get((caller, callee), 1.0)) / 2
        server = self._add(phase, trace, client, callee, "serve", at + start + half)
        end = self._own(callee, own)
        if callee != "store" and (callee, "store") not in without:
            end = self._call(
                phase, trace, server, callee, "store", at + start + half, end, own, gap, without
            )
        self._close(server, end)
        self._close(client, end + 2 * half)
        return start + end + 2 * half

    def _own(self, entity, own):
        return self._noisy(own.get(entity, 5.0))

    def _noisy(self, milliseconds):
        return milliseconds * float(np.exp(0.1 * self.random.standard_normal()))

    def _add(self, phase, trace, parent, entity, operation, milliseconds):
        self._span += 1
        self.spans.append(
            [phase, trace, str(self._span), parent, entity, operation, int(milliseconds * 1000), 0]
        )
        return str(self._span)

    def _close(self, span, milliseconds):
        self.spans[int(span) - 1][-1] = int(milliseconds * 1000)

    def write(self, folder: Path) -> Path:
        """Write all files."""
        folder.mkdir(parents=True, exist_ok=True)
        start = START + POINTS * STEP
        case = {
            "id": folder.name,
            "dataset": "shop",
            "incident_start_s": start,
            "incident_end_s": start + INCIDENT * STEP,
            "step_s": STEP,
            "symptom": self.symptom,
            "entities": self.entities,
        }
        (folder / "case.json").write_text(json.dumps(case))
        (folder / "graph.json").write_text(json.dumps(self.calls))
        times = [START + STEP * i for i in range(POINTS + INCIDENT)]
        rows = zip(times, *(s.tolist() for s in self.series.values()), strict=True)
        table(folder / "metrics.csv.gz", ["unix_s", *self.series], rows)
        if self.spans:
            table(folder / "traces.csv.gz", SPAN_FIELDS, self.spans)
        if self.lines:
            table(folder / "logs.csv.gz", ["unix_s", "entity", "line"], self.lines)
        return folder


def table(path, header, rows):
    """A gzipped CSV; nan is empty."""
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([["" if v != v else v for v in row] for row in rows])

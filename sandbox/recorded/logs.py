"""Recorded log lines: ``logs.jsonl``, or ``kubectl logs --timestamps`` of each pod below ``logs/``."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.recorded import files
from sandbox.recorded.shifting import moment
from sandbox.world.scenario import ScenarioError

Record = dict[str, Any]
_LEVEL = re.compile(r"\b(debug|info|warn|error|fatal|panic|exception|critical)", re.IGNORECASE)
_STATUSES = {"fatal": "error", "panic": "error", "exception": "error", "critical": "error"}
_PLAIN = {"service": "", "namespace": "", "pod": "", "container": "", "host": "", "status": "info"}


def read(folder: Path, services: Mapping[tuple[str, str], str]) -> list[Record]:
    """All lines of a recording, oldest first.

    Args:
        folder: of the recording.
        services: the service's name by (namespace, pod).

    Raises:
        ScenarioError: a line is not as it should be.
    """
    found = [_record(line) for line in files.lines(folder, "logs.jsonl")]
    for path in sorted((folder / "logs").rglob("*.log")):
        found += _of_pod(path, folder / "logs", services)
    return sorted(found, key=lambda record: record["timestamp"])


def _record(line: Mapping[str, Any]) -> Record:
    try:
        at, message = moment(line["timestamp"]), str(line["message"])
    except (KeyError, ValueError, TypeError) as error:
        raise ScenarioError(f"logs.jsonl: a line has no timestamp or message: {error}") from error
    rest = {name: str(line.get(name) or default) for name, default in _PLAIN.items()}
    return {**rest, "timestamp": at, "message": message, "attributes": line.get("attributes") or {}}


def _of_pod(path: Path, root: Path, services: Mapping[tuple[str, str], str]) -> Iterator[Record]:
    """``logs/<namespace>/<pod>.log`` or ``logs/<namespace>/<pod>/<container>.log``."""
    namespace, pod, *container = path.relative_to(root).with_suffix("").parts
    place = {
        "namespace": namespace,
        "pod": pod,
        "container": container[0] if container else "",
        "service": services.get((namespace, pod), pod),
    }
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        when, _, message = line.partition(" ")
        try:
            at = moment(when)
        except ValueError as error:
            raise ScenarioError(
                f"{path.name}, line {number} begins with no time: record with --timestamps"
            ) from error
        said = _LEVEL.search(message)
        level = said[1].lower() if said else "info"
        status = _STATUSES.get(level, level)
        yield {
            **_PLAIN,
            **place,
            "timestamp": at,
            "status": status,
            "message": message,
            "attributes": {},
        }


class RecordedLogs:
    """Log lines by time."""

    def __init__(self, records: Iterable[Record], shift: timedelta) -> None:
        self._records = [{**r, "timestamp": r["timestamp"] + shift} for r in records]
        self._times = [record["timestamp"] for record in self._records]

    def between(
        self, start: datetime, end: datetime, limit: int, **wanted: str | None
    ) -> list[Record]:
        """The newest ``limit`` lines with these fields, oldest first."""
        first, last = bisect_left(self._times, start), bisect_left(self._times, end)
        given = {name: value for name, value in wanted.items() if value is not None}
        found = [
            record
            for record in self._records[first:last]
            if all(record.get(name) == value for name, value in given.items())
        ]
        return found[-limit:] if limit else []

"""Changes in a person's words, and their diffs short enough for a phone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from agent.model import Change, ChangeKind

_MOST_LINES = 16
_MOST_NAMES = 8
_UNITS = (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10))


_WORDS = {
    ChangeKind.REPLICAS: "scale {target} to {replicas} replicas",
    ChangeKind.ROLLBACK: "roll {target} back to revision {revision}",
    ChangeKind.RESTART: "restart {target}",
    ChangeKind.SUSPEND_JOB: "suspend {target}",
    ChangeKind.RESUME_JOB: "resume {target}",
    ChangeKind.CONFIG_VALUE: "set {key} of {target} to {value}",
    ChangeKind.IMAGE: "set {target} to image {image}",
    ChangeKind.DELETE_POD: "delete pod {target}",
    ChangeKind.CORDON: "cordon node {target}",
    ChangeKind.UNCORDON: "uncordon node {target}",
}


def in_words(change: Change | None) -> str:
    """What a change does, such as ``scale cart to 3 replicas``; of a way back that is not needed, why."""
    if change is None:
        return "none: the controller makes a new one"
    match change.kind:
        case ChangeKind.RESOURCES:
            return f"set {change.target.name} to {_resources(change)}"
        case ChangeKind.HPA_BOUNDS:
            least, most = (change.arguments.get(n, "as now") for n in ("minimum", "maximum"))
            return f"let {change.target.name} scale between {least} and {most} replicas"
        case kind:
            known = defaultdict(lambda: "?", change.arguments, target=change.target.name)
            return _WORDS[kind].format_map(known)


def few(names: Sequence[str]) -> str:
    """The first names of many, and how many more there are."""
    left = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {left} more" if left > 0 else "")


def short_diff(diff: str) -> str:
    """The changed lines under the name of what they change; the whole diff is in the confirmation and the record."""
    lines = []
    for line in diff.splitlines():
        if line.startswith("+++ "):
            lines.append(line.removeprefix("+++ ").removesuffix(" (proposed)"))
        elif line.startswith(("+", "-")) and not line.startswith("--- "):
            lines.append(line)
    left = len(lines) - _MOST_LINES
    if left > 1:
        lines = [*lines[:_MOST_LINES], f"… {left} more lines"]
    return "\n".join(lines) or diff


def _resources(change: Change) -> str:
    memory, cores = change.arguments.get("memory_bytes"), change.arguments.get("cpu_cores")
    parts = []
    if isinstance(memory, int | float):
        parts.append(f"{_binary(memory)} memory")
    if isinstance(cores, int | float):
        parts.append(f"{cores:g} CPU")
    return " and ".join(parts) or "its former resources"


def _binary(size_bytes: float) -> str:
    name, unit = next((u for u in _UNITS if size_bytes >= u[1]), ("", 1))
    return f"{size_bytes / unit:.4g}{name}"

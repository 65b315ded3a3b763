"""Changes in a person's words, and their diffs short enough for a phone."""

from __future__ import annotations

from agent.model import Change, ChangeKind

_MOST_LINES = 16
_UNITS = (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10))


def in_words(change: Change) -> str:
    """What a change does, such as ``scale cart to 3 replicas``."""
    target, given = change.target.name, change.arguments
    match change.kind:
        case ChangeKind.RESOURCES:
            return f"set {target} to {_resources(change)}"
        case ChangeKind.REPLICAS:
            return f"scale {target} to {given.get('replicas', '?')} replicas"
        case ChangeKind.ROLLBACK:
            return f"roll {target} back to revision {given.get('revision', '?')}"
        case ChangeKind.RESTART:
            return f"restart {target}"
        case ChangeKind.SUSPEND_JOB:
            return f"suspend {target}"
        case ChangeKind.RESUME_JOB:
            return f"resume {target}"
        case ChangeKind.CONFIG_VALUE:
            return f"set {given.get('key', '?')} of {target} to {given.get('value', '?')}"


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

"""What an investigation could not see, in short sentences: refusals, vendors that are down, and data that is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent.model import Step

BLIND = ("denied", "unreachable", "error")
"""Statuses of steps that did not show what is there."""
_MOST_OF_A_VENDOR = 2
"""More failures of one vendor than that are told as one."""
_ALL_LOGS = re.compile(r"^service:([\w.-]+)(?:\s+env:([\w.-]+))?$")


def unseen_text(steps: Sequence[Step]) -> tuple[str, ...]:
    """One sentence per cause; a thing that does not exist is not a blind spot, a service without any log is."""
    told = (*_refused(steps), *_partly_refused(steps), *_without_logs(steps))
    return tuple(dict.fromkeys(told))


def _refused(steps: Sequence[Step]) -> Iterator[str]:
    by_vendor: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        if step.status in BLIND:
            by_vendor.setdefault((_vendor(step), step.status), []).append(step)
    for (vendor, _), failed in by_vendor.items():
        if len({s.error for s in failed}) > _MOST_OF_A_VENDOR:
            answered = sum(s.reading is not None and _vendor(s) == vendor for s in steps)
            tools = ", ".join(dict.fromkeys(s.check.tool for s in failed))
            so = f"{len(failed)} look-ups failed" if answered else "no look-up was answered"
            yield f"could not see: {vendor}, {so} ({tools}) - {failed[0].error}"
        else:
            yield from (f"could not see: {s.check.tool} - {s.error}" for s in failed)


def _vendor(step: Step) -> str:
    return step.reading.source if step.reading is not None else step.check.tool.partition("_")[0]


def _partly_refused(steps: Sequence[Step]) -> Iterator[str]:
    """Answers that had to leave something out, and say so."""
    for step in steps:
        for what in step.reading.data.get("unseen") or () if step.reading is not None else ():
            yield f"could not see: {what} in {step.check.tool} - {_vendor(step)} does not let srebot list them"


def _without_logs(steps: Sequence[Step]) -> Iterator[str]:
    """Services of which there is not a single line, whatever its level."""
    for step in steps:
        asked = _ALL_LOGS.match(str(step.check.arguments.get("query") or ""))
        if step.check.tool != "datadog_logs" or not asked or step.reading is None:
            continue
        if not step.reading.data.get("total"):
            minutes = float(step.check.arguments.get("minutes") or 60)
            text = f"no logs of {asked[1]} have reached Datadog in the last {minutes:g} min"
            yield f"could not see: {text}"

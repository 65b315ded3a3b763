"""A feature flag that was turned on, in a ConfigMap of flags or at a vendor of flags, and what is behind it fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from agent.model import Change, Check, Json
from agent.reasoning.modes.complaints import Line, error_lines, unharmed
from agent.reasoning.modes.configuration import right_after
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Sign
from agent.reasoning.modes.pods import quoted
from agent.reasoning.modes.settings import (
    BEFORE,
    EVENTS_QUERY,
    SettingChange,
    advice_on,
    differing,
    events_check,
    is_recent,
    set_back,
    setting_changes,
    setting_checks,
    speaks_of_flag,
    written_lately,
)
from agent.reasoning.modes.target import SERVICE, Target
from agent.reasoning.modes.view import Found, View, time_of
from agent.reasoning.modes.wording import clock

_TAG = re.compile(r"^(?:feature[_-]?)?(?:flag|flag[_-]key|toggle):(.+)$", re.I)
_NAMED = re.compile(r"\bflag\b[\s:]*[\"'`“]?([A-Za-z][\w.-]{2,})", re.I)
_TURNED = re.compile(
    r"\b(?:turned|enabled|disabled|rolled|toggled|targeting|switched|updated)\b", re.I
)


class Turned(NamedTuple):
    """A flag that a vendor reports as turned."""

    flag: str
    title: str
    source: str
    at: datetime
    step: int


def _arises(target: Target, view: View) -> bool:
    """When a flag of it was turned before the symptom."""
    in_maps = any(c.is_flag for c in setting_changes(target, view)) or any(
        "flag" in name or "feature" in name for name in written_lately(target, view)
    )
    return in_maps or bool(turned_at_vendors(target, view))


def turned_at_vendors(target: Target, view: View) -> tuple[Turned, ...]:
    """The flags that vendors report as turned before the symptom, and that concern the entity; the latest first."""
    lines = list(error_lines(target, view))
    found = [
        turned
        for answer in view.answers("datadog_events", query=EVENTS_QUERY)
        for event in answer.data.get("events") or []
        if (turned := _turned(event, answer)) is not None
        and is_recent(turned.at, view)
        and _concerns(event, turned, target, lines)
    ]
    return tuple(sorted(found, key=lambda t: t.at, reverse=True))


def _turned(event: Json, answer: Found) -> Turned | None:
    title, at = str(event.get("title") or ""), time_of(event.get("at"))
    text = f"{title} {event.get('text') or ''}"
    tagged = next((m[1] for t in event.get("tags") or [] if (m := _TAG.match(str(t)))), "")
    named = _NAMED.search(text)
    flag = tagged or (named[1] if named else "")
    if not flag or at is None or not _TURNED.search(text):
        return None
    return Turned(flag, title or text, str(event.get("source") or ""), at, answer.step)


def _concerns(event: Json, turned: Turned, target: Target, lines: list[Line]) -> bool:
    """Whether the event is tagged with the entity, or what the entity logs names the flag."""
    if f"service:{target.name}" in (event.get("tags") or []):
        return True
    return any(speaks_of_flag(line.text, turned.flag) for line in lines)


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from setting_checks(target, view)
    yield events_check()


def _flag_of(change: SettingChange) -> str:
    """The flag's own name: of a file with many, the one whose line differs."""
    _, now = differing(change.before or "", change.now)
    if "\n" in change.now and ":" in now:
        return now.partition(":")[0].strip(" -\"'")
    return change.key


def _own(target: Target, view: View) -> list[SettingChange]:
    lines = [line.text for line in error_lines(target, view)]
    flags = [c for c in setting_changes(target, view) if c.is_flag]
    named = [c for c in flags if any(speaks_of_flag(t, _flag_of(c)) for t in lines)]
    return [*named, *(c for c in flags if c not in named)]


def _signs(target: Target, view: View) -> Iterator[Sign]:
    own = _own(target, view)
    if own:
        change = own[0]
        near = is_recent(change.at, view, BEFORE)
        text = f"{change.by} changed the flag {change.told} at {clock(change.at)}"
        yield Sign(change.step, text, FAIR if near else WEAK)
        yield from right_after(change, f"the change of {_flag_of(change)}", view)
        yield from _behind(_flag_of(change), change.step, target, view)
        yield from unharmed(target, view)
        return
    for turned in turned_at_vendors(target, view)[:1]:
        near = is_recent(turned.at, view, BEFORE)
        text = (
            f'{turned.source or "Datadog"} reports at {clock(turned.at)}: "{quoted(turned.title)}"'
        )
        yield Sign(turned.step, text, FAIR if near else WEAK)
        metric = view.symptom
        if metric is not None and metric.onset is not None and near:
            text = f"what alerted began at {clock(metric.onset)}, right after flag {turned.flag} was turned"
            yield Sign(metric.step, text, STRONG, also=(turned.step,))
        yield from _behind(turned.flag, turned.step, target, view)
        return
    found = view.answer("kubernetes_changes")
    seen = found is not None and "configmaps" not in (found.data.get("unseen") or [])
    if found is not None and seen and view.answer("datadog_events", query=EVENTS_QUERY) is not None:
        text = f"no feature flag of {target.name} was turned before the symptom"
        yield Sign(found.step, text, -DECISIVE)


def _behind(flag: str, step: int, target: Target, view: View) -> Iterator[Sign]:
    """Whether what fails is the code behind the flag."""
    lines = list(error_lines(target, view))
    line = next((x for x in lines if speaks_of_flag(x.text, flag)), None)
    if line is not None:
        text = f'{target.name} fails behind the flag {flag}: "{line.quoted}"'
        yield Sign(line.step, text, DECISIVE, also=(step,))
    elif lines:
        text = f"no error that {target.name} logs names the flag {flag}"
        yield Sign(lines[0].step, text, -FAIR, also=(step,))


def _fixes(target: Target, view: View) -> Iterator[Change]:
    for change in _own(target, view)[:1]:
        yield from set_back(change, target, view)


def _advice(target: Target, view: View) -> Iterator[str]:
    if own := _own(target, view):
        yield advice_on(own[0])
        return
    for turned in turned_at_vendors(target, view)[:1]:
        where = f" at {turned.source}" if turned.source else ""
        yield f"Turn the flag {turned.flag} back{where}: it was turned at {clock(turned.at)}"


BAD_FLAG = Mode(
    id="bad_feature_flag",
    short="a feature flag",
    words=frozenset({"flag", "toggle"}),
    statement="a feature flag that was turned broke {name}",
    prior=-2.0,
    flavours=frozenset({SERVICE}),
    below=True,
    arises=_arises,
    refines=frozenset(
        {
            "bad_rollout",
            "dependency_errors",
            "dependency_latency",
            "dependency_latency_or_errors",
        }
    ),
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
)
MODES = (BAD_FLAG,)

"""Settings that people change while everything runs: which, when, by whom, from what to what, and what the logs say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from agent.knowledge.inference import endpoints_in
from agent.model import Change, ChangeKind, Check, Entity, Json
from agent.reasoning.modes.complaints import error_log_checks, trouble_checks
from agent.reasoning.modes.pods import quoted
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock
from agent.redaction import MARK

AFTER = timedelta(minutes=5)
"""Onsets are estimates: a change so long after the symptom may still be its cause."""
BEFORE = timedelta(minutes=45)
"""A symptom within this time after a change is suspicious."""
LONG_BEFORE = timedelta(hours=2)
EVENTS_QUERY = "flag"
"""What vendors of feature flags have in the events that they post."""
_FLAG_MAP = re.compile(r"(?:^|[-_.])(?:flags?|features?|toggles?|feature-?flags?)(?:$|[-_.])", re.I)
_FLAG_KEY = re.compile(r"^(?:ff|flags?|features?|toggles?)[-_.]|[-_.](?:flag|toggle)$", re.I)
_DRESSING = re.compile(
    r"^(?:ff|flags?|features?|toggles?|enable|use)[-_.]|[-_.](?:flag|toggle|enabled)$", re.I
)
_PLAIN = re.compile(r"[^a-z0-9]")
_TELLING_LENGTH = 5
_MOST_MAPS = 4


class SettingChange(NamedTuple):
    """One key of a ConfigMap that was written lately."""

    config_map: str
    key: str
    now: str
    before: str | None
    """What it was when it was last applied; None where that is not known, or where there was none."""
    at: datetime
    by: str
    step: int
    """The step that read the ConfigMap."""

    @property
    def is_flag(self) -> bool:
        """Whether it is a feature flag, by the name of its ConfigMap or its own."""
        return bool(_FLAG_MAP.search(self.config_map) or _FLAG_KEY.search(self.key))

    @property
    def told(self) -> str:
        """``DB_POOL_SIZE in ConfigMap auth-config from "100" to "10"``; of a long value the line that differs."""
        where = f"{self.key} in ConfigMap {self.config_map}"
        if self.before is None:
            return f'{where} to "{quoted(self.now)}"'
        before, now = differing(self.before, self.now)
        return f'{where} from "{quoted(before)}" to "{quoted(now)}"'


def differing(before: str, now: str) -> tuple[str, str]:
    """The first lines in which two values differ; the values themselves where they are of one line."""
    old, new = before.splitlines(), now.splitlines()
    gone = next((line for line in old if line not in new), "")
    came = next((line for line in new if line not in old), "")
    return (gone.strip(), came.strip()) if len(old) > 1 or len(new) > 1 else (before, now)


def maps_of(target: Target, view: View) -> tuple[str, ...]:
    """The ConfigMaps that an entity is known to read, or that bear its name."""
    names: dict[str, None] = {}
    if (workload := view.workload(target)) is not None:
        names.update(dict.fromkeys(map(str, workload.data.get("config_maps") or [])))
    for relation in view.case.relations:
        if relation.kind == "configured_by" and _is_of(relation.source, target):
            names[relation.target.rpartition("/")[2]] = None
    for change in _map_changes(view):
        if str(change["name"]).startswith(f"{target.name}-"):
            names[str(change["name"])] = None
    return tuple(names)


def _is_of(key: str, target: Target) -> bool:
    namespace, _, rest = key.partition("/")
    return namespace == target.namespace and rest.rpartition("/")[2] == target.name


def _map_changes(view: View) -> list[Json]:
    found = view.answer("kubernetes_changes")
    changes = (found.data.get("changes") or []) if found else []
    return [c for c in changes if c.get("kind") == "ConfigMap"]


def written_lately(target: Target, view: View) -> tuple[str, ...]:
    """Its ConfigMaps that were written not long before the symptom began, the latest first."""
    own, found = maps_of(target, view), dict[str, None]()
    for change in _map_changes(view):
        at = time_of(change.get("at"))
        if change.get("name") in own and at is not None and is_recent(at, view):
            found[str(change["name"])] = None
    return tuple(found)[:_MOST_MAPS]


def is_recent(at: datetime, view: View, within: timedelta = LONG_BEFORE) -> bool:
    """Whether a moment lies within that time before the symptom began."""
    return view.symptom_onset - within <= at <= view.symptom_onset + AFTER


def setting_checks(target: Target, view: View) -> Iterator[Check]:
    """What was changed, and how the ConfigMaps that were written lately stand."""
    if view.answer("kubernetes_changes") is None:
        yield target.ask("kubernetes_changes", "what was changed")
    for name in written_lately(target, view):
        yield target.ask("kubernetes_config", "what was changed in it", name=name)
    yield from error_log_checks(target, view)
    yield from trouble_checks(target, view)


def events_check() -> Check:
    """The check that reads which flags were turned."""
    return Check(
        tool="datadog_events",
        arguments={"query": EVENTS_QUERY, "hours": 24},
        reason="which feature flags were turned",
    )


def setting_changes(target: Target, view: View) -> tuple[SettingChange, ...]:
    """The settings of an entity that were changed not long before the symptom, the latest first."""
    found = [
        c for name in written_lately(target, view) for c in _changes_in(name, view) if _counts(c)
    ]
    recent = [c for c in found if is_recent(c.at, view)]
    return tuple(sorted(recent, key=lambda c: c.at, reverse=True))


def _counts(change: SettingChange) -> bool:
    return change.before != change.now


def _changes_in(name: str, view: View) -> Iterator[SettingChange]:
    found = view.config(name)
    if found is None:
        return
    values, applied = found.data.get("values") or {}, found.data.get("applied") or {}
    for entry in found.data.get("written") or []:
        at, key = time_of(entry.get("at")), str(entry.get("key"))
        if at is None or key not in values or (applied and key not in applied):
            continue
        before = applied.get(key)
        yield SettingChange(
            config_map=name,
            key=key,
            now=str(values[key]),
            before=None if before is None else str(before),
            at=at,
            by=str(entry.get("by") or "somebody"),
            step=found.step,
        )


# --- what the logs say of it --------------------------------------------------------------------


def plain(name: str) -> str:
    """A name without its separators and case: ``NEW_TAX_ENGINE``, ``new-tax-engine``, ``NewTaxEngine`` are one."""
    return _PLAIN.sub("", name.lower())


def speaks_of_flag(text: str, flag: str) -> bool:
    """Whether a line names a flag, or the code behind it, by the flag's own name."""
    core = plain(_DRESSING.sub("", flag))
    return len(core) >= _TELLING_LENGTH and core in plain(text)


def speaks_of(text: str, change: SettingChange) -> bool:
    """Whether a line names a setting, or what it was set to."""
    before, now = differing(change.before or "", change.now)
    if len(plain(change.key)) >= _TELLING_LENGTH and plain(change.key) in plain(text):
        return True
    hosts = {e.host for e in endpoints_in({change.key: now})} - {
        e.host for e in endpoints_in({change.key: before})
    }
    if any(host in text for host in hosts):
        return True
    if now.replace(".", "", 1).isdigit():
        return _speaks_of_number(text, change.key, now)
    return len(now) > _TELLING_LENGTH and now in text


def _speaks_of_number(text: str, key: str, number: str) -> bool:
    """The number itself, in a line that has another word of the setting's name."""
    words = [w for w in re.split(r"[^a-z]+", key.lower()) if len(w) > 2]
    stands = re.search(rf"(?<![\w.]){re.escape(number)}(?:ms|s|m)?(?![\w.]*\d)", text)
    lowered = text.lower()
    return bool(stands) and any(w in lowered for w in words)


# --- back -----------------------------------------------------------------------------------------


def set_back(change: SettingChange, target: Target, view: View) -> Iterator[Change]:
    """The setting as it was when it was last applied; what reads it at its start is restarted after."""
    if change.before is None or MARK in change.before:
        return
    workload = view.workload(target)
    arguments: Json = {"key": change.key, "value": change.before}
    provenance = dict.fromkeys(("target", "key", "value"), f"step:{change.step}")
    reads_it = workload and change.config_map in (workload.data.get("config_maps") or [])
    if workload is not None and reads_it and workload.data.get("kind") == "Deployment":
        arguments["restart"] = target.name
        provenance["restart"] = f"step:{workload.step}"
    yield Change(
        kind=ChangeKind.CONFIG_VALUE,
        target=Entity(
            name=change.config_map,
            kind="configmap",
            namespace=target.namespace,
            environment=target.environment,
        ),
        arguments=arguments,
        provenance=provenance,
    )


def advice_on(change: SettingChange) -> str:
    """What people do about it."""
    if change.before is None:
        return (
            f"Look up what {change.key} in ConfigMap {change.config_map} was before {clock(change.at)};"
            f' it is "{quoted(change.now)}" now'
        )
    before, now = differing(change.before, change.now)
    return (
        f"Set {change.key} in ConfigMap {change.config_map} back to"
        f' "{quoted(before)}"; it is "{quoted(now)}" now'
    )

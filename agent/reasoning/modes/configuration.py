"""A setting that people changed while everything ran: a timeout, the size of a pool, the host of a URL."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model import Change, Check, Json
from agent.reasoning.modes.complaints import error_lines, unharmed
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, WEAK, Mode, Role, Sign
from agent.reasoning.modes.settings import (
    AFTER,
    BEFORE,
    LONG_BEFORE,
    SettingChange,
    advice_on,
    events_check,
    is_recent,
    maps_of,
    set_back,
    setting_changes,
    setting_checks,
    speaks_of,
    written_lately,
)
from agent.reasoning.modes.target import CACHE, DATABASE, QUEUE, SERVICE, Target
from agent.reasoning.modes.view import View, time_of
from agent.reasoning.modes.wording import clock


def _arises(target: Target, view: View) -> bool:
    return target.name == view.subject.name or bool(written_lately(target, view))


def changes_of(target: Target, view: View) -> tuple[SettingChange, ...]:
    """The settings changed before the symptom, feature flags aside; one that the logs speak of first."""
    found = [c for c in setting_changes(target, view) if not c.is_flag]
    lines = [line.text for line in error_lines(target, view)]
    named = [c for c in found if any(speaks_of(text, c) for text in lines)]
    return (*named, *(c for c in found if c not in named))


def _signs(target: Target, view: View) -> Iterator[Sign]:
    answer = view.answer("kubernetes_changes")
    if answer is None:
        return
    changes = changes_of(target, view)
    if changes:
        yield from _changed(changes[0], answer.step, target, view)
        yield from unharmed(target, view)
        return
    others = [c for c in answer.data.get("changes") or [] if _is_other(c, target, view)]
    if not others:
        if "configmaps" in (answer.data.get("unseen") or []):
            text = f"whether configuration of {target.name} was changed cannot be seen"
            yield Sign(answer.step, text, 0.0, Role.CONTEXT)
        elif not written_lately(target, view):
            text = f"no configuration of {target.name} was changed in the last 24 h"
            yield Sign(answer.step, text, -STRONG - WEAK)
        return
    near = [c for c in others if (at := time_of(c.get("at"))) and is_recent(at, view, BEFORE)]
    change = (near or others)[0]
    what = f"change of {change['kind']} {change['name']}"
    yield from _timing(answer.step, what, change, view)


def _is_other(change: Json, target: Target, view: View) -> bool:
    """Whether it is a change by hand of an object of the entity, or of a ConfigMap of it that could not be read."""
    name = str(change.get("name"))
    if str(change.get("what")).startswith("rolled out"):
        return False
    if change.get("kind") != "ConfigMap":
        return name == target.name
    return name in maps_of(target, view) and _stays_unread(name, view)


def _stays_unread(name: str, view: View) -> bool:
    """Whether a ConfigMap was asked for and did not tell who wrote what."""
    config = view.config(name)
    if config is not None:
        return not config.data.get("written")
    return any(
        s.check.tool == "kubernetes_config" and s.check.arguments.get("name") == name
        for s in view.case.steps
    )


def _changed(
    change: SettingChange, changes_step: int, target: Target, view: View
) -> Iterator[Sign]:
    near = is_recent(change.at, view, BEFORE)
    text = f"{change.by} changed {change.told} at {clock(change.at)}"
    yield Sign(change.step, text, FAIR if near else WEAK, also=(changes_step,))
    yield from right_after(change, f"the change of {change.key}", view)
    lines = list(error_lines(target, view))
    line = next((x for x in lines if speaks_of(x.text, change)), None)
    if line is not None:
        text = f'since then {target.name} logs: "{line.quoted}"'
        yield Sign(line.step, text, DECISIVE, also=(change.step,))
    elif lines:
        text = f"no error that {target.name} logs speaks of {change.key}"
        yield Sign(lines[0].step, text, -WEAK, also=(change.step,))


def right_after(change: SettingChange, what: str, view: View) -> Iterator[Sign]:
    """That what alerted began right after a change; against it when that was long after."""
    metric = view.symptom
    if metric is None or metric.onset is None:
        return
    began = f"what alerted began at {clock(metric.onset)}"
    if is_recent(change.at, view, BEFORE):
        text = f"{began}, right after {what} at {clock(change.at)}"
        yield Sign(metric.step, text, STRONG, also=(change.step,))
    else:
        text = f"{began}, long after {what} at {clock(change.at)}"
        yield Sign(metric.step, text, -FAIR, also=(change.step,))


def _timing(step: int, what: str, change: Json, view: View) -> Iterator[Sign]:
    """Whether a change of another object came right before what alerted began."""
    at, symptom = time_of(change.get("at")), view.symptom_onset
    if at is None:
        return
    if at > symptom + AFTER:
        yield Sign(step, f"{what} came at {clock(at)}, after the symptom began", -DECISIVE)
    elif symptom - at > BEFORE:
        weight = -STRONG if symptom - at > LONG_BEFORE else -WEAK
        yield Sign(step, f"{what} came at {clock(at)}, long before the symptom", weight)
    else:
        yield Sign(step, f"{what} came at {clock(at)}", FAIR)
        metric = view.symptom
        if metric is not None and metric.onset is not None:
            began = f"what alerted began at {clock(symptom)}, right after the change at {clock(at)}"
            yield Sign(metric.step, began, STRONG, also=(step,))


def _fixes(target: Target, view: View) -> Iterator[Change]:
    for change in changes_of(target, view)[:1]:
        yield from set_back(change, target, view)


def _advice(target: Target, view: View) -> Iterator[str]:
    for change in changes_of(target, view)[:1]:
        yield advice_on(change)


def _checks(target: Target, view: View) -> Iterator[Check]:
    yield from setting_checks(target, view)
    if target.name == view.subject.name:
        yield events_check()


BAD_CONFIG = Mode(
    id="bad_config_change",
    short="a change of configuration",
    words=frozenset({"config", "setting"}),
    statement="a change of its configuration broke {name}",
    prior=-2.0,
    flavours=frozenset({SERVICE, CACHE, DATABASE, QUEUE}),
    below=True,
    arises=_arises,
    refines=frozenset(
        {
            "bad_rollout",
            "cache_memory_pressure",
            "connection_pool_exhaustion",
            "dependency_errors",
            "dependency_latency",
            "dependency_latency_or_errors",
            "slow_query_or_lock_contention",
        }
    ),
    checks=_checks,
    signs=_signs,
    fixes=_fixes,
    advice=_advice,
)
MODES = (BAD_CONFIG,)

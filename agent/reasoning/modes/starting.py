"""Failure modes of containers that cannot be made, or die as soon as they are: what they need is missing or wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from agent.model import Change, Check, Json
from agent.reasoning.modes.mode import DECISIVE, FAIR, STRONG, Mode, Sign
from agent.reasoning.modes.pods import (
    COARSE,
    RUNS,
    any_failing,
    brought,
    came_with_rollout,
    counted,
    failing,
    pod_checks,
    pods_of,
    quoted,
    rollback_fix,
    told,
)
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View

_COMMAND = re.compile(
    r"exec: |executable file not found|no such file or directory|exec format error"
)
_COMMAND_CODES = (126, 127, 128)
_MIGRATION = re.compile(r"migrat|flyway|liquibase|alembic|schema", re.IGNORECASE)
_TROUBLE = re.compile(r"error|fail|fatal|exception|abort", re.IGNORECASE)
_IS_BACK_OFF = "Back-off restarting failed container"


def _waiting_for(kind: str, target: Target, view: View) -> list[tuple[Json, str, str]]:
    """Failing pods that wait for a Secret or ConfigMap, with its name and, where one is missing, the key."""
    whole = re.compile(rf'{kind} "([^"]+)" not found', re.IGNORECASE)
    part = re.compile(rf"couldn't find key (\S+) in {kind} \S+/(\S+)", re.IGNORECASE)
    found = []
    for pod in failing(target, view):
        message = str(pod.get("message") or "")
        if matched := whole.search(message):
            found.append((pod, matched[1], ""))
        elif matched := part.search(message):
            found.append((pod, matched[2], matched[1]))
    return found


def _missing_signs(kind: str, target: Target, view: View) -> Iterator[Sign]:
    pods = pods_of(target, view)
    if pods is None:
        return
    waiting = _waiting_for(kind, target, view)
    if not waiting:
        yield Sign(pods[0], f"no pod of {target.name} waits for a {kind}", -DECISIVE)
        return
    pod, name, _ = waiting[0]
    text = f'{counted(target, view, [p for p, _, _ in waiting])} cannot be made: "{quoted(pod["message"])}"'
    yield Sign(pods[0], text, DECISIVE)
    yield from told(target, view, ("Failed",), re.escape(name), STRONG)
    yield from came_with_rollout(target, view, re.escape(name))


def _secret_signs(target: Target, view: View) -> Iterator[Sign]:
    yield from _missing_signs("Secret", target, view)


def _config_map_signs(target: Target, view: View) -> Iterator[Sign]:
    yield from _missing_signs("ConfigMap", target, view)


def _missing_advice(kind: str, target: Target, view: View) -> Iterator[str]:
    waiting = _waiting_for(kind, target, view)
    if not waiting:
        return
    _, name, key = waiting[0]
    keys = [key] if key else _keys_read(target, view, name)
    with_keys = f" with {' and '.join(keys)}" if keys else ""
    yield (
        f"Create the {kind} {name} in {target.namespace}{with_keys}, or name one that is there;"
        " the pods start by themselves as soon as it exists"
    )


def _secret_advice(target: Target, view: View) -> Iterator[str]:
    yield from _missing_advice("Secret", target, view)


def _config_map_advice(target: Target, view: View) -> Iterator[str]:
    yield from _missing_advice("ConfigMap", target, view)


def _keys_read(target: Target, view: View, name: str) -> list[str]:
    workload = view.workload(target)
    containers = workload.data.get("containers") or [] if workload else []
    return [
        str(source.get("key"))
        for container in containers
        for source in (container.get("env") or {}).values()
        if name in (source.get("secret"), source.get("config_map")) and source.get("key")
    ]


# --- a command that is not there ----------------------------------------------------------------


def _command_signs(target: Target, view: View) -> Iterator[Sign]:
    pods = pods_of(target, view)
    if pods is None:
        return
    unable = [p for p in failing(target, view) if _cannot_run(p)]
    if not unable:
        yield Sign(pods[0], f"the command of {target.name} could be run", -DECISIVE)
        return
    last = unable[0].get("last_state") or {}
    said = quoted(last.get("message") or unable[0].get("message"))
    ending = f"{last.get('reason') or unable[0].get('reason')} (exit code {last.get('exit_code')})"
    text = f"{counted(target, view, unable)} cannot run their command: {ending}"
    yield Sign(pods[0], text + (f': "{said}"' if said else ""), DECISIVE)
    yield from told(target, view, ("Failed",), _COMMAND.pattern, STRONG)
    yield from came_with_rollout(target, view, r"command|args|^- ")


def _cannot_run(pod: Json) -> bool:
    last = pod.get("last_state") or {}
    said = f"{last.get('message') or ''} {pod.get('message') or ''}"
    by_code = last.get("exit_code") in _COMMAND_CODES and last.get("reason") != "OOMKilled"
    return bool(_COMMAND.search(said)) or by_code


def _command_advice(target: Target, view: View) -> Iterator[str]:
    yield f"Correct the command of the container of {target.name}: it names a file that its image does not have"


# --- what runs before the container -------------------------------------------------------------


def _first_containers(target: Target, view: View) -> list[Json]:
    """Failing pods that an init container holds up."""
    workload = view.workload(target)
    main = {c.get("name") for c in workload.data.get("containers") or []} if workload else set()
    return [p for p in failing(target, view) if p.get("container") and p["container"] not in main]


def _migration_checks(target: Target, view: View) -> Iterator[Check]:
    yield from pod_checks(target, view)
    for pod in _first_containers(target, view)[:1]:
        yield target.ask(
            "kubernetes_logs",
            "what it says before it dies",
            workload=target.name,
            container=pod["container"],
            previous=True,
        )


def _migration_signs(target: Target, view: View) -> Iterator[Sign]:
    pods = pods_of(target, view)
    if pods is None:
        return
    held = _first_containers(target, view)
    if not held:
        yield Sign(pods[0], f"no init container holds a pod of {target.name} up", -DECISIVE)
        return
    first = held[0]
    last = first.get("last_state") or {}
    text = f"{counted(target, view, held)} are held up by their init container {first['container']}"
    if last.get("exit_code") is not None:
        text += f", which ended with exit code {last['exit_code']} and was restarted {first['restarts']} times"
    yield Sign(pods[0], text, STRONG if _MIGRATION.search(first["container"]) else FAIR)
    for step, line in _lines(target, view, container=first["container"]):
        if _MIGRATION.search(line) and _TROUBLE.search(line):
            yield Sign(
                step, f'{first["container"]} of {target.name} says: "{quoted(line)}"', DECISIVE
            )
            break
    yield from told(target, view, ("BackOff",), re.escape(first["container"]))
    yield from came_with_rollout(target, view, "initContainers|init")


def _lines(target: Target, view: View, **asked: str) -> Iterator[tuple[int, str]]:
    """What its dead containers had written: the troubled lines."""
    arguments = {"workload": target.name, "previous": True, **asked}
    for found in view.answers("kubernetes_logs", **arguments):
        rare = [str(r.get("line")) for r in found.data.get("rare") or []]
        often = [str(t.get("example")) for t in found.data.get("templates") or []]
        for line in (*often, *rare):
            yield found.step, line


# --- a setting that the program does not take ---------------------------------------------------


def _config_checks(target: Target, view: View) -> Iterator[Check]:
    yield from pod_checks(target, view)
    if _dying(target, view):
        yield target.ask(
            "kubernetes_logs", "what it says before it dies", workload=target.name, previous=True
        )
        workload = view.workload(target)
        for name in (workload.data.get("config_maps") or [])[:2] if workload else ():
            yield target.ask("kubernetes_config", "which settings it has", name=name)
        if view.answer("kubernetes_changes") is None:
            yield target.ask("kubernetes_changes", "what was changed")


def _dying(target: Target, view: View) -> list[Json]:
    """Failing pods whose main container ends by its own doing."""
    held = [p["name"] for p in _first_containers(target, view)]
    return [
        p
        for p in failing(target, view)
        if (p.get("last_state") or {}).get("reason") == "Error"
        and p["name"] not in held
        and not _cannot_run(p)
    ]


def _config_signs(target: Target, view: View) -> Iterator[Sign]:
    pods = pods_of(target, view)
    if pods is None:
        return
    dying = _dying(target, view)
    if not dying:
        yield Sign(pods[0], f"no pod of {target.name} ends by its own doing", -DECISIVE)
        return
    blamed = _blamed(target, view)
    if blamed is None:
        if view.answer("kubernetes_logs", workload=target.name, previous=True):
            yield Sign(
                pods[0], f"what {target.name} says at its end names no setting of it", -STRONG
            )
        return
    step, line, key, value, source, source_step = blamed
    last = dying[0]["last_state"]
    text = (
        f"{counted(target, view, dying)} end with exit code {last.get('exit_code')},"
        f" {dying[0]['name']} was restarted {dying[0]['restarts']} times"
    )
    yield Sign(pods[0], text, FAIR)
    text = f'before it dies {target.name} says: "{quoted(line)}"; {key} is "{value}" in {source}'
    yield Sign(step, text, DECISIVE, also=(source_step,))
    yield from _changed(source, view)
    yield from came_with_rollout(target, view, re.escape(key))
    yield from told(target, view, ("BackOff",), _IS_BACK_OFF)


Blamed = tuple[int, str, str, str, str, int]


def _blamed(target: Target, view: View) -> Blamed | None:
    """The line that names a setting: step, line, key, value, where it is set, and the step that says so."""
    settings = _settings(target, view)
    for step, line in _lines(target, view):
        for key, (value, source, source_step) in settings.items():
            if re.search(rf"\b{re.escape(key)}\b", line, re.IGNORECASE):
                return step, line, key, value, source, source_step
    return None


def _settings(target: Target, view: View) -> dict[str, tuple[str, str, int]]:
    workload = view.workload(target)
    if workload is None:
        return {}
    found: dict[str, tuple[str, str, int]] = {}
    for name in workload.data.get("config_maps") or []:
        config = view.config(name)
        for key, value in ((config.data.get("values") or {}) if config else {}).items():
            if config:
                found[key] = (str(value), f"ConfigMap {name}", config.step)
    for container in workload.data.get("containers") or []:
        for key, source in (container.get("env") or {}).items():
            if "value" in source:
                place = f"the environment of {target.name}"
                found[key] = (str(source["value"]), place, workload.step)
    return found


def _changed(source: str, view: View) -> Iterator[Sign]:
    """When the ConfigMap was last written, if that was lately and by somebody."""
    config = view.config(source.rpartition(" ")[2])
    changed = config.data.get("changed_at") if config else None
    if config is None or not changed or not config.data.get("changed_by"):
        return
    at = datetime.fromisoformat(str(changed).replace("Z", "+00:00"))
    text = f"{source} was changed at {at:%H:%M} by {config.data['changed_by']}"
    yield Sign(config.step, text, STRONG)


def _config_advice(target: Target, view: View) -> Iterator[str]:
    blamed = _blamed(target, view)
    if blamed is not None:
        _, _, key, value, source, _ = blamed
        yield f'Set {key} in {source} back to a value that {target.name} can read; it is "{value}" now'


def _config_fixes(target: Target, view: View) -> Iterator[Change]:
    blamed = _blamed(target, view)
    if blamed is not None and brought(target, view, re.escape(blamed[2])):
        yield from rollback_fix(target, view)


CRASH_BAD_CONFIG = Mode(
    id="crash_bad_config",
    short="a setting that cannot be read",
    words=frozenset({"config", "setting"}),
    statement="{name} dies at its start by a bad value in its configuration",
    prior=-2.0,
    flavours=RUNS,
    arises=any_failing,
    refines=COARSE,
    checks=_config_checks,
    signs=_config_signs,
    fixes=_config_fixes,
    advice=_config_advice,
)
MISSING_SECRET = Mode(
    id="missing_secret",
    short="a missing Secret",
    words=frozenset({"secret"}),
    statement="{name} cannot start because a Secret that it reads is missing",
    prior=-2.0,
    flavours=RUNS,
    arises=any_failing,
    refines=COARSE,
    checks=pod_checks,
    signs=_secret_signs,
    fixes=rollback_fix,
    advice=_secret_advice,
)
MISSING_CONFIG_MAP = Mode(
    id="missing_configmap",
    short="a missing ConfigMap",
    words=frozenset({"configmap"}),
    statement="{name} cannot start because a ConfigMap that it reads is missing",
    prior=-2.0,
    flavours=RUNS,
    arises=any_failing,
    refines=COARSE,
    checks=pod_checks,
    signs=_config_map_signs,
    fixes=rollback_fix,
    advice=_config_map_advice,
)
BAD_COMMAND = Mode(
    id="bad_command",
    short="a command that cannot be run",
    words=frozenset({"command", "entrypoint"}),
    statement="the container of {name} cannot run its command",
    prior=-2.2,
    flavours=RUNS,
    arises=any_failing,
    refines=COARSE,
    checks=pod_checks,
    signs=_command_signs,
    fixes=rollback_fix,
    advice=_command_advice,
)
FAILED_MIGRATION = Mode(
    id="failed_migration",
    short="a failed migration",
    words=frozenset({"migration"}),
    statement="a migration that has to run before {name} fails",
    prior=-2.2,
    flavours=RUNS,
    arises=any_failing,
    refines=COARSE,
    checks=_migration_checks,
    signs=_migration_signs,
    fixes=rollback_fix,
)
MODES = (CRASH_BAD_CONFIG, MISSING_SECRET, MISSING_CONFIG_MAP, BAD_COMMAND, FAILED_MIGRATION)

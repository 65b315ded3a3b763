"""Look-ups that told, with roles in the place of names, and the same look-ups where others play those roles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agent.learning.features import entities_in, role_of
from agent.model import Check, Probe
from agent.reasoning.modes.target import DEFAULT_NAMESPACE
from agent.reasoning.modes.view import View

CAUSE, NAMESPACE, ENVIRONMENT = "{cause}", "{namespace}", "{environment}"
OWN_MEMORY = "past_investigations"
"""What srebot remembers is no sign of what is so now."""
_OF_A_POD = re.compile(r"-[a-z0-9]{6,10}-[a-z0-9]{5}\b")
"""The generated end of a Pod's name: nobody else has it."""
_OPEN = re.compile(r"\{([a-z:]+)\}")


def probe_of(check: Check, view: View, cause: str, weight: float) -> Probe | None:
    """The shape of a check that told of ``cause``; None when it can be asked of nobody else."""
    if check.tool == OWN_MEMORY or _OF_A_POD.search(str(check.arguments)):
        return None
    names = _roles(view, cause)
    arguments = {k: _masked(v, names) for k, v in check.arguments.items()}
    return Probe(tool=check.tool, arguments=arguments, weight=round(weight, 2))


def check_of(probe: Probe, view: View, cause: str, reason: str) -> Check | None:
    """The probe asked of those who play the roles now; None when a role is played by nobody."""
    signal = view.case.signal
    place = signal.namespace or signal.environment or DEFAULT_NAMESPACE
    played = {CAUSE: cause, NAMESPACE: place, ENVIRONMENT: signal.environment or place}
    missing = False

    def name(match: re.Match[str]) -> str:
        nonlocal missing
        found = played.get(match[0]) or next(iter(entities_in(match[1], view)), "")
        missing = missing or not found
        return found

    arguments = {
        k: _OPEN.sub(name, v) if isinstance(v, str) else v for k, v in probe.arguments.items()
    }
    return None if missing else Check(tool=probe.tool, arguments=arguments, reason=reason)


def _roles(view: View, cause: str) -> dict[str, str]:
    """Names -> the roles in their place; of several that play one role, only the first is told apart."""
    signal = view.case.signal
    place = signal.namespace or signal.environment or DEFAULT_NAMESPACE
    names = {place: NAMESPACE, signal.environment or place: ENVIRONMENT}
    if signal.environment == place:
        names = {place: NAMESPACE}
    for name in sorted(view.graph):
        role = role_of(name, view)
        if role and role not in ("caller", "job") and entities_in(role, view)[0] == name:
            names[name] = f"{{{role}}}"
    names |= {cause: CAUSE} if cause and cause != view.subject.name else {}
    names |= {view.subject.name: "{alerted}"} if view.subject.name else {}
    return names


def _masked(value: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    one_of = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{one_of})(?!\w)", lambda match: names[match.group(0)], value)

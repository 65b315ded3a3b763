"""What makes two alerts the same one, whether they came as a message or by a webhook: the rule and the group it fired for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from bot.slack.places import environment_of

SERVICE_TAGS = ("service", "kube_service", "app", "application", "job_name", "kube_deployment")
NAMESPACE_TAGS = ("kube_namespace", "namespace", "k8s_namespace")
ENVIRONMENT_TAGS = ("env", "environment", "stage")
_KNOWN = frozenset({*SERVICE_TAGS, *NAMESPACE_TAGS, *ENVIRONMENT_TAGS})
_WITHOUT_DATA = frozenset({"datasourcenodata", "datasourceerror"})
"""Rules of Grafana's own that stand for the rule in the label ``rulename``."""
_MAX_NAME = 60
_MAX_VALUE = 200
_MAX_PAIRS = 2_000
_MAX_FINGERPRINT = 240


def service_of(tags: Mapping[str, str]) -> str:
    """The service that tags name; empty when they name none."""
    return _first(tags, SERVICE_TAGS)


def namespace_of(tags: Mapping[str, str]) -> str:
    """The Kubernetes namespace that tags name."""
    return _first(tags, NAMESPACE_TAGS)


def environment_in(tags: Mapping[str, str]) -> str:
    """The environment that tags name, by its whole name."""
    return environment_of(_first(tags, ENVIRONMENT_TAGS))


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """``service:cart, env:production`` as pairs of names and values; what is no pair is left out."""
    for part in re.split(r"[,\s]+", text[:_MAX_PAIRS]):
        name, colon, value = part.strip("`*{}").partition(":")
        if colon and name and value:
            yield name.lower()[:_MAX_NAME], value[:_MAX_VALUE]


def is_without_data(rule: str) -> bool:
    """Whether an alert of Grafana's only says that a rule could not be evaluated."""
    return rule.lower() in _WITHOUT_DATA


def rule_of(tags: Mapping[str, str], title: str) -> str:
    """The name of the rule that fired, as labels give it, else the title."""
    name = tags.get("alertname", "")
    if is_without_data(name) and tags.get("rulename"):
        return f"{name}/{tags['rulename']}"
    return name or title


def fingerprint(
    source: str, rule: str, tags: Mapping[str, str], group: Mapping[str, str] | None = None
) -> str:
    """Equal for messages and webhooks on the same alert, whatever its state.

    Args:
        source: the sender.
        rule: the monitor's number or the rule's name.
        tags: of the alert; service, namespace and environment count.
        group: for what group of a rule with several it fired; all of it counts.
    """
    group = group or {}
    every = {**tags, **group}
    place = (service_of(every), namespace_of(every), environment_in(every))
    more = (f"{name}={group[name]}" for name in sorted(group) if name not in _KNOWN)
    parts = dict.fromkeys(part for part in (*place, *more) if part)
    return _bounded(f"{source}:{rule.lower()}:{','.join(parts)}")


def _bounded(said: str) -> str:
    """Titles may be texts of any length, which no index holds: what is long ends in a hash of all of it."""
    if len(said) <= _MAX_FINGERPRINT:
        return said
    digest = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()
    return f"{said[:_MAX_FINGERPRINT]}~{digest[:16]}"


def _first(tags: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((tags[n] for n in names if tags.get(n)), "")

"""Label selectors (as text and as ``metav1.LabelSelector``) and field selectors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.kubernetes.errors import bad_request

_SET_BASED = re.compile(r"^(\S+)\s+(in|notin)\s*\(([^)]*)\)$")
_SPLIT = re.compile(r",(?![^(]*\))")
_KEY = re.compile(r"^([a-zA-Z0-9.-]+/)?[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?$")
_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}
_ALWAYS_SELECTABLE = ("metadata.name", "metadata.namespace")
_SELECTABLE = {
    "Pod": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "Event": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "Secret": ("type",),
    "Namespace": ("status.phase",),
    "Node": ("spec.unschedulable",),
    "ReplicaSet": ("status.replicas",),
    "Job": ("status.successful",),
}


@dataclass(frozen=True)
class Requirement:
    """One term of a label selector; ``operator`` is in, notin, exists or absent."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet this term; a missing label meets ``notin``."""
        if self.operator == "exists":
            return self.key in labels
        if self.operator == "absent":
            return self.key not in labels
        if self.operator == "in":
            return labels.get(self.key) in self.values
        return self.key not in labels or labels[self.key] not in self.values


@dataclass(frozen=True)
class LabelSelector:
    """All of the requirements must hold."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, manifest: Mapping[str, Any]) -> bool:
        """Whether the object's labels meet every requirement."""
        labels = manifest["metadata"].get("labels") or {}
        return all(requirement.matches(labels) for requirement in self.requirements)


def _requirement(term: str) -> Requirement:
    if found := _SET_BASED.match(term):
        key, operator, values = found.groups()
        named = frozenset(value.strip() for value in values.split(","))
        return Requirement(_checked(key, term), operator, named)
    for sign, operator in (("!=", "notin"), ("==", "in"), ("=", "in")):
        if sign in term:
            key, _, value = term.partition(sign)
            return Requirement(_checked(key.strip(), term), operator, frozenset({value.strip()}))
    if term.startswith("!"):
        return Requirement(_checked(term[1:].strip(), term), "absent")
    return Requirement(_checked(term, term), "exists")


def _checked(key: str, term: str) -> str:
    if not _KEY.match(key):
        raise bad_request(f"unable to parse requirement: {term!r}: invalid label key {key!r}")
    return key


def parse_label_selector(text: str) -> LabelSelector:
    """Read ``app=web,tier in (a, b),!canary``; raises ApiError 400 when it cannot be read."""
    terms = [term.strip() for term in _SPLIT.split(text) if term.strip()]
    return LabelSelector(tuple(_requirement(term) for term in terms))


def label_selector(spec: Mapping[str, Any] | None) -> LabelSelector:
    """Read a ``metav1.LabelSelector`` (matchLabels and matchExpressions)."""
    spec = spec or {}
    terms = [Requirement(k, "in", frozenset({v})) for k, v in spec.get("matchLabels", {}).items()]
    for expression in spec.get("matchExpressions", ()):
        values = frozenset(expression.get("values") or ())
        terms.append(Requirement(expression["key"], _OPERATORS[expression["operator"]], values))
    return LabelSelector(tuple(terms))


def format_label_selector(spec: Mapping[str, Any] | None) -> str:
    """A ``metav1.LabelSelector`` as text, as ``kubectl`` and the Scale subresource write it."""
    spec = spec or {}
    parts = [f"{key}={value}" for key, value in sorted(spec.get("matchLabels", {}).items())]
    for expression in spec.get("matchExpressions", ()):
        operator = _OPERATORS[expression["operator"]]
        values = ",".join(expression.get("values") or ())
        shapes = {"exists": expression["key"], "absent": f"!{expression['key']}"}
        parts.append(shapes.get(operator, f"{expression['key']} {operator} ({values})"))
    return ",".join(parts)


@dataclass(frozen=True)
class FieldSelector:
    """Terms of (path, value, whether they must be equal), all of which must hold."""

    terms: tuple[tuple[str, str, bool], ...] = ()

    def matches(self, manifest: Mapping[str, Any]) -> bool:
        """Whether the object's fields meet every term; an absent field counts as empty."""
        return all((_field(manifest, path) == value) is equal for path, value, equal in self.terms)


def _field(manifest: Mapping[str, Any], path: str) -> str:
    if path == "source":
        path = "source.component"
    elif path == "status.successful":
        path = "status.succeeded"
    value: Any = manifest
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    return str(value)


def parse_field_selector(text: str, kind: str) -> FieldSelector:
    """Read ``metadata.name=web,status.phase!=Running``; raises ApiError 400 for other fields."""
    allowed = _ALWAYS_SELECTABLE + _SELECTABLE.get(kind, ())
    terms = []
    for term in (term.strip() for term in text.split(",")):
        if not term:
            continue
        found = re.match(r"^([^=!]+)(!=|==|=)(.*)$", term)
        if found is None:
            raise bad_request(f"invalid selector: {text!r}; can't understand {term!r}")
        path, sign, value = found.groups()
        if path not in allowed:
            raise bad_request(f'field label not supported: "{path}"')
        terms.append((path, value, sign != "!="))
    return FieldSelector(tuple(terms))

"""Who may do what: RBAC by the role of the token."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True)
class PolicyRule:
    """An ``rbac.authorization.k8s.io/v1`` rule; ``*`` stands for everything."""

    api_groups: tuple[str, ...]
    resources: tuple[str, ...]
    """Plurals, with the subresource after a slash: ``pods/log``."""
    verbs: tuple[str, ...]

    def allows(self, verb: str, group: str, resource: str) -> bool:
        """Whether the rule grants ``verb`` on ``resource`` of ``group``."""
        return (
            _covers(self.verbs, verb)
            and _covers(self.api_groups, group)
            and _covers(self.resources, resource)
        )

    def as_json(self) -> dict[str, list[str]]:
        """The rule as SelfSubjectRulesReview tells it."""
        return {
            "verbs": list(self.verbs),
            "apiGroups": list(self.api_groups),
            "resources": list(self.resources),
        }


def _covers(granted: tuple[str, ...], asked: str) -> bool:
    return "*" in granted or asked in granted


@dataclass(frozen=True)
class Role:
    """A user of the API and what its rules let it do."""

    username: str
    rules: tuple[PolicyRule, ...]
    metadata_only: frozenset[str] = frozenset()
    """Plurals whose contents the role never sees; it may list their metadata."""

    def allows(self, verb: str, group: str, resource: str) -> bool:
        """Whether any rule grants ``verb`` on ``resource`` (``pods/log`` style) of ``group``."""
        return any(rule.allows(verb, group, resource) for rule in self.rules)

    def without(self, resources: Collection[str]) -> Role:
        """The role with rules that do not name these (plurals, ``pods/log`` style)."""
        kept = (
            replace(r, resources=tuple(x for x in r.resources if x not in resources))
            for r in self.rules
        )
        return replace(self, rules=tuple(r for r in kept if r.resources))


def _rule(entry: Mapping[str, Any]) -> PolicyRule:
    return PolicyRule(tuple(entry["apiGroups"]), tuple(entry["resources"]), tuple(entry["verbs"]))


def sandbox_tokens() -> dict[str, Role]:
    """The tokens ``sandbox-read`` and ``sandbox-write`` with their roles."""
    text = (files(__package__) / "roles.yaml").read_text("utf-8")
    return {
        token: Role(
            username=entry["username"],
            rules=tuple(_rule(r) for r in entry["rules"] + entry.get("alsoRules", [])),
            metadata_only=frozenset(entry.get("metadataOnly", ())),
        )
        for token, entry in yaml.safe_load(text).items()
    }

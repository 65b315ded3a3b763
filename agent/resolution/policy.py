"""Which changes may be proposed where, and who may approve them: the rules of each environment, as engineers wrote them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from pydantic import Field

from agent.model import Change, ChangeKind, Value

_ALL = frozenset(ChangeKind)
STRICTEST = "production"
"""The environment whose rules hold for environments that the policy does not name."""
APPROVERS, TEAM_LEADS = "sre-approvers", "team-leads"
"""The user groups that the defaults name."""


class EnvironmentRules(Value):
    """What holds in one environment."""

    proposes: frozenset[ChangeKind] = _ALL
    """Kinds of change that may be put before people; others are mentioned, never offered."""
    approvers: frozenset[str] = frozenset()
    """Handles of user groups whose members may approve, and ids of people who may."""
    applies_approved_kinds: bool = False
    """Whether a kind of change that was approved here before may be applied without asking again."""


class Verdict(NamedTuple):
    """What the policy says on a change."""

    may_propose: bool
    approvers: frozenset[str]
    automatic: bool
    """May be applied without asking, because its kind was approved in this environment before."""
    reason: str


def _defaults() -> dict[str, EnvironmentRules]:
    return {
        "development": EnvironmentRules(
            approvers=frozenset({APPROVERS, TEAM_LEADS}), applies_approved_kinds=True
        ),
        "staging": EnvironmentRules(
            proposes=frozenset(
                {
                    ChangeKind.RESOURCES,
                    ChangeKind.REPLICAS,
                    ChangeKind.CONFIG_VALUE,
                    ChangeKind.SUSPEND_JOB,
                    ChangeKind.RESUME_JOB,
                }
            ),
            approvers=frozenset({TEAM_LEADS}),
        ),
        STRICTEST: EnvironmentRules(approvers=frozenset({APPROVERS})),
    }


class Policy(Value):
    """The rules of all environments."""

    environments: dict[str, EnvironmentRules] = Field(default_factory=_defaults)

    def with_approvers(self, **approvers: Iterable[str]) -> Policy:
        """The same rules with other approvers, by environment."""
        changed = {
            name: self.rules_of(name).model_copy(update={"approvers": frozenset(people)})
            for name, people in approvers.items()
        }
        return self.model_copy(update={"environments": {**self.environments, **changed}})

    @property
    def version(self) -> str:
        """A hash of the rules; an approval is bound to it."""
        rules = {
            name: {
                "proposes": sorted(r.proposes),
                "approvers": sorted(r.approvers),
                "auto": r.applies_approved_kinds,
            }
            for name, r in sorted(self.environments.items())
        }
        return hashlib.sha256(repr(rules).encode()).hexdigest()[:16]

    def rules_of(self, environment: str) -> EnvironmentRules:
        """The rules of an environment; an unknown one is treated like production, if that has any."""
        found = self.environments.get(environment) or self.environments.get(STRICTEST)
        return found or EnvironmentRules(proposes=frozenset())

    def decide(
        self,
        change: Change,
        environment: str,
        approved_before: frozenset[ChangeKind] = frozenset(),
    ) -> Verdict:
        """Whether a change may be proposed, who may approve it, and whether it may go without asking.

        Args:
            change: the change.
            environment: where it would happen.
            approved_before: the kinds of change that people approved in this environment before.
        """
        rules = self.rules_of(environment)
        may = change.kind in rules.proposes
        production = self._is_production(environment)
        automatic = (
            may
            and not production
            and rules.applies_approved_kinds
            and change.kind in approved_before
        )
        return Verdict(
            may_propose=may,
            approvers=rules.approvers,
            automatic=automatic,
            reason=_reason(change, environment, rules, may=may, automatic=automatic),
        )

    def entitled(self, user: str, groups: frozenset[str], change: Change, environment: str) -> bool:
        """Whether a person may approve a change in an environment."""
        rules = self.rules_of(environment)
        if change.kind not in rules.proposes or not user:
            return False
        return bool((groups | {user}) & rules.approvers)

    def _is_production(self, environment: str) -> bool:
        return environment == STRICTEST or environment not in self.environments


def _reason(
    change: Change, environment: str, rules: EnvironmentRules, *, may: bool, automatic: bool
) -> str:
    kind = change.kind.value.replace("_", " ")
    if not may:
        return f"The policy does not let srebot propose {kind} in {environment}."
    if automatic:
        return f"{kind.capitalize()} was approved in {environment} before and may be applied there."
    people = " or ".join(sorted(rules.approvers)) or "somebody, but nobody is named"
    return f"{kind.capitalize()} in {environment} needs the approval of {people}."

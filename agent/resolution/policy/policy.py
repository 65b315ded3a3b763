"""The policy: the rules of all environments, as engineers wrote them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from pydantic import Field

from agent.model import Value
from agent.resolution.policy.bounds import Bounds
from agent.resolution.policy.facts import Facts
from agent.resolution.policy.places import Place
from agent.resolution.policy.rules import Environment, Rule
from agent.resolution.policy.ruling import Ruling, refused, ruled
from agent.resolution.policy.windows import ChangeWindow, Opening, PlannedFreeze, opening

PRODUCTION = "production"
"""The environment that is production by its name."""


class Policy(Value):
    """Which changes may be proposed and applied where, when, how far, and who approves them."""

    format: int = Field(1, ge=1, le=1, description="of this file")
    elsewhere: str = Field(
        PRODUCTION, description="the environment whose rules hold where none of them is"
    )
    environments: dict[str, Environment] = Field(
        min_length=1, description="by name; the first whose places fit a target holds there"
    )
    windows: dict[str, ChangeWindow] = Field(
        default_factory=dict, description="change windows by name; rules refer to them"
    )
    freezes: tuple[PlannedFreeze, ...] = ()
    bounds: Bounds | None = Field(None, description="of all environments; rules may tighten them")

    @property
    def version(self) -> str:
        """A hash over everything in it; an approval is bound to it."""
        written = self.model_dump(mode="json")
        written["environments"] = list(written["environments"].items())  # their order decides
        return hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()[:16]

    def with_approvers(self, **approvers: Iterable[str]) -> Policy:
        """The same rules with other approvers, by environment."""
        changed = dict(self.environments)
        for name, people in approvers.items():
            rules = tuple(
                r.model_copy(update={"approvers": tuple(sorted(set(people)))})
                for r in changed[name].rules
            )
            changed[name] = changed[name].model_copy(update={"rules": rules})
        return self.model_copy(update={"environments": changed})

    def name_of(self, place: Place) -> str:
        """What the policy calls the environment of a place; where it has no name for it, as the graph does.

        Of what even the graph does not place (a node), and of what it calls by the name of an environment that the
        policy says is elsewhere, the environment is the one whose rules hold.
        """
        found = self._found(place)
        if found is not None:
            return found
        called = place.called
        return self.elsewhere if not called or called in self.environments else called

    def rules_at(self, place: Place) -> str:
        """The environment whose rules hold in a place; it may be one that the file does not have."""
        return self._found(place) or self.elsewhere

    def is_production(self, place: Place) -> bool:
        """Whether what acts unasked there has to be acknowledged in words; so it is wherever nothing else is known."""
        return self.needs_words(self.rules_at(place))

    def needs_words(self, environment: str) -> bool:
        """Whether what acts unasked in an environment of the file has to be acknowledged in words."""
        if environment in (PRODUCTION, self.elsewhere) or environment not in self.environments:
            return True
        return bool(self.environments[environment].production)

    def rule_of(self, facts: Facts) -> Rule | None:
        """The rule that decides; None: none fits, so nothing may be done."""
        environment = self.environments.get(self.rules_at(facts.place))
        rules = environment.rules if environment is not None else ()
        return next((r for r in rules if r.fits(facts.ruled_kind, facts.place)), None)

    def decide(self, facts: Facts) -> Ruling:
        """What may be done with a change, from these facts alone."""
        name, rule = self.name_of(facts.place), self.rule_of(facts)
        if rule is None:
            return refused(name, facts, self.version)
        return ruled(
            name,
            rule,
            facts,
            self._opening(rule, facts),
            production=self.is_production(facts.place),
            bounds=self.bounds,
            version=self.version,
        )

    def _opening(self, rule: Rule, facts: Facts) -> Opening:
        """Windows and freezes; a way back does not wait for a window, since what is broken does not either."""
        if facts.frozen:
            reason = f"Everything is stopped: {facts.frozen.rstrip('.')}."
            return Opening(False, None, False, reason)
        known = [(n, self.windows[n]) for n in rule.windows if n in self.windows]
        if rule.windows and not known:
            return Opening(
                False, None, False, f"Its windows {', '.join(rule.windows)} are unknown."
            )
        environment = self.rules_at(facts.place)
        freezes = [f for f in self.freezes if f.concerns(environment)]
        return opening([] if facts.undoes else known, freezes, facts.now)

    def _found(self, place: Place) -> str | None:
        return next(
            (
                name
                for name, environment in self.environments.items()
                if any(w.matches(place) for w in environment.places(name))
            ),
            None,
        )

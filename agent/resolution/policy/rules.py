"""A rule: which kinds of change where, how far they may go, who may approve them, and what goes without asking."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from agent.model import ChangeKind, Value
from agent.resolution.policy.bounds import Bounds
from agent.resolution.policy.places import Globs, Place, Where

ON_CALL = "pagerduty:on-call"
"""An approver: whoever PagerDuty has on call for the service at the moment of the click."""
ACKNOWLEDGED = "I know that this changes production without asking anybody"
"""What an engineer has to write under a rule that lets something go without asking in production."""


def _kinds(value: object) -> object:
    if value == "all":
        return list(ChangeKind)
    return [value] if isinstance(value, str) else value


Kinds = Annotated[
    tuple[ChangeKind, ...],
    BeforeValidator(_kinds, json_schema_input_type=Literal["all"] | ChangeKind | list[ChangeKind]),
    Field(min_length=1),
]
"""Kinds of change; ``all`` means every one."""


class PullRequests(StrEnum):
    """Whether changes go through the repository that the target is managed in."""

    ALLOWED = "allowed"
    """Where the target is managed in one."""
    REQUIRED = "required"
    """Always; what is not managed in one is not proposed."""
    NEVER = "never"
    """They are written to the cluster."""


class OnWorse(StrEnum):
    """What follows when things got worse after a change."""

    ASK = "ask"
    """The way back is offered."""
    TAKE_BACK = "take_back"
    """The way back is taken without asking."""


class AutoApply(Value):
    """What has to be so for a change to go without asking; all that is written has to hold."""

    min_successes: int = Field(0, ge=0, description="of this kind at this service here")
    min_lower_bound: float = Field(
        0.0, ge=0, le=1, description="of the share of successes (Wilson's interval at 95 %)"
    )
    approved_before: bool = Field(
        False, description="people approved this kind in this environment before"
    )

    @property
    def asks_nothing(self) -> bool:
        """Whether it would let everything through."""
        return not (self.approved_before or self.min_successes or self.min_lower_bound)


class Rule(Value):
    """Of an environment's rules the first that fits a change decides."""

    name: str = Field(min_length=1, max_length=80)
    kinds: Kinds
    where: Where | None = Field(None, description="only here; empty: in the whole environment")
    propose: bool = Field(True, description="false: these are mentioned, never offered")
    approvers: Globs = Field((), description=f"user groups (handles), user ids (U..), or {ON_CALL}")
    approvals: int = Field(1, ge=1, le=10, description="how many people have to approve")
    four_eyes: bool = Field(False, description="whoever asked for it may not approve it")
    windows: Globs = Field((), description="names of change windows; empty: at any time")
    pull_request: PullRequests = PullRequests.ALLOWED
    bounds: Bounds | None = Field(None, description="tighter than those of the file")
    auto_apply: AutoApply | None = None
    on_worse: OnWorse = OnWorse.ASK
    acknowledged: str = Field(
        "", description=f"where auto_apply or take_back stand in production: {ACKNOWLEDGED!r}"
    )

    @property
    def acts_unasked(self) -> bool:
        """Whether it lets anything go without asking."""
        return self.auto_apply is not None or self.on_worse is OnWorse.TAKE_BACK

    def fits(self, kind: ChangeKind, place: Place) -> bool:
        """Whether it decides on this kind of change there."""
        return kind in self.kinds and (self.where is None or self.where.matches(place))


class Environment(Value):
    """Places that have the same rules."""

    where: tuple[Where, ...] = Field(
        (), description="any of these; empty: what the graph calls by the environment's name"
    )
    production: bool | None = Field(
        None, description="what acts unasked here needs the words; empty: by its name"
    )
    rules: tuple[Rule, ...] = ()

    def places(self, name: str) -> tuple[Where, ...]:
        """Where it is."""
        return self.where or (Where(environment=(name,)),)

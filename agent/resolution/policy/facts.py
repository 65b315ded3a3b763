"""All that a ruling rests on beside the policy itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.model import Change, ChangeKind, Plan, TrackRecord
from agent.resolution.policy.places import Place


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is so at the moment of the ruling; who asks has looked it up, and the policy believes nothing else."""

    change: Change
    place: Place
    now: datetime
    plan: Plan | None = None
    """Its dry run; None before it, and then nothing that compares with what is there now can be ruled."""
    record: TrackRecord | None = None
    """How changes of this kind went at this service here."""
    approved_before: frozenset[ChangeKind] = frozenset()
    """The kinds that people approved in this environment before."""
    frozen: str = ""
    """Why people stopped everything (``/investigate freeze``); empty: they have not."""
    requesters: frozenset[str] = frozenset()
    """Ids of the people who asked for the investigation or for the way back."""
    undoes: ChangeKind | None = None
    """The kind of the applied change that this one takes back; None: it is no way back."""
    worse: bool = False
    """Whether things were seen to get worse after the change that this one takes back."""

    @property
    def ruled_kind(self) -> ChangeKind:
        """The kind whose rule decides: a way back stands under the rule of what it takes back."""
        return self.undoes or self.change.kind

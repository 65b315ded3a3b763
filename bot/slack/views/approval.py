"""The modal in which a person approves or rejects a change, and what it carries."""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from uuid import UUID

from agent.ports import Asked
from bot.slack.views.render import Views

_VERBS = {"approve": True, "reject": False}


class Shown(NamedTuple):
    """What a person decides on: the change that stood in their modal, by its digest."""

    proposal: UUID
    approved: bool
    digest: str


def modal(views: Views, asked: Asked, *, approve: bool, dry_run: bool = False) -> dict[str, Any]:
    """Asks to confirm a decision: diff, risk, who would feel it, success, way back, who may, and a reason."""
    verb = "approve" if approve else "reject"
    shown = {"verb": verb, "proposal": str(asked.proposal.id), "digest": asked.proposal.digest}
    return views.view(
        "decision_modal",
        metadata=json.dumps(shown),
        proposal=asked.proposal,
        people=asked.people,
        approved_by=asked.approved_by,
        missing=asked.missing,
        four_eyes=asked.four_eyes,
        moment=asked.moment,
        approve=approve,
        dry_run=dry_run,
    )


def shown_in(metadata: str) -> Shown | None:
    """What a submitted modal was about; None when no modal of ours carries such a thing."""
    try:
        said = json.loads(metadata)
        return Shown(UUID(said["proposal"]), _VERBS[said["verb"]], _digest(said["digest"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _digest(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a modal of ours always names what it showed")
    return value

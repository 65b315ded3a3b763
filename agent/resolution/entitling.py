"""Who may decide on a change now: looked up anew each time, at the click and when the decision counts."""

from __future__ import annotations

from agent.errors import ToolError
from agent.house import House
from agent.model import Proposal
from agent.ports import Person
from agent.resolution.policy import ON_CALL


def id_of(user: str) -> str:
    """A user's id, which begins with U or W; anything else is nobody, so that no name is taken for a group's handle."""
    return user if user.startswith(("U", "W")) else ""


async def principals_of(house: House, person: Person, proposal: Proposal) -> frozenset[str]:
    """What the policy may know a person by: their groups, and being on call for the target's service.

    The service is the target's own name: an alert's text must not choose whose word counts.
    """
    if await _is_on_call(house, person, proposal.change.target.name):
        return person.groups | {ON_CALL}
    return person.groups


def requesters_of(proposal: Proposal) -> frozenset[str]:
    """Who asked for it, beside whoever asked for the investigation."""
    return frozenset({proposal.requested_by} - {""})


async def _is_on_call(house: House, person: Person, service: str) -> bool:
    """Who cannot be shown to be on call is not."""
    if house.on_call is None or not person.email:
        return False
    try:
        return person.email in await house.on_call.emails(service)
    except ToolError:
        return False

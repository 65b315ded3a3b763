"""Replies in an investigation's thread: whether they are meant for it, and what they ask for."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from agent.investigation.directives import directives_in
from agent.model import Investigation, InvestigationStatus, Note, Signal, SignalKind

UNDER_WAY = (
    InvestigationStatus.RUNNING,
    InvestigationStatus.WAITING_FOR_APPROVAL,
    InvestigationStatus.APPLYING,
    InvestigationStatus.WATCHING,
)


class Meaning(StrEnum):
    """What a reply is to an investigation."""

    NOTHING = "nothing"
    """People talk among themselves."""
    CONTEXT = "context"
    """The investigation under way takes it in."""
    QUESTION = "question"
    """To be answered."""
    REOPENS = "reopens"
    """The investigation goes on with it."""


def meaning_of(
    found: Investigation, note: Note, now: datetime, follow_seconds: float, *, addressed: bool
) -> Meaning:
    """What ``note`` is to ``found``.

    Under way, everything in the thread is context. After the end people talk among themselves: what mentions srebot
    (``addressed``), what answers its question, and for ``follow_seconds`` what plainly steers it ("look at X",
    "continue", "not it") takes the investigation up again.
    """
    wishes = directives_in(note)
    asks = note.text.rstrip().endswith("?") and not wishes
    if found.status in UNDER_WAY:
        return Meaning.QUESTION if asks else Meaning.CONTEXT
    ended = found.ended_at or now
    is_fresh = now - ended <= timedelta(seconds=follow_seconds)
    waits = found.status is InvestigationStatus.WAITING_FOR_INPUT and is_fresh
    if not (addressed or waits or (wishes and is_fresh)):
        return Meaning.NOTHING
    if found.signal.kind is SignalKind.QUESTION or asks:
        return Meaning.QUESTION
    return Meaning.REOPENS


def question_in(found: Investigation, note: Note, key: str) -> Signal:
    """The question that a reply asks, to be answered in the same thread."""
    signal = found.signal
    about = {
        "key": f"reply:{key}",
        "kind": SignalKind.QUESTION,
        "title": note.text,
        "text": "",
        "service": "",
        "fingerprint": "",
        "occurred_at": note.at,
        "requested_by": note.user,
        "conversation": found.conversation or signal.conversation,
    }
    return signal.model_copy(update=about)

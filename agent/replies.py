"""Replies in an investigation's thread: whether they are meant for it, and what they ask for."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent.model import Investigation, InvestigationStatus, Note, Signal, SignalKind

UNDER_WAY = (
    InvestigationStatus.RUNNING,
    InvestigationStatus.WAITING_FOR_APPROVAL,
    InvestigationStatus.APPLYING,
    InvestigationStatus.WATCHING,
)


def is_followed(investigation: Investigation, now: datetime, follow_seconds: float) -> bool:
    """Whether replies are meant for it: while it is under way, and for some time when it asked people something.

    Afterwards people talk among themselves, and who means srebot mentions it.
    """
    if investigation.status in UNDER_WAY:
        return True
    ended = investigation.ended_at
    if ended is None or investigation.status is not InvestigationStatus.WAITING_FOR_INPUT:
        return False
    return now - ended <= timedelta(seconds=follow_seconds)


def follow_up(found: Investigation, note: Note, key: str) -> Signal:
    """What a reply asks for: an answer while a fix waits or is watched, else a fresh look with what it adds."""
    signal = found.signal
    asked = found.status in UNDER_WAY or signal.kind is SignalKind.QUESTION
    same = {
        "key": f"reply:{key}",
        "requested_by": note.user,
        "fingerprint": "",
        "conversation": found.conversation or signal.conversation,
    }
    if asked:
        about = {
            "kind": SignalKind.QUESTION,
            "title": note.text,
            "text": "",
            "service": "",
            "occurred_at": note.at,
        }
    else:
        text = f"{note.text}\n\n{signal.title}\n{signal.text}"
        about = {"kind": SignalKind.REQUEST, "text": text}
    return signal.model_copy(update={**same, **about})

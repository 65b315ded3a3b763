"""What is remembered: past incidents, talk and patterns that speak of the same failure."""

from __future__ import annotations

from collections.abc import Iterator

from agent.learning.features import role_of
from agent.learning.similarity import role_in_words
from agent.model import Json
from agent.reasoning.modes.mode import WEAK, Mode, Role, Sign
from agent.reasoning.modes.target import JOB, Target
from agent.reasoning.modes.view import View

_QUOTED = 180
_ALIKE_FROM = 0.5
"""How alike the symptoms have to be for what was found elsewhere to be spoken of, 0..1."""


def recollections(mode: Mode, target: Target, view: View) -> Iterator[Sign]:
    """Incidents and discussions that name the entity, or the alerted service, together with a word of the mode."""
    yield from _patterns(mode, target, view)
    words = set(mode.words) | ({target.name} if target.flavour == JOB else set())
    if not words:
        return
    yield from _incidents(words, target, view)
    yield from _talk(words, target, view)


def _patterns(mode: Mode, target: Target, view: View) -> Iterator[Sign]:
    """The same cause here, or at what played the same role elsewhere. A disputed pattern speaks for nothing."""
    for found in view.answers("past_investigations"):
        for pattern in found.data.get("patterns") or []:
            if pattern["mode"] != mode.id or pattern.get("state", "active") != "active":
                continue
            here = pattern["entity"] == target.name
            if here or _in_the_same_role(pattern, target, view):
                yield Sign(found.step, _remembered(pattern, target), WEAK / 2, Role.CONTEXT)
                return


def _in_the_same_role(pattern: Json, target: Target, view: View) -> bool:
    alike = float(pattern.get("likeness", 1.0)) >= _ALIKE_FROM
    return alike and bool(pattern.get("role")) and pattern["role"] == role_of(target.name, view)


def _remembered(pattern: Json, target: Target) -> str:
    mended = f", mended by: {_quoted(str(pattern['fix']))}" if pattern.get("fix") else ""
    on = str(pattern["last_seen"])[:10]
    if pattern["entity"] == target.name:
        what = f"the same at {target.name}"
    else:
        where = role_in_words(str(pattern["role"]))
        what = f"the same at {pattern['entity']}, {where} as {target.name} is now"
    return f"as on {on}: investigation {pattern['investigation']} found {what}{mended}"


def _incidents(words: set[str], target: Target, view: View) -> Iterator[Sign]:
    for found in view.answers("pagerduty_incidents"):
        for incident in found.data.get("incidents") or []:
            notes = " ".join(map(str, incident.get("notes") or []))
            text = f"{incident.get('title')} {notes}"
            if incident.get("status") == "resolved" and _speaks(text, words, target, view):
                quoted = _quoted(str(incident.get("title")))
                text = f"incident #{incident['number']} was similar: {quoted}"
                yield Sign(found.step, text, WEAK, Role.CONTEXT)
                return


def _talk(words: set[str], target: Target, view: View) -> Iterator[Sign]:
    for found in view.answers("slack_discussions"):
        for message in found.data.get("messages") or []:
            if _speaks(str(message.get("text")), words, target, view):
                text = f"{_who(message)}: {_quoted(str(message['text']))}"
                yield Sign(found.step, text, WEAK / 2, Role.CONTEXT)
                return


def _speaks(text: str, words: set[str], target: Target, view: View) -> bool:
    lowered = text.lower()
    named = target.name in lowered or view.subject.name in lowered
    return named and any(w in lowered for w in words)


def _who(message: Json) -> str:
    return f"talk in {message['channel']}" if message.get("channel") else "talk"


def _quoted(text: str) -> str:
    """The beginning of a text as a quotation that holds none itself, cut between words."""
    line = " ".join(text.replace('"', "'").split())
    if len(line) > _QUOTED:
        line = line[:_QUOTED].rsplit(" ", 1)[0]
    return f'"{line}"'

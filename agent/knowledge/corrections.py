"""Engineers' corrections of what srebot believes: read from a whole message, kept in the graph, and told back.

A correction outranks every other source until an engineer takes it back; what the others say stays on record beside it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from agent.errors import NotFound
from agent.house import House
from agent.knowledge.correction_words import Correction, CorrectionKind, correction_in
from agent.knowledge.facts import Belief
from agent.knowledge.finding import TEAM, find, spellings
from agent.knowledge.graph import DEPENDS, name_of
from agent.knowledge.truth import stands
from agent.knowledge.wording import listed, moment, sides, source_words
from agent.model import Entity, Investigation, Relation, Signal

NOT_UNDERSTOOD = (
    "I did not understand that as a correction. Say for example: cart no longer uses redis-reco; cart uses redis-reco; "
    "auth-db belongs to identity; reco is the same as recommendation; reco is not recommendation."
)
_UNCHANGED = "Nothing was changed."


class _Word(NamedTuple):
    """A correction under way: what was said, by whom, when and where."""

    house: House
    said: Correction
    user: str
    evidence: str
    at: datetime


def is_heard(investigation: Investigation, now: datetime, follow_seconds: float) -> bool:
    """Whether a correction in the thread of an investigation or an answer is still meant for srebot."""
    ended = investigation.ended_at
    return ended is None or now - ended <= timedelta(seconds=follow_seconds)


async def correct(house: House, signal: Signal) -> str:
    """Carry out the correction in a signal's words; returns the sentence for the one who made it.

    It says what is believed now, what was believed before and by which source, and how to take it back; or that a name is
    unknown, with candidates, and that nothing was changed.

    Args:
        house: the parts.
        signal: of kind CORRECTION; ``requested_by`` is a full member of the workspace, ``link`` the message's permalink.
    """
    said = correction_in(signal.text or signal.title)
    if said is None:
        return NOT_UNDERSTOOD
    evidence = signal.link or f"said by {signal.requested_by}"
    word = _Word(house, said, signal.requested_by, evidence, signal.occurred_at)
    try:
        return await _HANDLERS[said.kind](word)
    except NotFound as error:
        return f"{error} {_UNCHANGED}"


async def _uses(word: _Word) -> str:
    """One thing uses another, or no longer does."""
    said, graph = word.said, word.house.store.graph
    a = await find(word.house.store, said.a)
    b = await find(word.house.store, said.b, a.environment)
    beliefs = [x for x in await graph.belief(a.key, b.key) if x.kind in DEPENDS]
    kinds = sorted({x.kind for x in beliefs}) or ["depends_on"]
    for kind in kinds:
        await graph.assert_relation(
            a.key, b.key, kind, said.holds, word.user, word.evidence, word.at
        )
    verb, back = ("uses", "no longer uses") if said.holds else ("no longer uses", "uses")
    now = f"{a.name} {verb} {b.name}"
    await _audit(word, f"{a.key} {verb} {b.key}", beliefs)
    before = _before(
        beliefs, word, f"that {a.name} uses {b.name}", f"nothing of {a.name} and {b.name}"
    )
    return _told(now, before, f"{a.name} {back} {b.name}")


async def _belongs(word: _Word) -> str:
    """A thing belongs to a team, or does not."""
    said, store = word.said, word.house.store
    thing = await find(store, said.a)
    team = await find(store, said.b, kinds=TEAM)
    near = await store.graph.neighbourhood(thing.key, hops=1)
    owns = [b for b in near.beliefs if b.kind == "owns" and b.target == thing.key]
    others = [b for b in owns if b.source != team.key and stands(b)]
    keep = word.house.store.graph.assert_relation
    await keep(team.key, thing.key, "owns", said.holds, word.user, word.evidence, word.at)
    if said.holds:
        for other in others:
            await keep(other.source, thing.key, "owns", False, word.user, word.evidence, word.at)
    verb = "belongs to" if said.holds else "does not belong to"
    await _audit(word, f"{thing.key} {verb} {team.key}", owns)
    previous = name_of(others[0].source) if others and said.holds else ""
    back = (
        f"{thing.name} belongs to {previous}"
        if previous
        else (f"{thing.name} {'does not belong' if said.holds else 'belongs'} to {team.name}")
    )
    believed = [b for b in owns if sides(b)[0]]
    owners = listed(dict.fromkeys(f"team {name_of(b.source)}" for b in believed))
    before = _before(
        believed, word, f"that it belongs to {owners}", f"nothing on who owns {thing.name}"
    )
    return _told(f"{thing.name} {verb} team {team.name}", before, back)


async def _same(word: _Word) -> str:
    """Two names mean one thing."""
    said, store = word.said, word.house.store
    alias, canonical = await find(store, said.a), await find(store, said.b)
    if alias.key == canonical.key:
        return f"I take {said.a} and {said.b} for the same already. {_UNCHANGED}"
    reason = f"an engineer says so: {word.evidence}"
    await store.graph.same(alias.key, canonical.key, word.user, reason, word.at)
    await _audit(word, f"{alias.key} is {canonical.key}", ())
    return _told(
        f"{alias.name} is the same as {canonical.name}; what is known of one counts for the other",
        f"Before, I kept {alias.key} and {canonical.key} apart.",
        f"{alias.name} is not {canonical.name}",
    )


async def _different(word: _Word) -> str:
    """Two names that were taken for one thing are not."""
    said, store = word.said, word.house.store
    canonical = await _canonical(word)
    names = {n.lower() for text in (said.a, said.b) for n in spellings(text)}
    merges = [
        m
        for m in await store.graph.merges_of(canonical.key)
        if not m.undone_by and (name_of(m.alias).lower() in names or m.alias.lower() in names)
    ]
    if not merges:
        return f"I do not take {said.a} for {said.b}. {_UNCHANGED}"
    for merge in merges:
        await store.graph.split(merge.alias, merge.canonical, word.user, word.at)
    why = listed(dict.fromkeys(f"{source_words(m.origin)}, {m.reason}" for m in merges))
    await _audit(word, f"{merges[0].alias} is not {merges[0].canonical}", ())
    return _told(
        f"{said.a} is not {said.b}",
        f"Before, I took them for one ({why}).",
        f"{said.a} is the same as {said.b}",
    )


async def _canonical(word: _Word) -> Entity:
    """The thing that both names lead to now: the alias alone may not be found any more."""
    store = word.house.store
    try:
        return await find(store, word.said.b)
    except NotFound:
        return await find(store, word.said.a)


_HANDLERS: dict[CorrectionKind, Callable[[_Word], Awaitable[str]]] = {
    CorrectionKind.USES: _uses,
    CorrectionKind.BELONGS: _belongs,
    CorrectionKind.SAME: _same,
    CorrectionKind.DIFFERENT: _different,
}


def _told(now: str, before: str, back: str) -> str:
    return f"Noted, by your word: {now}.\n{before}\nTo take it back, say: {back}"


def _before(beliefs: Sequence[Belief], word: _Word, what: str, nothing: str) -> str:
    """What was believed and who said so, this very message aside."""
    relations = [r for b in beliefs for r in b.said_by if r.evidence != word.evidence]
    if not relations:
        return f"Before, I knew {nothing}."
    saying = [r for r in relations if r.holds]
    denying = [r for r in relations if not r.holds]
    if not saying:
        return f"Before, I believed otherwise: {_sources(denying, word.at)}."
    sure = max(b.confidence for b in beliefs)
    kept = " They stay on record, contradicted." if not word.said.holds else ""
    against = f" Against it was {_sources(denying, word.at)}." if denying else ""
    return f"Before, I believed {what} ({sure:.0%} sure), by {_sources(saying, word.at)}.{against}{kept}"


def _sources(relations: Sequence[Relation], now: datetime) -> str:
    return listed(
        dict.fromkeys(
            f"{source_words(r.origin)} (last confirmed {moment(r.last_confirmed, now)})"
            for r in relations
        )
    )


async def _audit(word: _Word, now: str, beliefs: Sequence[Belief]) -> None:
    details = {
        "said": word.said.text,
        "believes": now,
        "evidence": word.evidence,
        "before": [
            {"kind": b.kind, "confidence": b.confidence, "origins": [r.origin for r in b.said_by]}
            for b in beliefs
        ],
    }
    audit = word.house.store.audit
    await audit.append(word.user, "correction", f"graph:{now}", details, word.house.clock.now())

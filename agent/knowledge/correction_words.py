"""Which messages correct a fact: the whole message is one statement on two things, not a question, a plan or a guess."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from agent.knowledge.statements import Known, statements_in


class CorrectionKind(StrEnum):
    """What sort of fact is corrected."""

    USES = "uses"
    BELONGS = "belongs"
    SAME = "same"
    DIFFERENT = "different"


class Correction(NamedTuple):
    """What somebody said, understood as far as words go."""

    kind: CorrectionKind
    a: str
    """What it is about, in the person's words."""
    b: str
    """The other thing, or the team."""
    holds: bool
    text: str
    sure: bool = True
    """False: such words may well mean something else (``cart is not working``), unless both names are known."""


_A, _B = r"(?P<a>\S(?:[^?\n]{0,60}?\S)?)", r"(?P<b>\S(?:[^?\n]{0,60}?\S)?)"
_NOT = (
    r"(?P<no>no\s+longer|does\s+not|doesn['’]?t|do\s+not|don['’]?t|is\s+not|isn['’]?t|never|is\s+no\s+longer|not"
    r"|stopped|has\s+stopped)"
)
_LOSS = r"(?P<lost>\s+(?:any\s?more|any\s+longer))?"
_USE = (
    r"(?:uses?|using|depends?\s+on|depending\s+on|needs?|calls?|calling|talks?\s+to|talking\s+to|connects?\s+to"
    r"|connecting\s+to|rel(?:y|ies)\s+on|relying\s+on|reads?\s+from|writes?\s+to)"
)
_LEAD = re.compile(
    r"^(?:(?:no|nope|wrong|actually|correction|fyi|btw|note|that(?:['’]s|\s+is)\s+(?:wrong|not\s+true|outdated)"
    r"|not\s+true|well|so|and|but|sorry|srebot|hey|hi|since\s+\w+|today|now)\s*[,:;.!–—-]\s*)+",
    re.IGNORECASE,
)
_END = r"[\s.!]*"
_TEAM = re.compile(r"^(?:the\s+)?team\s+|\s+team$|^the\s+", re.IGNORECASE)
_FORMS: tuple[tuple[CorrectionKind, bool, re.Pattern[str]], ...] = tuple(
    (kind, sure, re.compile(pattern + _END, re.IGNORECASE))
    for kind, sure, pattern in (
        (
            CorrectionKind.SAME,
            True,
            rf"{_A}\s+(?:is|are)\s+(?:actually\s+|really\s+|just\s+)?(?:the\s+same\s+(?:thing\s+|service\s+)?as"
            rf"|also\s+(?:known\s+as|called)|known\s+as|aka|another\s+name\s+(?:for|of))\s+{_B}",
        ),
        (
            CorrectionKind.SAME,
            True,
            rf"{_A}\s+and\s+{_B}\s+are\s+(?:one\s+and\s+)?the\s+same(?:\s+thing)?",
        ),
        (
            CorrectionKind.DIFFERENT,
            True,
            rf"{_A}\s+(?:is\s+not|isn['’]?t|are\s+not|aren['’]?t)\s+the\s+same\s+(?:thing\s+|service\s+)?as\s+{_B}",
        ),
        (
            CorrectionKind.DIFFERENT,
            True,
            rf"{_A}\s+and\s+{_B}\s+are\s+(?:not\s+the\s+same(?:\s+thing)?|different(?:\s+things)?|two\s+things)",
        ),
        (
            CorrectionKind.BELONGS,
            True,
            rf"{_A}\s+(?:now\s+)?(?:{_NOT}\s+)?(?:now\s+)?(?:belongs?\s+to|(?:is\s+)?owned\s+by|(?:is\s+)?run\s+by)"
            rf"\s+(?:now\s+)?{_B}{_LOSS}",
        ),
        (
            CorrectionKind.BELONGS,
            True,
            rf"(?:the\s+)?(?:team\s+)?{_B}\s+(?:now\s+)?(?:{_NOT}\s+)?owns?\s+{_A}{_LOSS}",
        ),
        (
            CorrectionKind.USES,
            True,
            rf"{_A}\s+(?:now\s+)?(?:{_NOT}\s+)?(?:is\s+)?(?:now\s+)?{_USE}\s+{_B}{_LOSS}",
        ),
        (CorrectionKind.DIFFERENT, False, rf"{_A}\s+(?:is\s+not|isn['’]?t)\s+{_B}"),
    )
)
"""Tried in this order; whether such words can hardly mean something else; the form."""
_MOST_WORDS = 5
_NO_NAME = re.compile(
    r"(?<![\w-])(?:it|this|that|we|you|they|i|he|she|who|what|which|why|how|if|when|because|too|much|more|most|lot|lots|all|"
    r"some|any|every|up|only|probably|maybe|perhaps|might|should|could|would|will|think|guess|anything|nothing|"
    r"nobody|everybody|everything)(?![\w-])",
    re.IGNORECASE,
)


def correction_in(text: str) -> Correction | None:
    """The correction that a message is; None when it is anything else."""
    said = _LEAD.sub("", " ".join(text.split())).strip()
    if not said or "?" in said:
        return None
    for kind, sure, pattern in _FORMS:
        match = pattern.fullmatch(said)
        if match is None:
            continue
        named = match.groupdict()
        a, b = _name(named["a"]), _name(named["b"])
        if kind is CorrectionKind.BELONGS:
            b = _TEAM.sub("", b)
        if not (a and b) or a.lower() == b.lower():
            return None
        holds = not (named.get("no") or named.get("lost")) and kind is not CorrectionKind.DIFFERENT
        if kind is CorrectionKind.USES and not _stated(said, a, b, holds):
            return None
        return Correction(kind, a, b, holds, said, sure)
    return None


def _name(phrase: str) -> str:
    """A phrase that may name a thing; empty when it is no name."""
    said = phrase.strip(" \t.,;:!\"'`“”‘’*_")
    if not said or len(said.split()) > _MOST_WORDS or _NO_NAME.search(said):
        return ""
    return said


def _stated(text: str, a: str, b: str, holds: bool) -> bool:
    """Whether the reader of statements finds the same in it; a hedge, a plan or a condition states nothing."""
    found = statements_in(text, Known([a, b]))
    return any({s.subject, s.object} == {a, b} and s.holds == holds for s in found)

"""What is asked, and about what: the kinds of question that are answered without a model, recognised in people's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from agent.reasoning.questions.times import Since, since


class Kind(StrEnum):
    """What is wanted."""

    WHY = "why"
    PATH = "path"
    DEPENDENCIES = "dependencies"
    DEPENDANTS = "dependants"
    OWNER = "owner"
    CHANGES = "changes"
    INCIDENTS = "incidents"
    ENTITY = "entity"
    HEALTH = "health"


class Asked(NamedTuple):
    """A question, understood as far as words go."""

    kind: Kind
    a: str = ""
    """What it is about, in the asker's words; empty when it names nothing."""
    b: str = ""
    environment: str = ""
    since: Since | None = None
    loss: bool = False
    """Whether it asks what would break."""


_A, _B, _END = r"(?P<a>\S.*?)", r"(?P<b>\S.*?)", r"[\s?.!]*$"
_USE = (
    r"(?:uses?|is\s+using|using|depends?\s+on|is\s+depending\s+on|depending\s+on|needs?|calls?|talks?\s+to"
    r"|connects?\s+to|rel(?:y|ies)\s+on|reads?\s+from|writes?\s+to|is\s+connected\s+to|goes?\s+through)"
)
_THINK = r"(?:think|believe|say|claim|assume|know)"
_GONE = (
    r"(?:went|goes?|going|is|was|were|dies?|died|fails?|failed|breaks?|broke|stops?|stopped|disappears?"
    r"|disappeared|crash(?:es|ed)?|falls?|fell|would|has|had|vanish(?:es|ed)?)\b"
)
_LOSE = r"(?:lose|lost|kill|remove|delete|stop|turn(?:ed)?\s+off|switch(?:ed)?\s+off|restart|take\s+down|drop)"
_ANY = r"(?:anything|anyone|anybody|something|someone|somebody|any\s+\w+)"
_AROUND = r"(?:around|in|on|at|near|with|for|to|by|of|about|next\s+to)"
_CALL = r"(?:call|page|ask|wake(?:\s+up)?|contact|ping|talk\s+to|phone|reach|escalate\s+to)"
_OWN = (
    r"(?:owns?|runs?|maintains?|supports?|looks?\s+after|is\s+responsible\s+for|is\s+in\s+charge\s+of"
    r"|takes?\s+care\s+of|has)"
)
_CHANGED = r"(?:changed|changing|new|deployed|rolled[\s-]+out|released|shipped|different)"

_PATTERNS: tuple[tuple[Kind, str], ...] = (
    (Kind.WHY, rf"\bwhy\s+(?:do|would|does|did)\s+(?:you|we|srebot|it)\s+{_THINK}\s+(?:that\s+)?{_A}\s+{_USE}\s+{_B}{_END}"),
    (Kind.WHY, rf"\b(?:how|where)\s+do\s+(?:you|we)\s+know\s+(?:that\s+)?{_A}\s+{_USE}\s+{_B}{_END}"),
    (Kind.WHY, rf"\bwhat\s+makes\s+you\s+{_THINK}\s+(?:that\s+)?{_A}\s+{_USE}\s+{_B}{_END}"),
    (Kind.WHY, rf"\b(?:evidence|proof|reasons?)\s+(?:for|that|why)\s+{_A}\s+{_USE}\s+{_B}{_END}"),
    (Kind.WHY, rf"\bwhy\s+(?:does|do|would|is)\s+{_A}\s+{_USE}\s+{_B}{_END}"),
    (Kind.PATH, rf"\bhow\s+(?:are|is)\s+{_A}\s+(?:and|to|with)\s+{_B}\s+(?:connected|related|linked|tied)\b"),
    (Kind.PATH, rf"\bhow\s+(?:are|is)\s+{_A}\s+(?:connected|related|linked|tied)\s+(?:to|with)\s+{_B}{_END}"),
    (Kind.PATH, rf"\b(?:paths?|way|route|connections?|links?|chain)\s+(?:from|between)\s+{_A}\s+(?:to|and)\s+{_B}{_END}"),
    (Kind.PATH, rf"\bwhat\s+(?:connects|links|ties)\s+{_A}\s+(?:to|and|with)\s+{_B}{_END}"),
    (Kind.PATH, rf"\bhow\s+(?:does|do|could|can|would)\s+{_A}\s+(?:reach|get\s+to|talk\s+to|connect\s+to|affect|hurt)\s+{_B}{_END}"),
    (Kind.OWNER, rf"\bwho\s+{_OWN}\s+{_A}{_END}"),
    (Kind.OWNER, rf"\bwho\s*(?:['’]s|is|are)\s+(?:currently\s+|now\s+)?on[\s-]?call\s+(?:for|on|at|of|with)\s+{_A}{_END}"),
    (Kind.OWNER, rf"\bwhom?\s+(?:do|should|can|must|shall|could)\s+(?:i|we)\s+{_CALL}\s+(?:about|for|on|regarding|when|if)\s+{_A}{_END}"),
    (Kind.OWNER, rf"\bwhom?\s+to\s+{_CALL}\s+(?:about|for|on|regarding|when|if)\s+{_A}{_END}"),
    (Kind.OWNER, rf"\bwh(?:ich|at)\s+team\s+{_OWN}\s+{_A}{_END}"),
    (Kind.OWNER, rf"\b(?:who|which\s+team)\s+does\s+{_A}\s+belong\s+to\b"),
    (Kind.OWNER, rf"\bwhose\s+(?:service\s+)?is\s+{_A}{_END}"),
    (Kind.OWNER, rf"\b(?:owners?|team|escalation(?:\s+policy)?|on[\s-]?call|contacts?)\s+(?:of|for|behind|on)\s+{_A}{_END}"),
    (Kind.DEPENDANTS, rf"\b(?:is|are|does|do|will|would)\s+{_ANY}\s+(?:else\s+)?(?:still\s+)?(?:depend(?:s|ing)?\s+on|us(?:es?|ing)|call(?:s|ing)?|need(?:s|ing)?|rely(?:ing)?\s+on)\s+{_A}{_END}"),
    (Kind.DEPENDENCIES, rf"\bwhat\s+(?:all\s+|else\s+)?(?:does|do|is|are|did)\s+{_A}\s+(?:depend(?:ing)?|rely|relying)\s+on\b(?P<rest>.*)$"),
    (Kind.DEPENDENCIES, rf"\bwhat\s+(?:all\s+|else\s+)?(?:does|do|is|are)\s+{_A}\s+(?:us(?:e|ing)|need|require|call(?:ing)?|talk(?:ing)?\s+to|connect(?:ed|ing)?\s+to|run(?:ning)?\s+on)\b(?P<rest>.*)$"),
    (Kind.DEPENDENCIES, rf"\bdependencies\s+(?:of|for)\s+{_A}{_END}"),
    (Kind.DEPENDENCIES, rf"^\W*{_A}(?:['’]s)\s+dependencies\b"),
    (Kind.DEPENDANTS, rf"\b(?:break|breaks|broken|affected|impacted|happens?|suffers?|fails?|down|hurt|hit|notice)\b.*?\b(?:if|when|without)\s+(?:we\s+|i\s+|you\s+|somebody\s+)?{_LOSE}\s+{_A}{_END}"),
    (Kind.DEPENDANTS, rf"\b(?:what|who|which|anything)\b.*?\b(?:if|when|without|should)\s+{_A}\s+{_GONE}"),
    (Kind.DEPENDANTS, rf"\b(?:what|who|which|anything)\b.*?\b(?:break|breaks|broken|affected|impacted|suffers?|fails?)\b.*?\b(?:without|by|with)\s+{_A}{_END}"),
    (Kind.DEPENDANTS, rf"\b(?:what|which|who)\b(?:\s+[\w-]+){{0,3}}?\s+(?:depends?|rel(?:y|ies)|(?:is|are)\s+depending|(?:is|are)\s+relying)\s+(?:directly\s+)?(?:up)?on\s+{_A}{_END}"),
    (Kind.DEPENDANTS, rf"\b(?:what|who|which)\b(?:\s+[\w-]+){{0,2}}?\s+(?:uses?|calls?|needs?|(?:is|are)\s+using|talks?\s+to|connects?\s+to)\s+{_A}{_END}"),
    (Kind.DEPENDANTS, rf"\b(?:blast\s+radius|dependants?|dependents?|consumers|callers|users|clients)\s+(?:of|for|around)\s+{_A}{_END}"),
    (Kind.DEPENDANTS, rf"\b(?:impact|effect|consequences?)\s+(?:of|if)\s+(?:losing|an?\s+outage\s+of|a\s+failure\s+of)\s+{_A}{_END}"),
    (Kind.DEPENDANTS, rf"^\W*{_A}(?:['’]s)\s+(?:blast\s+radius|dependants?|dependents?|consumers)\b"),
    (Kind.CHANGES, rf"\bwhat\s*(?:['’]s|has|have|was|were|is)?\s*(?:been\s+)?(?:recently\s+)?{_CHANGED}\b(?:\s+{_AROUND}\s+{_A})?{_END}"),
    (Kind.CHANGES, rf"\bwhat\s+(?:did\s+\w+\s+change|happened)(?:\s+{_AROUND}\s+{_A})?{_END}"),
    (Kind.CHANGES, rf"\b(?:did|has|have)\s+(?:anything|something|anybody|anyone|somebody)\s+(?:been\s+)?(?:chang\w*|deploy\w*|roll\w*\s+out)(?:\s+(?:anything\s+)?{_AROUND}\s+{_A})?{_END}"),
    (Kind.CHANGES, rf"\b(?:did|has|when\s+did|when\s+was|when\s+has)\s+{_A}\s+(?:been\s+)?(?:last\s+)?(?:chang\w*|deployed|rolled\s+out|released)\b"),
    (Kind.CHANGES, rf"\b(?:changes?|rollouts?|deploys?|deployments?|releases?)\s+{_AROUND}\s+{_A}{_END}"),
    (Kind.INCIDENTS, rf"\b(?:incidents?|outages?|pages?)\s+{_AROUND}\s+{_A}{_END}"),
    (Kind.WHY, rf"^\W*(?:does|do|is)\s+{_A}\s+(?:really\s+|still\s+|actually\s+)?{_USE}\s+{_B}{_END}"),
    (Kind.ENTITY, rf"\bwhat\s+(?:else\s+)?do\s+(?:you|we)\s+know\s+(?:about|of|on)\s+{_A}{_END}"),
    (Kind.ENTITY, rf"\btell\s+(?:me|us)\s+(?:more\s+|everything\s+|all\s+)?about\s+{_A}{_END}"),
    (Kind.ENTITY, rf"\b(?:facts|limits?|constraints?|aliases|other\s+names|details|properties|patterns)\s+(?:of|on|about|for)\s+{_A}{_END}"),
    (Kind.ENTITY, rf"\bhow\s+(?:many|much)\s+[\w-]+(?:\s+[\w-]+)?\s+(?:does|do|has|have|is|are)\s+{_A}(?:\s+have)?{_END}"),
    (Kind.HEALTH, rf"\bhow(?:['’]s|\s+is|\s+are)\s+{_A}(?:\s+doing)?{_END}"),
    (Kind.HEALTH, rf"\b(?:is|are)\s+{_A}\s+(?:ok|okay|up|down|healthy|fine|alive|well|alerting)\b"),
    (Kind.HEALTH, rf"\b(?:health|status|state)\s+of\s+{_A}{_END}"),
    (Kind.ENTITY, rf"^\W*(?:describe|what(?:['’]s|\s+is|\s+are))\s+{_A}{_END}"),
)  # fmt: skip
"""Tried in this order; ``a`` and ``b`` are what is asked about."""
_LOOSE: tuple[tuple[Kind, str], ...] = (
    (Kind.OWNER, r"\bwho\s+(?:is|owns?)\b|\bown(?:s|er|ers)?\b|\bon[- ]?call\b|\bteam\b"),
    (Kind.DEPENDENCIES, r"\b(?:what|which|who)\b.*\bdoes\b.*\bdepend|\bdependencies\b|\bneeds?\b"),
    (
        Kind.DEPENDANTS,
        r"\bdepends? on\b|\bdependants?\b|\bdependents?\b|\bblast radius\b|\bwho (?:calls|uses)\b|\bbreaks?\b",
    ),
    (Kind.INCIDENTS, r"\bincidents?\b|\boutages?\b|\bhappened before\b"),
    (
        Kind.CHANGES,
        r"\bchang(?:e|es|ed)\b|\broll(?:ed)?[- ]?outs?\b|\bdeploy(?:ed|s|ments?)?\b|\breleas",
    ),
    (Kind.HEALTH, r"\bhow (?:is|are)\b|\bhealth|\bstatus\b|\bok\b|\bup\b|\bdown\b|\bstate\b"),
)
"""Words that at least tell the kind; what it is about must then be found otherwise."""
_COMPILED = tuple((kind, re.compile(p, re.IGNORECASE)) for kind, p in _PATTERNS)
_COMPILED_LOOSE = tuple((kind, re.compile(p, re.IGNORECASE)) for kind, p in _LOOSE)

_PLACES = {
    "production": "production",
    "prod": "production",
    "staging": "staging",
    "stage": "staging",
    "development": "development",
    "dev": "development",
}
_PLACE = re.compile(rf"\s*\b(?:in|on|of|at)\s+(?:the\s+)?({'|'.join(_PLACES)})\b", re.IGNORECASE)
_TAIL = re.compile(
    r"(?:\s*,|\s+and)\s+(?:who|whom|which|what|how|why|when|where|is|are|does|do|can|could|would)\b.*$"
    r"|\s+(?:right\s+now|now|please|exactly|today|currently|directly|any\s?more|at\s+all|again|recently|for\s+me|too)$",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"(?:it|this|that|these|those|them|they|we|you|i|us|he|she|there|here|everything|anything|something|"
    r"wrong|going on|up|new|happening|(?:this|that|the)\s+(?:thing|service|one|alert|issue|system|stuff|problem)s?)",
    re.IGNORECASE,
)
_MOST_WORDS = 8
_LONGEST = 400
"""Characters read: the patterns look for two names anywhere, which takes the more the longer a text is."""


def asked(text: str, now: datetime) -> Asked | None:
    """What a text asks, or None when it is of no kind that is known."""
    words = " ".join(text[:_LONGEST].split())
    span = since(words, now)
    bare = (words[: span.span[0]] + " " + words[span.span[1] :]).strip() if span else words
    bare = " ".join(bare.split())
    place = _PLACE.search(bare)
    environment = _PLACES[place[1].lower()] if place else ""
    bare = _PLACE.sub("", bare)
    loss = bool(
        re.search(r"\b(?:break|went|goes down|dies|lose|without|fail)", bare, re.IGNORECASE)
    )
    for found in _matches(bare):
        return found._replace(environment=environment, since=span, loss=loss)
    for kind, pattern in _COMPILED_LOOSE:
        if pattern.search(bare):
            return Asked(kind, environment=environment, since=span, loss=loss)
    return None


def _matches(text: str) -> Iterator[Asked]:
    for kind, pattern in _COMPILED:
        match = pattern.search(text)
        if match is None:
            continue
        named = match.groupdict()
        a, b = cleaned(named.get("a") or ""), cleaned(named.get("b") or "")
        needs_two = kind in (Kind.WHY, Kind.PATH)
        if needs_two and not (a and b):
            continue
        if named.get("a") and not a and kind in (Kind.ENTITY, Kind.HEALTH):
            continue
        yield Asked(kind, a, b)


def cleaned(phrase: str) -> str:
    """The name in a phrase: without a second question, filler and punctuation; empty when it names nothing."""
    said = phrase.strip(" \t?!.,;:\"'`“”‘’")
    before = ""
    while said != before:
        before = said
        said = _TAIL.sub("", said).strip(" \t?!.,;:\"'`“”‘’")
    if _NOBODY.fullmatch(said) or len(said.split()) > _MOST_WORDS:
        return ""
    return said

"""The words by which people say how systems hang together, as regular expressions over masked sentences.

In a masked sentence each known name stands as ``⟦n⟧``. Verbs are in the forms that people write: uses, use, using, used.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ONE = r"⟦\d+⟧"
_JOIN = r"(?:\s*,\s*(?:and\s+|or\s+)?|\s+and\s+|\s+or\s+|\s*/\s*|\s*&\s*|\s+as well as\s+)"
_THING = rf"(?:\s+(?:[\w%-]+|{ONE})){{0,4}}?"
"""What is read or written, of which we know nothing: ``reads its price list from``."""


class Phrase(NamedTuple):
    """A verb phrase between two names."""

    kind: str
    backwards: bool
    """Whether the second name is the one that depends, owns or routes."""
    pattern: str
    denies: bool = False
    """Whether the phrase itself says that it is not so."""


PHRASES = (
    Phrase(
        "depends_on",
        False,
        r"(?:depend(?:s|ing|ed)?|rel(?:y|ies|ying|ied)|build(?:s|ing)?)\s+(?:up)?on"
        r"|need(?:s|ing|ed)?|requir(?:es?|ing|ed)|us(?:es?|ing|ed)"
        r"|(?:talk(?:s|ing|ed)?|connect(?:s|ing|ed)?|subscrib(?:es?|ing|ed))(?:\s+(?:directly|only|mainly|mostly))?\s+to"
        r"|(?:has|have)\s+an?\s+(?:hard\s+|soft\s+)?dependency\s+on"
        r"|point(?:s|ing|ed)?\s+(?:to|at)|quer(?:y|ies|ying|ied)|consum(?:es?|ing|ed)(?:\s+from)?"
        rf"|(?:read(?:s|ing)?|fetch(?:es|ing|ed)?|get(?:s|ting)?|pull(?:s|ing|ed)?|load(?:s|ing|ed)?){_THING}\s+from"
        rf"|(?:writ(?:es?|ing)|wrote|publish(?:es|ing|ed)?|push(?:es|ing|ed)?){_THING}\s+(?:in)?to"
        rf"|(?:stor(?:es?|ing|ed)|cach(?:es?|ing|ed)|keep(?:s|ing)?|kept|persist(?:s|ing|ed)?){_THING}\s+(?:in|to)"
        r"|(?:backed|powered|served|fed)\s+by|liv(?:es?|ing)\s+(?:in|on)"
        r"|(?:mov(?:ed|es)|migrat(?:ed|es)|switch(?:ed|es)|cut)(?:\s+over)?\s+(?:to|onto|into)|hosted\s+(?:in|on)",
    ),
    Phrase(
        "depends_on",
        True,
        r"(?:used|needed|required|shared|read|queried|consumed|written)\s+(?:by|to by)"
        r"|back(?:s|ing)|(?:is\s+)?the\s+(?:cache|database|db|store|datastore|data store|queue|backend)\s+(?:of|for|behind)",
    ),
    Phrase(
        "depends_on",
        False,
        r"(?:(?:has|have)\s+no\s+dependency|(?:is\s+|are\s+)?independent)\s+(?:up)?o[nf]",
        denies=True,
    ),
    Phrase(
        "calls",
        False,
        rf"call(?:s|ing|ed)?(?:\s+(?:out\s+to|into))?|invok(?:es?|ing|ed)|hit(?:s|ting)|send(?:s|ing)?{_THING}\s+to",
    ),
    Phrase("calls", True, r"(?:called|invoked)\s+by"),
    Phrase(
        "routes_to",
        False,
        r"(?:rout(?:es?|ing)|forward(?:s|ing)?|prox(?:y|ies|ying))(?:\s+(?:traffic|requests))?(?:\s+to)?"
        r"|front(?:s|ing)|(?:sit(?:s|ting)?\s+)?in\s+front\s+of",
    ),
    Phrase("routes_to", True, r"(?:sit(?:s|ting)?\s+)?behind|fronted\s+by"),
    Phrase(
        "owns",
        False,
        r"own(?:s|ing|ed)?|maintain(?:s|ing|ed)?|(?:is\s+|are\s+)?responsible\s+for|look(?:s|ing)?\s+after",
    ),
    Phrase(
        "owns",
        True,
        r"(?:owned|maintained|run|operated)\s+by|belong(?:s|ing|ed)?\s+to|(?:handed|transferred)(?:\s+over)?\s+to",
    ),
    Phrase(
        "targets", False, r"back(?:s|ing)\s+up|dump(?:s|ing)|export(?:s|ing)|snapshot(?:s|ting)"
    ),
    Phrase("targets", True, r"(?:backed\s+up|dumped|exported|snapshotted)\s+by"),
)

RENAMED = re.compile(
    rf"(?P<subject>{ONE})\s+(?:(?:is|was|has\s+been|got|are|were)\s+)?(?:now\s+)?"
    r"(?:called|named|renamed\s+(?:to|into)|known\s+as|also\s+known\s+as|aka|the\s+same\s+(?:thing\s+)?as)\s+"
    rf"(?:the\s+)?(?P<object>{ONE}|[a-z0-9][\w.-]*[a-z0-9])",
    re.I,
)
"""``A is now called B``; B may be a name that nobody knew."""

MOVED = re.compile(
    rf"\b(?:moved|migrated|switched|pointed|cut\s+over)\s+(?P<subject>{ONE})"
    rf"(?:\s+(?:away\s+)?(?:from|off(?:\s+of)?)\s+(?P<old>{ONE}))?(?:\s+(?:over\s+)?(?:to|onto|into)\s+(?P<new>{ONE}))?",
    re.I,
)
"""``we moved A from B to C``."""
MOVED_BY_ITSELF = re.compile(
    rf"(?P<subject>{ONE})\s+(?:(?:has|have|was|were|been|now|just|is|are)\s+)*(?:moved|migrated|switched)"
    rf"\s+(?:away\s+)?(?:from|off(?:\s+of)?)\s+(?P<old>{ONE})(?:\s+(?:over\s+)?(?:to|onto|into)\s+(?P<new>{ONE}))?",
    re.I,
)

_TIME = r"(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?\s*(?P<half>[ap]\.?m\b)?(?![\w:%⟧])"
RUNS = re.compile(
    rf"(?P<subject>{ONE})(?P<aux>(?:\s+(?:no\s+longer|not|never|now|always|usually|does|do|is|has|was|been|doesn't|actually))*)"
    r"\s+(?:runs?|running|starts?|starting|kicks?\s+off|fires?|scheduled|moved|launches)"
    r"(?:\s+(?:every|each|daily|nightly|weekly|day|night|morning|hour|on|for|to|weekdays|mondays?|tuesdays?|wednesdays?"
    rf"|thursdays?|fridays?|saturdays?|sundays?))*\s+(?:at\s+|to\s+|@\s*)?{_TIME}",
    re.I,
)
RESCHEDULED = re.compile(
    rf"\b(?:moved|rescheduled|shifted|pushed)\s+(?P<subject>{ONE})(?:\s+(?:over|back|forward))?\s+to\s+{_TIME}",
    re.I,
)
"""``I moved A to 00:10``."""

_ADVERBS = (
    "no longer|not|never|now|still|also|only|directly|heavily|just|currently|always|already|actually|both|all|really"
    "|mostly|mainly|today|anymore|indirectly|definitely|probably|maybe|perhaps|possibly|likely|apparently|might|may"
    "|could|seems? to|appears? to|should|shouldn't|must|would|will|is going to|going to|plans? to|used to|stopped|does|do|did|is|are"
    "|was|were|be|been|being|has|have|had|doesn't|don't|didn't|isn't|aren't|wasn't|weren't|won't|hasn't|haven't|can|cannot"
    "|can't|get|gets|got|that|which|does n't"
)
_AUX = rf"(?P<aux>(?:,?\s+(?:{_ADVERBS}))*)"
_ANY_VERB = "|".join(p.pattern for p in PHRASES)
_NOT_A_SUBJECT = rf"(?!(?:\s+(?:{_ADVERBS}))*\s+(?:{_ANY_VERB})\b)"
"""After a list of objects: its last name must not be the subject of the next clause."""
LIST = rf"{ONE}(?:{_JOIN}{ONE})*"

CLAUSES = tuple(
    (
        phrase,
        re.compile(
            rf"(?P<subject>{LIST}){_AUX}\s+(?:{phrase.pattern})(?:\s+(?:only|both|just|either|directly))?(?:(?:\s+[\w-]+){{0,2}}:)?\s+(?P<object>{LIST}){_NOT_A_SUBJECT}",
            re.I,
        ),
    )
    for phrase in PHRASES
)

VERB_BEFORE = re.compile(rf"\b(?:{_ANY_VERB})\s+$", re.I)
"""Before a list of names that is the object of the clause before, its last name aside."""
NOT_BUT = re.compile(
    rf"\s*[,(]?\s*\b(?:and\s+)?(?:not|instead\s+of|rather\s+than)\s+(?P<object>{LIST})", re.I
)
"""``uses A, not B``."""
UNTIL = re.compile(r"\s*,?\s*(?:only\s+)?until\b", re.I)

ARROW = re.compile(rf"(?=(?P<subject>{ONE})\s*(?:-+>|=+>|→|⟶)\s*(?P<object>{ONE}))")
"""``edge -> cart -> redis-cart``: found at each arrow, so that a chain is all of its links."""
POSSESSIVE = re.compile(
    rf"({ONE})'s\s+(?:cache|database|db|queue|broker|store|backend)\s+(?:is|lives\s+in)(?:\s+now)?\s+(not\s+|no\s+longer\s+)?",
    re.I,
)
"""``A's cache is B``."""

HEDGED = re.compile(
    r"\b(?:i (?:think|believe|guess|assume|suspect|suppose)|we (?:think|believe|assume)|maybe|probably|perhaps|might|may"
    r"|could|seems?|appears?|apparently|possibly|presumably|supposedly|likely|afaik|iirc|imo|as far as i (?:know|remember|recall)"
    r"|if i (?:recall|remember)(?: correctly)?|not (?:\w+ )?sure,? but|pretty sure|i'm not certain|rumou?r)\b",
    re.I,
)
DOUBTED = re.compile(r"\b(?:don't|do not|didn't|doesn't) (?:think|believe)\b|\bdoubt\b", re.I)
UNTRUE = re.compile(
    r"\b(?:not|isn't|never) (?:true|right|correct|the case) that\b|\b(?:wrong|incorrect|false) that\b",
    re.I,
)
NEGATED = re.compile(
    r"\b(?:no longer|not|never|doesn't|don't|didn't|isn't|aren't|wasn't|weren't|hasn't|haven't|can't|cannot|stopped|used to|does n't)\b",
    re.I,
)
ENDED = re.compile(r"\b(?:any ?more|any longer)\b", re.I)
NOT_YET = re.compile(
    r"\b(?:will|won't|would|going to|plans?|planning|planned|want(?:s|ed)? to|let's|lets|if|whether|unless|suppose"
    r"|wish|proposal|propose|consider(?:ed|ing)?|discussed|tried|should|shouldn't|must|todo|imagine|once|until|before|we (?:should|could|need to|can))\b",
    re.I,
)
QUESTION = re.compile(
    r"^(?:(?:so|and|hey|hi|ok|well|but)[\s,]+)*(?:does|do|did|is|are|was|were|can|could|should|would|will|has|have|who|whose"
    r"|what|why|how|when|where|which|anyone|anybody)\b",
    re.I,
)

"""Whether words in a support channel say that something does not work, or ask about a system.

Precision goes before recall: a complaint that is missed comes again, a thread about nothing costs trust. What is said of the
past, of what may be, or of what works again, is no complaint.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Heard(StrEnum):
    """What words may be."""

    COMPLAINT = "complaint"
    """Something does not work, whatever it is."""
    MAYBE = "maybe"
    """Something does not work, if what is named is one of our systems."""
    QUESTION = "question"
    """A question, if it is about one of our systems."""
    NOTHING = "nothing"


_PEOPLE = (
    r"(?:customers?|users?|clients?|shoppers?|buyers?|merchants?|visitors?|subscribers?|people|everyone|everybody|nobody"
    r"|no ?one|guests?|members?|we|i|they|he|she|some(?:one| people)?|several|many|multiple)"
)
_CANNOT = r"(?:can['’]?t|cannot|can not|could ?n['’]?t|could not|unable to|not able to|no longer able to|can no longer|fail(?:s|ed|ing)? to)"
_ACTIONS = (
    r"(?:log ?-?in|sign ?-?(?:in|up)|log ?on|check ?-?out|pay|order|purchase|buy|search|add (?:\w+ ){0,3}to (?:the |their )?cart"
    r"|place (?:an? |their |any )?orders?|complete (?:the |their |an? )?(?:order|purchase|payment|checkout)|reset (?:\w+ )?passwords?"
    r"|load (?:the )?\w+|open the (?:app|site|website|page|shop)|access (?:the |their )?(?:app|site|website|account|shop|store|dashboard)"
    r"|reach (?:the )?(?:app|site|website|api|shop|store)|register|authenticate|upload|download|submit|save)"
)
_BROKEN = (
    r"(?:down|broken|not (?:working|loading|responding)|unavailable|unresponsive|failing|timing out|stuck|hanging"
    r"|(?:very |super |really |extremely |painfully |so |too )?slow|erroring|crashing|dead|offline)"
)
_FAILS = (
    r"(?:(?:is|are|seems?|looks?|appears?|keeps?|has been|have been|['’]s)\s+(?:to be )?(?:completely |totally |still |all )?"
    + _BROKEN
    + r"|(?:does ?n['’]?t|do ?n['’]?t|is ?n['’]?t|are ?n['’]?t|not|no longer)\s+(?:work(?:ing|s)?|load(?:ing|s)?|respond(?:ing|s)?)"
    r"|(?:times?|timed|timing) out|keeps? (?:crashing|failing|timing out|spinning))"
)
_CODE = (
    r"(?:(?:gives?|giving|gave|returns?|returning|throws?|throwing|shows?|showing|gets?|getting|got|sees?|seeing|responds? with|hits?|hitting)"
    r"(?:\s+\w+){0,3}?\s+(?:https?\s*)?(?:4(?:0[0138]|29)|50[0-4])s?"
    r"(?=\W*$|[.,;:!?)\"']|\s+(?:errors?|on|from|in|at|when|while|for|again|every|since|all|responses?|internal|bad|gateway|service)\b)"
    r"|(?:https?|status|error)[ -]*(?:code[ -]*)?(?:50[0-4]|429)s?\b|\b50[0-4]s? (?:errors?|from|on|in|at)\b)"
)
_ERRORS = (
    r"(?:(?:gets?|getting|sees?|seeing|shows?|showing|reports?|reporting|throws?|throwing)(?:\s+\w+){0,4}?\s+"
    r"(?:errors?|error messages?|exceptions?|time-?outs?|blank (?:page|screen)s?|white (?:page|screen)s?)\b"
    r"|internal server error|bad gateway|gateway time-?out|service unavailable|something went wrong|payments? (?:is|are)? ?(?:failing|declined for)"
    r"|(?:page|site|website|app|shop|store|checkout|login|payment)s? (?:is|are|stays?) (?:down|blank|broken))"
)
_COMPLAINT = re.compile(
    rf"\b{_PEOPLE}\b(?:\s+\w+){{0,4}}?\s+(?:are |is |who )?{_CANNOT}\s+{_ACTIONS}\b|^\W*{_CANNOT}\s+{_ACTIONS}\b"
    rf"|{_CODE}|{_ERRORS}",
    re.IGNORECASE,
)
_MAYBE = re.compile(rf"\b{_FAILS}", re.IGNORECASE)
# Of the past, of what may be, of what is over, and of what is meant to happen.
_NOT_NOW = re.compile(
    r"\b(?:last (?:week|month|year|night|sprint|quarter)|yesterday|back then|in (?:19|20)\d\d|used to|post-?mortem|retro(?:spective)?"
    r"|fixed|resolved|solved|recovered|works? (?:again|now|fine|for me)|working (?:again|now|fine)|back to normal|all good|false alarm"
    r"|never ?mind|nvm|was able to|could reproduce only|if\b|in case|would|should(?! be (?:down|up))|might|imagine|hypothetical\w*"
    r"|what happens when|for example|e\.g\.|test(?:ing|ed)? (?:the |our |an? )|load test|game ?day|drill|maintenance|planned"
    r"|let(?:['’]s| us)|reminder|announc\w+|thanks? (?:for|to)|documentation|docs?\b|blog|article|meeting|lunch|coffee|calendar|vacation|printer)",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"\b(?:who (?:owns|maintains|is (?:on[- ]?call|responsible))|what (?:depends on|does \S+ depend on|changed|was deployed|is running|uses)"
    r"|which (?:version|services?|team|database)|why (?:is|are|does|do|did|was|were)|is (?:there|anything) (?:an? )?(?:issue|problem|incident|outage|wrong)"
    r"|what['’]?s (?:wrong|up|going on|the status)|what is (?:wrong|going on|the status|the (?:memory |cpu )?limit)|when was|where (?:does|is|are)"
    r"|how many (?:replicas|pods|instances)|does \S+ (?:use|depend|run|call|talk)|is \S+ (?:down|up|slow|ok|okay|healthy|deployed|degraded|having))\b",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"^\W*(?:is |are )?any(?:one|body)(?: else)? (?:seeing|getting|having|experiencing)\b",
    re.IGNORECASE,
)
TICKET_NUMBER = re.compile(
    r"(?:\b(?:ticket|case|request)\s*(?:no\.?\s*)?#?\s?(?P<number>\d{2,9})\b|(?<![\w/-])#(?P<hash>\d{3,9})\b"
    r"|\b(?P<key>(?!HTTP-|UTF-|SHA-|ISO-|RFC-|SEV-)[A-Z]{2,8}-\d{1,7})\b)",
    re.IGNORECASE,
)
_MOST_READ = 4_000


def heard(text: str) -> Heard:
    """What a person's words in a support channel are.

    Args:
        text: without markup.
    """
    words = " ".join(text[:_MOST_READ].split())
    asks = words.rstrip(" )!").endswith("?")
    if asks and _QUESTION.search(words) and not _ELSE.match(words):
        return Heard.QUESTION
    if _NOT_NOW.search(words):
        return Heard.NOTHING
    if _COMPLAINT.search(words):
        return Heard.COMPLAINT
    if _MAYBE.search(words) and not asks:
        return Heard.COMPLAINT if ticket_of(words) else Heard.MAYBE
    return Heard.NOTHING


def ticket_of(text: str) -> str:
    """The number of a ticket that a text names; empty when it names none."""
    found = TICKET_NUMBER.search(text)
    return next(filter(None, found.groups()), "") if found else ""

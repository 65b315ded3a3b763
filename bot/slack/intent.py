"""What a person's words ask for: help, a stop, an investigation, or the answer to a question."""

from __future__ import annotations

import re
from enum import StrEnum


class Intent(StrEnum):
    """What is wanted."""

    HELP = "help"
    STOP = "stop"
    REQUEST = "request"
    QUESTION = "question"


_MENTION = re.compile(r"<@[A-Z0-9]{1,30}(?:\|[^<>]{0,200})?>")
_HELP = re.compile(
    r"(hi|hello|hey|help|usage|\?|what can you do\??|how do i use (you|this)\??)[\s!.]*", re.I
)
_ASKS_FOR_REASONS = re.compile(
    r"^\W*(?:why|how|where|what\s+makes)\s+(?:do|would|did|does)?\s*(?:you|we|srebot)\s+(?:think|believe|know|say|claim|assume)\b",
    re.I,
)
"""``why do you think that alerts use redis-errors?``: asks for what srebot knows, whatever words stand in it."""
_STOP = re.compile(
    r"(please\s+)?(stop|cancel|abort|enough)(\s+(it|this|that|now|please|investigating|the investigation))*[\s!.]*",
    re.I,
)
_REQUEST = re.compile(
    r"^\W*((please|can you|could you|hey|srebot)[\s,:]+)*"
    r"(investigat|look (in|at)|dig into|debug|diagnos|triage|troubleshoot|check (what|why|on|out)|find out (why|what)"
    r"|what(['’]?s| is| went| goes)\s+(wrong|broken|failing|up with|going on)"
    r"|why (is|are|do|does|did|was|were|has|have|can['’]?t|cannot)\b[^?]*"
    r"\b(slow|down|fail\w*|broken|crash\w*|restart\w*|high|stuck|unhealthy|error\w*|time\w*\s?out|alert\w*|full|growing|"
    r"oom\w*|degraded|unavailable|lag\w*|spik\w*|log in|work\w*)\b)",
    re.I,
)


def bare(text: str) -> str:
    """The words without mentions."""
    return " ".join(_MENTION.sub(" ", text).split())


def intent_of(text: str) -> Intent:
    """What the words, without their mentions, ask for."""
    words = bare(text)
    if not words or _HELP.fullmatch(words):
        return Intent.HELP
    if _STOP.fullmatch(words):
        return Intent.STOP
    if _ASKS_FOR_REASONS.match(words):
        return Intent.QUESTION
    return Intent.REQUEST if _REQUEST.match(words) else Intent.QUESTION

"""What a reply in an investigation's thread wants: to go on, to look somewhere, to drop a suspicion, to spend more.

Whatever else it says is context. A reply can hold both ("not the backup, look at session-db").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.model import Note
from agent.ports import Directive, Wish

_END = r"(?=[\s.,;:!?)]|$)"
_NAME = r"`?(?P<name>[A-Za-z0-9][\w./-]{1,100})`?"
_POLITE = r"(?:(?:please|ok|okay|so|and|then|now|just|can you|could you)[\s,]+)*"
_GO_ON = re.compile(
    rf"^\W*{_POLITE}(?:continue|go on|keep going|carry on|keep looking|look further|proceed|resume){_END}",
    re.I,
)
_DEEPER = re.compile(
    rf"\b(?:dig deeper|go deeper|look deeper|deep dive|spend more|more budget|raise the budget){_END}"
    r"|(?:^|\s)--?budget[= ]\s*(?P<flag>[\w.]+)|\bbudget(?: of| to| is|:)?\s+(?P<said>\d[\w.]*|deep|quick)\b",
    re.I,
)
_LOOK_AT = re.compile(
    r"\b(?:have a look at|look (?:at|into)|check(?: out)?|investigate|inspect|what about|how about|try)\s+"
    rf"(?:the\s+)?(?:service\s+|job\s+|database\s+|pods? of\s+|logs? of\s+)?{_NAME}",
    re.I,
)
_NOT_IT = re.compile(
    r"(?:^|[.,;!?]\s*|\b(?:no|and|but|sure|it['’]?s|that['’]?s|it is|that is|certainly|definitely)[\s,]+)"
    r"not\s+(?:because of\s+|caused by\s+|due to\s+)?(?:the\s+|a\s+)?"
    r"(?:`?(?P<it>it|that|this|the cause)\b`?|`?(?P<name>[A-Za-z0-9][\w./-]{1,100})`?)",
    re.I,
)
_INNOCENT = re.compile(
    rf"{_NAME}\s+(?:is|was)\s+(?:not the (?:cause|problem|reason|culprit)|innocent|unrelated|a red herring)",
    re.I,
)
_NO_NAMES = frozenset(
    "it that this there again now further deeper everything anything something whether why what when how "  # noqa: SIM905
    "sure yet really always working enough so able going helping only just possible clear true right good "
    "expected relevant related needed important me us them the a an my our your if for on in at with out up".split()
)
"""Words that stand where a name could."""


def directives_in(note: Note) -> tuple[Directive, ...]:
    """The wishes in a reply, in the order: drop, look, deeper, go on.

    ``NOT_IT`` carries the words that name the suspicion (a hypothesis' id, a thing's name), or nothing for the leading
    one; ``LOOK_AT`` the name of the thing; ``DEEPER`` how much, as ``agent.investigation.budget.budget_for`` reads it.
    """
    found = dict.fromkeys(
        Directive(wish=wish, subject=subject, user=note.user, at=note.at)
        for wish, subject in _wishes(note.text)
    )
    return tuple(found)


def _wishes(text: str) -> Iterator[tuple[Wish, str]]:
    for match in _NOT_IT.finditer(text):
        if match["it"]:
            yield Wish.NOT_IT, ""
        elif (name := _name(match["name"])) is not None:
            yield Wish.NOT_IT, name
    for match in _INNOCENT.finditer(text):
        if (name := _name(match["name"])) is not None:
            yield Wish.NOT_IT, name
    for match in _LOOK_AT.finditer(text):
        if (name := _name(match["name"])) is not None:
            yield Wish.LOOK_AT, name
    if (deeper := _DEEPER.search(text)) is not None:
        yield Wish.DEEPER, deeper["flag"] or deeper["said"] or "deep"
    if _GO_ON.search(text):
        yield Wish.GO_ON, ""


def _name(word: str) -> str | None:
    name = word.rstrip("./-")
    return None if len(name) < 2 or name.lower() in _NO_NAMES else name

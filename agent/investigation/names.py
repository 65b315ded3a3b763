"""Names of things: where a text has one, which an object bears, which are plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from agent.investigation.words import words
from agent.model import Case, Check

_IDENTITY_KEYS = words("identity_keys")
_LONGEST = 120
_PLAIN = re.compile(r"(?<![\w./-])[a-z][a-z0-9]+(?![\w-])")
_ENGLISH = re.compile(
    r"(?<![\w-])(?:the|an?|each|every|per|this|that|any|no|all|more|fewer|new|old|its|their)\s$"
)
"""Before a plain word: it is that word, not the thing that is called so."""
_KIND = re.compile(
    r"\s(?:service|pods?|deployment|statefulset|workload|cron ?job|job|container|database|queue|node)\b"
)
_TAG = re.compile(r"\b(?:service|host|pod_name|kube_deployment|container_name):([\w.-]+)")


def is_named(name: str, text: str) -> bool:
    """Whether a text has this very name, not a longer one that holds it."""
    start = text.find(name)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(name) : start + len(name) + 2]
        glued = after[:1].isalnum() or after[:1] in ("-", "_")
        dotted = after[:1] == "." and after[1:2].isalnum()
        joined = bool(before) and (before.isalnum() or before in "-_.")
        if not joined and not glued and not dotted:
            return True
        start = text.find(name, start + 1)
    return False


def occurs(name: str, text: str) -> bool:
    """Whether a text has the name, or one that begins or ends with it at a separator (a pod's has its workload's)."""
    start = text.find(name)
    while start >= 0:
        before = text[start - 1 : start] if start else ""
        after = text[start + len(name) : start + len(name) + 1]
        if not before.isalnum() and not (after.isalnum() or after == "_"):
            return True
        start = text.find(name, start + 1)
    return False


def names_of(node: dict[str, Any]) -> frozenset[str]:
    """The names by which an object of an answer is known, lower case."""
    return _as_names(v for k, v in node.items() if k in _IDENTITY_KEYS)


def tags_of(node: dict[str, Any]) -> frozenset[str]:
    """What an object of an answer is tagged with, or what sort of event it is, lower case."""
    tags = node.get("tags")
    values = tags.values() if isinstance(tags, dict) else ()
    return _as_names((*values, node.get("reason")))


def known_names(case: Case) -> frozenset[str]:
    """The names of things around a case that are plain words, such as ``cart``, or several of them."""
    keys = (key for r in case.relations for key in (r.source, r.target))
    names = {e.name for e in case.entities} | {key.rpartition("/")[2] for key in keys}
    return frozenset(n for n in names if " " in n or _PLAIN.fullmatch(n))


def plain_names(sentence: str, known: frozenset[str]) -> list[str]:
    """Those of the known plain names that a sentence uses as names."""
    if not known:
        return []
    said = [m for m in _PLAIN.finditer(sentence) if m[0] in known and _means_name(m, sentence)]
    return sorted({m[0] for m in said} | {n for n in known if " " in n and n in sentence})


def subjects_of(check: Check) -> tuple[frozenset[str], str]:
    """What a check asks about, lower case, and what it asks with that left out: equal for the same look at another thing,
    over however long a time."""
    query = str(check.arguments.get("query") or "")
    named = frozenset(m.lower() for m in _TAG.findall(query)) | names_of(check.arguments)
    rest = {
        k: v
        for k, v in check.arguments.items()
        if isinstance(v, str) and k not in _IDENTITY_KEYS and k != "query"
    }
    return named, f"{check.tool} {sorted(rest.items())} {_TAG.sub('', query)}"


def _means_name(match: re.Match[str], sentence: str) -> bool:
    if _KIND.match(sentence, match.end()) is not None:
        return True
    return _ENGLISH.search(sentence[: match.start()].lower()) is None


def _as_names(values: Iterable[Any]) -> frozenset[str]:
    texts = (str(v).rpartition("/")[2].lower() for v in values if isinstance(v, str))
    return frozenset(t for t in texts if 2 < len(t) <= _LONGEST and " " not in t)

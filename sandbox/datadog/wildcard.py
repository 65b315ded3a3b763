"""Datadog's wildcards: ``*`` for any characters, ``?`` for one."""

from __future__ import annotations

import re
from functools import lru_cache

_PARTS = {"*": ".*", "?": "."}


@lru_cache(maxsize=1024)
def wildcard_pattern(text: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """A regular expression for ``text``, in which everything but the wildcards is literal."""
    pattern = "".join(_PARTS.get(character) or re.escape(character) for character in text)
    return re.compile(pattern, re.DOTALL | (re.IGNORECASE if ignore_case else 0))

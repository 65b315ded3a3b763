"""How much a line of an answer tells, when not all of them can be shown."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from importlib.resources import files

import yaml

_LISTS: dict[str, str] = yaml.safe_load(
    files(__package__).joinpath("relevance.yaml").read_text(encoding="utf-8")
)
_PATTERNS = {
    name: re.compile("|".join(re.escape(w.replace("_", " ")) for w in text.split()))
    for name, text in _LISTS.items()
}
_WORTH = {"serious": 3.0, "changed": 2.0, "dull": -2.0}
_NAMED = 1.5
_COUNTED = re.compile(r"^(\d+) x \[")
"""How observations write the templates of log lines."""


def worth(line: str, terms: Collection[str] = ()) -> float:
    """Higher for words of trouble and change, for names in ``terms`` (lower case), and for what is rare in a log."""
    low = line.lower()
    found = sum(w for name, w in _WORTH.items() if _PATTERNS[name].search(low))
    found += _NAMED * any(term in low for term in terms)
    counted = _COUNTED.match(line)
    return found - (math.log10(int(counted[1]) + 1) if counted else 0.0)

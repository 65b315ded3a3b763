"""Text from outside in a terminal."""

from __future__ import annotations

import re

from rich import markup

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def escape(text: str) -> str:
    """Text from outside as it stands: it marks nothing up and does nothing to the terminal."""
    return markup.escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))

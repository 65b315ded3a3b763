"""Slack's emoji short codes (``:eyes:``) as Unicode characters."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

SHORT_CODE = re.compile(r":([a-z0-9_+'-]{1,60}):(?::skin-tone-[2-6]:)?")


@cache
def emoji_table() -> dict[str, str]:
    """Short code (without colons) -> character(s); the common part of Slack's own set."""
    raw = (files(__package__) / "data" / "emoji.json").read_text(encoding="utf-8")
    table: dict[str, str] = json.loads(raw)
    return table


def emoji(short_code: str) -> str | None:
    """The character of a short code; None where it is not one of ours (a custom emoji, say)."""
    return emoji_table().get(short_code.split("::", 1)[0])


def replace_short_codes(text: str) -> str:
    """Plain text with every known short code replaced; unknown ones stay as typed."""
    return SHORT_CODE.sub(lambda match: emoji(match[1]) or match[0], text)

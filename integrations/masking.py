"""Settings without their secrets: passwords in DSNs, and values of variables that are named like secrets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from agent.redaction import MARK, redact
from integrations.text import raw

_SECRET_NAME = re.compile(
    r"(?i)pass(?:word|wd|phrase)|rediscli_auth$|(?:^|[_.-])(pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|private_?key|access_?key|signing_?key|credentials?)(?:$|[_.-])"
)


def mask_text(text: str) -> str:
    """The text with passwords, tokens and keys replaced."""
    return redact(text)


async def evidence(answer: Any) -> str:
    """A vendor's answer as text to be kept, secrets struck; worked out off the event loop, for it may be large."""
    return await asyncio.to_thread(lambda: redact(raw(answer)))


def mask_setting(name: str, value: str) -> str:
    """A setting's value as it may be shown; numbers are no secrets (``TOKEN_TTL_SECONDS``)."""
    if _SECRET_NAME.search(name) and value and not value.isdigit():
        return MARK
    return redact(value)


def mask_settings(values: Mapping[str, object]) -> dict[str, str]:
    """All values as they may be shown."""
    return {name: mask_setting(name, str(value)) for name, value in values.items()}

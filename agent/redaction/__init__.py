"""Strikes secrets and personal data out of text and data before they are stored, logged, posted or shown to a model.

It knows the shapes that they commonly have; it is a last net, not a licence to fetch them. Linear in the text, and redacting twice
changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from agent.redaction import detectors, secrets
from agent.redaction.personal import is_address, redact_personal
from agent.redaction.secrets import MARK, means_a_secret

__all__ = ["MARK", "redact", "redact_data", "redact_personal"]

_SHORT = 200
"""Characters of the texts that come again and again: names, labels, sentences."""
_REMEMBERED = 10_000


def redact(text: str) -> str:
    """The text with whatever looks like a secret or personal data replaced, by ``[redacted]`` or by what it was."""
    return _redacted_before(text) if len(text) <= _SHORT else _redacted(text)


def _redacted(text: str) -> str:
    lower = text.lower()
    text = secrets.strike(text, lower)
    return redact_personal(detectors.strike(text, lower, MARK))


_redacted_before = lru_cache(_REMEMBERED)(_redacted)


def redact_data(data: Any) -> Any:
    """JSON-like data with its secrets replaced: by the shape of a text, and by the name that it stands under.

    References to secrets (the name of a Kubernetes Secret and a key in it) are kept: they are not secret. So is the e-mail address
    under ``email``: that of an engineer in a directory, by which who is on call is known at two vendors.
    """
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, Mapping):
        return {key: _redact_field(str(key), value, data) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [redact_data(item) for item in data]
    return data


def _redact_field(key: str, value: Any, siblings: Mapping[str, Any]) -> Any:
    named = str(siblings.get("name", "")) if key == "value" else key
    if key == "email" and isinstance(value, str) and is_address(value):
        return value
    if not means_a_secret(named):
        return redact_data(value)
    if isinstance(value, str):
        return MARK if value else value
    if isinstance(value, Mapping) and isinstance(value.get("value"), str):
        return {**redact_data(value), "value": MARK}
    return redact_data(value)

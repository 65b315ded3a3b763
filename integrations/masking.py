"""Settings without their secrets: passwords in DSNs, and values of variables that are named like secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping

MASK = "[redacted]"
_DSN_PASSWORD = re.compile(r"(?<=://)([^\s:/@]*):([^\s@/]+)@")
_KEYWORD_PASSWORD = re.compile(
    r"(?i)\b(password|passwd|pwd|secret|token|api[_-]?key)(\s*[=:]\s*)(\"[^\"]+\"|'[^']+'|[^\s,;&\"']+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{12,}")
_KNOWN_KEYS = re.compile(
    r"\b(?:xox[abposr]-[\w-]{8,}|AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|sk-[\w-]{20,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)"
)
_SECRET_NAME = re.compile(
    r"(?i)(?:^|[_.-])(pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|private_?key|access_?key|signing_?key|credentials?)(?:$|[_.-])"
)


def mask_text(text: str) -> str:
    """The text with passwords, tokens and keys replaced."""
    text = _DSN_PASSWORD.sub(rf"\1:{MASK}@", text)
    text = _KEYWORD_PASSWORD.sub(rf"\1\2{MASK}", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    return _KNOWN_KEYS.sub(MASK, text)


def mask_setting(name: str, value: str) -> str:
    """A setting's value as it may be shown."""
    if _SECRET_NAME.search(name) and value and not value.isdigit():
        return MASK
    return mask_text(value)


def mask_settings(values: Mapping[str, str]) -> dict[str, str]:
    """All values as they may be shown."""
    return {name: mask_setting(name, str(value)) for name, value in values.items()}

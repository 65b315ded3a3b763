"""Strikes secrets out of text and data before they are stored, logged or shown to a model.

It knows the shapes that secrets commonly have; it is a last net, not a licence to fetch them. Linear in the text, and
redacting twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

MARK = "[redacted]"
_SHORT = 200
"""Characters of the texts that come again and again: names, labels, sentences."""
_REMEMBERED = 10_000

_PASSWORDS = r"pass(?:word|wd|phrase)"
"""Words that mean a secret at the end of any other: ``dbPassword``, ``PGPASSWORD``."""
_WORDS = (
    rf"(?:{_PASSWORDS}|pwd|(?:auth|access|refresh|bearer|session|id|api|bot|app)[_-]?token"
    r"|api[_-]?key|app(?:lication)?[_-]?key|access[_-]?key(?:[_-]?id)?|secret[_-]?key|private[_-]?key"
    r"|client[_-]?secret|signing[_-]?secret|credentials?)"
)
_QUOTED = r'\\?"(?:[^"\\\n]|\\[^"\n])*\\?"'
_VALUE = rf"(?P<value>{_QUOTED}|'[^'\n]*'|[^\s,;&\"'\\}}\])]+)"


def _keep_quotes(match: re.Match[str]) -> str:
    quote = re.match(r"\\?[\"']?", match["value"])
    mark = f"{quote[0]}{MARK}{quote[0]}" if quote else MARK
    return match[1] + mark


class _Rule(NamedTuple):
    hints: tuple[str, ...]
    """Lower-case words: a text that holds none of them need not be searched."""
    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]


_RULES = (
    _Rule(
        ("private key",),
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]{0,20000}(?:-----END [A-Z ]*PRIVATE KEY-----)?"
        ),
        MARK,
    ),
    _Rule(  # the password of a URL
        ("://",),
        re.compile(r"(?<=://)([^\s:/@\"'<>]{0,200}):[^\s/\"'<>]{1,500}@"),
        rf"\1:{MARK}@",
    ),
    _Rule(  # a token in place of a user, as Git's hosts take it
        ("://",),
        re.compile(r"(?i)(https?://)(?!\[)[^\s:/@\"'<>]{12,200}@"),
        rf"\1{MARK}@",
    ),
    _Rule(  # DSNs of Go's MySQL driver: user:password@tcp(host)
        ("@tcp(", "@unix("),
        re.compile(r"(?<![^\s\"'=])([\w.-]{1,64}):[^\s\"'<>]{1,200}@(tcp|unix)\("),
        rf"\1:{MARK}@\2(",
    ),
    _Rule(
        ("bearer", "basic"),
        re.compile(r"(?i)\b(bearer|basic)\s+(?!\[)[A-Za-z0-9._~+/-]{8,}=*"),
        rf"\1 {MARK}",
    ),
    _Rule(  # keys and tokens that begin in a way of their own
        (
            "xox",
            "xapp-",
            "sk-",
            "gh",
            "github_pat_",
            "glpat-",
            "akia",
            "asia",
            "aiza",
            "eyj",
            "pdu",
            "_live_",
            "_test_",
            "whsec_",
            "npm_",
            "hf_",
            "sg.",
        ),
        re.compile(
            r"\b(?:xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|sk-[A-Za-z0-9_-]{16,}"
            r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}"
            r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}"
            r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
            r"|pdus?\+_[A-Za-z0-9_+-]{10,}|[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{16,}"
            r"|npm_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{30,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})+"
        ),
        MARK,
    ),
    _Rule(
        ("hooks.slack.com",),
        re.compile(r"(https://hooks\.slack\.com/(?:services|workflows)/)[A-Za-z0-9/_-]+"),
        rf"\1{MARK}",
    ),
    _Rule(  # {"name": "DB_PASSWORD", "value": "..."} as Kubernetes writes environment variables
        ('"value"',),
        re.compile(
            rf'(?i)("name"\s*:\s*"[\w.-]{{0,100}}(?:{_WORDS}|_secret|_token)"\s*,\s*"value"\s*:\s*)'
            rf'(?!"\[redacted\]){_QUOTED}'
        ),
        rf'\1"{MARK}"',
    ),
    _Rule(  # a block of YAML
        ("passw", "passphrase", "secret", "token"),
        re.compile(
            rf"(?i)((?:{_PASSWORDS}|_secret|_token)[\"']?:[ \t]{{0,4}}[|>][+-]?[ \t]{{0,4}}\n[ \t]{{1,40}})(?!\[)\S+"
        ),
        rf"\1{MARK}",
    ),
    _Rule(
        ("passw", "passphrase", "pwd", "token", "key", "secret", "credential"),
        re.compile(
            rf"(?i)((?:(?<![A-Za-z]){_WORDS}|{_PASSWORDS})\b\\?[\"']?\s{{0,4}}[=:]\s{{0,4}})"
            rf"(?!\\?[\"']?\[redacted\]|[\[{{]|null\b){_VALUE}"
        ),
        _keep_quotes,
    ),
    _Rule(  # keys of Azure's connection strings
        ("accountkey=", "sharedaccesskey="),
        re.compile(r"(?i)\b(AccountKey|SharedAccessKey)=(?!\[)[^\s;\"']+"),
        rf"\1={MARK}",
    ),
    _Rule(  # environment variables as YAML writes them
        ("_secret", "_token", "_pass", "_key_base"),
        re.compile(
            rf"(\b[A-Z0-9]+(?:_[A-Z0-9]+){{0,8}}_(?:TOKEN|SECRET|PASS|KEY_BASE)\\?[\"']?\s?:\s?)"
            rf"(?!\\?[\"']?\[redacted\]|[\[{{|>]|null\b|(?:\d+|true|false)\b){_VALUE}"
        ),
        _keep_quotes,
    ),
    _Rule(  # passwords on the command lines of well-known clients
        ("redis-cli", "mysql", "curl"),
        re.compile(
            r"(\bredis-cli\b(?: (?!-a )[^\s|;]{1,80}){0,8}? -a |\bmysql(?:dump|admin)?(?: (?!-p)[^\s|;]{1,80}){0,8}? -p"
            r"|\bcurl(?: (?!-u |--user )[^\s|;]{1,80}){0,8}? (?:-u|--user) [^\s:]{1,80}:)(?!\[)[^\s\"']+"
        ),
        rf"\1{MARK}",
    ),
    _Rule(  # words too common to go by without an equals sign
        ("token", "secret", "_pass", "_auth"),
        re.compile(
            rf"(?i)(\b(?:token|secret|[A-Z0-9]+_(?:token|secret|pass|auth))\s?=\s?)"
            rf"(?!\[redacted\]|(?:\d+|true|false)\b){_VALUE}"
        ),
        _keep_quotes,
    ),
    _Rule(  # words of command lines and of redis.conf, whose value follows after a space
        ("--", "requirepass", "masterauth"),
        re.compile(
            rf"(?i)((?:--(?:[a-z]{{1,20}}-)?(?:{_PASSWORDS}|token|secret|api-key)"
            rf"|\b(?:requirepass|masterauth))[ \t]{{1,4}})(?!-|\\?[\"']?\[redacted\]){_VALUE}"
        ),
        _keep_quotes,
    ),
    _Rule(
        ("authorization",),
        re.compile(
            r"(?i)(authorization\\?[\"']?\s{0,4}[=:]\s{0,4}\\?[\"']?(?:token|apikey)\s{1,4})(?!\[|token=)[^\s\"']{6,}"
        ),
        rf"\1{MARK}",
    ),
)
_SECRET_NAME = re.compile(
    rf"(?i)(?:^|[_.-]){_WORDS}$|{_PASSWORDS}$|_(?:secret|token|auth|pass)$|^(?:token|authorization)$"
)


def redact(text: str) -> str:
    """The text with whatever looks like a secret replaced by ``[redacted]``."""
    return _redacted_before(text) if len(text) <= _SHORT else _redacted(text)


def _redacted(text: str) -> str:
    lower = text.lower()
    for rule in _RULES:
        if any(hint in lower for hint in rule.hints):
            text = rule.pattern.sub(rule.replacement, text)
    return text


_redacted_before = lru_cache(_REMEMBERED)(_redacted)


@lru_cache(_REMEMBERED)
def _means_a_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def redact_data(data: Any) -> Any:
    """JSON-like data with its secrets replaced: by the shape of a text, and by the name that it stands under.

    References to secrets (the name of a Kubernetes Secret and a key in it) are kept: they are not secret.
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
    if not _means_a_secret(named):
        return redact_data(value)
    if isinstance(value, str):
        return MARK if value else value
    if isinstance(value, Mapping) and isinstance(value.get("value"), str):
        return {**redact_data(value), "value": MARK}
    return redact_data(value)

"""The shapes of secrets that we know ourselves: in settings, URLs, headers, command lines, and keys that begin in a way of their own.

Linear in the text. What a kept library knows beside is in ``detectors``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

MARK = "[redacted]"

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
    _Rule(  # a key as PuTTY keeps it
        ("private-lines:",),
        re.compile(r"(Private-Lines: \d{1,4}\r?\n)(?:[A-Za-z0-9+/=]{4,80}\r?\n?){1,200}"),
        rf"\1{MARK}\n",
    ),
    _Rule(  # the password of a URL
        ("://",),
        re.compile(r"(?<=://)([^\s:/@\"'<>]{0,200}):(?!\[redacted\]@)[^\s/\"'<>]{1,500}@"),
        rf"\1:{MARK}@",
    ),
    _Rule(  # a token in place of a user, as Git's hosts take it
        ("://",),
        re.compile(r"(?i)(https?://)(?!\[)[^\s:/@\"'<>]{12,200}@"),
        rf"\1{MARK}@",
    ),
    _Rule(  # Artifactory's older keys: a short beginning, so the product's name has to stand before them
        ("artif", "jfrog", "buildkit"),
        re.compile(
            r"((?i:artif|jfrog|buildkit)[^\n]{0,40}?\n?[^\n]{0,20}?[\s=:\"])AP[0-9A-F][a-zA-Z0-9]{8,200}(?![\w-])"
        ),
        rf"\1{MARK}",
    ),
    _Rule(  # a Telegram bot's token begins with its number
        (":aa",),
        re.compile(r"(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{33}(?![\w-])"),
        MARK,
    ),
    _Rule(  # npm's settings of a registry
        (":_auth",),
        re.compile(r"(:_auth(?:Token)?=[ \t]{0,4})(?!\[|\$)[^\s\"']+"),
        rf"\1{MARK}",
    ),
    _Rule(  # DSNs of Go's MySQL driver: user:password@tcp(host)
        ("@tcp(", "@unix("),
        re.compile(r"(?<![^\s\"'=])([\w.-]{1,64}):(?!\[redacted\]@)[^\s\"'<>]{1,200}@(tcp|unix)\("),
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
            "gldt-",
            "glft-",
            "glrt-",
            "glsoat-",
            "glcbt-",
            "glptt-",
            "glimt-",
            "glagent-",
            "gloas-",
            "pypi-",
            "akc",
            "sq0",
            "dop_v1_",
            "hvs.",
            "gocspx-",
            "dckr_pat_",
            "shpat_",
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
            r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|gl(?:pat|dt|ft|rt|soat|cbt|ptt|imt|agent|oas)-[A-Za-z0-9_-]{16,}"
            r"|AKC[A-Za-z0-9]{50,}|pypi-AgE[A-Za-z0-9_-]{50,}|sq0[a-z]{3}-[A-Za-z0-9_\\-]{22,}|dop_v1_[a-f0-9]{64}|hvs\.[A-Za-z0-9_-]{24,}"
            r"|GOCSPX-[A-Za-z0-9_-]{20,}|dckr_pat_[A-Za-z0-9_-]{20,}|shpat_[a-f0-9]{32}"
            r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}"
            r"|eyJ[A-Za-z0-9_-]{8,}\.(?:eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?|[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"
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


def strike(text: str, lower: str) -> str:
    """The text with the secrets replaced that our own rules know; ``lower`` is the text in lower case."""
    for rule in _RULES:
        if any(hint in lower for hint in rule.hints):
            text = rule.pattern.sub(rule.replacement, text)
    return text


@lru_cache(10_000)
def means_a_secret(name: str) -> bool:
    """Whether what stands under such a name is a secret: ``DB_PASSWORD``, ``apiKey``."""
    return _SECRET_NAME.search(name) is not None

"""Secrets and personal data before the redaction, made up and public: ``python -m benchmarks redaction [--cases DIR]``.

``DIR`` is a checkout's ``tests/plugins`` of Yelp/detect-secrets. Its tests are read, never run: a payload counts as found when
anything of it is struck. What is made up here is random in form and stands in seven carriers under names that tell nothing.
"""

from __future__ import annotations

import ast
import random
import re
import string
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from agent.redaction import redact
from benchmarks.figure import Figure

_SEED = 20261125
_EACH = 20
"""Values of a kind, each in every carrier."""
_REPOSITORY = Path(__file__).parents[1]
_CLEAN = ("sandbox/**/*.yaml", "deploy/**/*.yaml", "evals/**/*.yaml")
_CARRIERS = {
    "environment": "UPSTREAM={}",
    "JSON": '{{"upstream": "{}", "n": 1}}',
    "YAML": "upstream: {}",
    "URL": "https://shop.example/cart?x={}&y=1",
    "header": "X-Upstream: {}",
    "log line": "2026-11-25T03:00:00Z ERROR cart: cannot use {} (attempt 3)",
    "command line": "sync --upstream {} --verbose",
}
_WORD = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_FORMS = {
    "AWS access key id": "AKIA{U16}",
    "GitHub token": "ghp_{w36}",
    "GitHub fine-grained token": "github_pat_{w22}_{w59}",
    "GitLab token": "glpat-{w20}",
    "Slack bot token": "xoxb-{d12}-{d12}-{w24}",
    "Stripe key": "sk_live_{w24}",
    "SendGrid key": "SG.{w22}.{w43}",
    "Twilio key": "SK{h32}",
    "npm token": "npm_{w36}",
    "PyPI token": "pypi-AgEIcHlwaS5vcmc{w80}",
    "Square secret": "sq0csp-{w43}",
    "Mailchimp key": "{h32}-us{d1}",
    "Telegram token": "{n9}:AA{w33}",
    "JSON web token": "eyJ{w30}.eyJ{w60}.{w43}",
    "Google API key": "AIza{w35}",
    "OpenAI key": "sk-proj-{w48}",
    "Hugging Face token": "hf_{w34}",
    "DigitalOcean token": "dop_v1_{h64}",
    "Vault token": "hvs.{w90}",
    "Docker token": "dckr_pat_{w27}",
    "Artifactory key": "AKC{w60}",
    "password in a DSN": "postgres://app:{w16}@db:5432/main",
    "private key": "-----BEGIN PRIVATE KEY-----{w200}-----END PRIVATE KEY-----",
    "e-mail address": "{a8}.{a8}@{a8}.com",
    "telephone number": "+4420794{n5}",
}
_PLACE = re.compile(r"\{([A-Za-z])(\d+)\}")
_ALPHABETS = {
    "w": _WORD,
    "U": string.ascii_uppercase + string.digits,
    "h": _HEX,
    "d": string.digits,
}
_ALPHABETS |= {"n": "123456789", "a": string.ascii_lowercase}


class Case(NamedTuple):
    """A payload of a public test."""

    kind: str
    text: str
    is_secret: bool


def measure(cases: Path | None = None) -> list[Figure]:
    """Shares missed and struck in error, and the time for 1 MB of log."""
    made = [*_missed(random.Random(_SEED))]
    missed = [Figure(f"made up, {kind}: missed", share, "%", 0) for kind, share in made]
    return [*missed, *_clean(), _seconds(), *(_public(cases) if cases else ())]


def _missed(chance: random.Random) -> Iterator[tuple[str, float]]:
    makers: dict[str, Callable[[], str]] = {
        kind: lambda form=form: _filled(form, chance)  # type: ignore[misc]
        for kind, form in _FORMS.items()
    }
    makers["card number"] = lambda: _card(chance)
    makers["IBAN"] = lambda: _iban(chance)
    for kind, make in makers.items():
        tried = [(value, _CARRIERS[c].format(value)) for c in _CARRIERS for value in _some(make)]
        yield kind, 100 * sum(value in redact(text) for value, text in tried) / len(tried)


def _some(make: Callable[[], str]) -> list[str]:
    return [make() for _ in range(_EACH)]


def _filled(form: str, chance: random.Random) -> str:
    return _PLACE.sub(lambda m: "".join(chance.choices(_ALPHABETS[m[1]], k=int(m[2]))), form)


def _card(chance: random.Random) -> str:
    body = _filled("4{d14}", chance)
    doubled = [int(d) if place % 2 else sum(divmod(2 * int(d), 10)) for place, d in enumerate(body)]
    return f"{body}{-sum(doubled) % 10}"


def _iban(chance: random.Random) -> str:
    account = _filled("{d18}", chance)
    return f"DE{98 - int(f'{account}131400') % 97:02}{account}"


def _clean() -> list[Figure]:
    files = [p for pattern in _CLEAN for p in sorted(_REPOSITORY.glob(pattern))]
    lines = [line for p in files for line in p.read_text().splitlines() if "@" not in line]
    struck = [line for line in lines if redact(line) != line]
    ids = [*_ids(random.Random(_SEED))]
    wrong = [text for text in ids if redact(text) != text]
    return [
        Figure(f"{len(lines):,} lines of manifests, scenarios and logs: struck", len(struck), ""),
        Figure(f"{len(ids):,} log lines of ids, times and digests: struck", len(wrong), "", 0),
    ]


def _ids(chance: random.Random) -> Iterator[str]:
    forms = (
        "trace_id={h32} span_id={h16} took {d3} ms",
        "pull registry.example/shop@sha256:{h64} at 2026-11-25T03:00:{d2}.{d6}Z",
        "10.{d2}.{d2}.{d2}:8080 user {h8}-{h4}-4{h3}-a{h3}-{h12} 200 +{d7} bytes",
        "message 17640{d8}.{d6} in C{U8} by U{U8}, offset {d9}",
        "pod cart-{h10}-{a5} rev {h40} lag {d12}",
        'dd.trace_id={d19} sum(rate(http_requests_total{{pod=~"cart-.*"}}[5m])) {d5}',
    )
    for form in forms:
        yield from (_filled(form, chance) for _ in range(500))


def _seconds() -> Figure:
    lines: list[str] = []
    chance = random.Random(_SEED)
    line = "2026-11-25T03:00:{d2}Z INFO cart trace_id={h32} GET /items?limit=5 status=200 duration_ms={d3}\n"
    while len(lines) * len(line) < 1_000_000:
        lines.append(_filled(line, chance))
    text = "".join(lines)[:1_000_000]
    redact(text)
    started = time.process_time()
    redact(text)
    return Figure("1 MB of log", time.process_time() - started, "s", 1.0)


def _public(folder: Path) -> list[Figure]:
    found = [case for p in sorted(folder.glob("*_test.py")) for case in cases_of(p)]
    if not found:
        sys.stderr.write(f"redaction: {folder} holds no tests of detect-secrets.\n")
    figures = []
    for kind in sorted({case.kind for case in found}):
        ours = [case for case in found if case.kind == kind]
        secret = [case for case in ours if case.is_secret]
        missed = sum(redact(case.text) == case.text for case in secret)
        others = len(ours) - len(secret)
        wrong = sum(redact(c.text) != c.text for c in ours if not c.is_secret)
        figures.append(Figure(f"public, {kind}: missed of {len(secret)}", missed, ""))
        figures.append(Figure(f"public, {kind}: struck of {others} harmless", wrong, ""))
    return figures


def cases_of(path: Path) -> list[Case]:
    """The payloads of the parametrized tests in a file that are literals; those worked out by code are left out."""
    cases = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "parametrize":
            rows = node.args[1] if len(node.args) > 1 else None
            if isinstance(rows, ast.List | ast.Tuple):
                cases += [case for row in rows.elts if (case := _case(path, row))]
    return cases


def _case(path: Path, row: ast.expr) -> Case | None:
    try:
        value = ast.literal_eval(row)
    except ValueError:
        return None
    fields = value if isinstance(value, tuple) else (value,)
    flags = [f for f in fields[1:] if isinstance(f, bool | int)]
    if not fields or not isinstance(fields[0], str):
        return None
    return Case(path.stem.removesuffix("_test"), fields[0], bool(flags[-1]) if flags else True)

"""How a sender proves that a request is its own. Every comparison takes the same time whatever differs."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

REPLAY_SECONDS = 300.0
"""How old a signed time may be, or how far ahead of ours."""
DATADOG_HEADER = "x-srebot-secret"
PAGERDUTY_HEADER = "x-pagerduty-signature"
GRAFANA_HEADER = "x-grafana-alerting-signature"
GRAFANA_TIMESTAMP_HEADER = "x-grafana-alerting-signature-timestamp"
_PAGERDUTY_VERSION = "v1="
_MOST_SIGNATURES = 10


class Sender(StrEnum):
    """Who may send alerts."""

    DATADOG = "datadog"
    PAGERDUTY = "pagerduty"
    ALERTMANAGER = "alertmanager"
    GRAFANA = "grafana"


def is_genuine(
    sender: Sender, secret: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> bool:
    """Whether a request is the sender's own.

    Args:
        sender: who it claims to be.
        secret: what only the sender and srebot know.
        headers: of the request, names in lower case.
        body: byte by byte as it came; signatures are of exactly these bytes.
        now: the present, for signed times.
    """
    match sender:
        case Sender.DATADOG:
            return _same(headers.get(DATADOG_HEADER, ""), secret)
        case Sender.PAGERDUTY:
            return _signed_by_pagerduty(secret, headers.get(PAGERDUTY_HEADER, ""), body)
        case Sender.ALERTMANAGER:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            return scheme.lower() == "bearer" and _same(token.strip(), secret)
        case Sender.GRAFANA:
            return _signed_by_grafana(secret, headers, body, now)


def _signed_by_pagerduty(secret: str, header: str, body: bytes) -> bool:
    """Several signatures, one per secret, stand side by side while a secret is replaced."""
    expected = _digest(secret, body)
    given = [part.strip() for part in header.split(",")[:_MOST_SIGNATURES]]
    matches = [
        _same(part.removeprefix(_PAGERDUTY_VERSION), expected)
        for part in given
        if part.startswith(_PAGERDUTY_VERSION)
    ]
    return any(matches)


def _signed_by_grafana(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """With a timestamp header, the time is signed as well: ``<unix seconds>:<body>``."""
    signature = headers.get(GRAFANA_HEADER, "").strip()
    moment = headers.get(GRAFANA_TIMESTAMP_HEADER, "").strip()
    if not moment:
        return _same(signature, _digest(secret, body))
    fresh = _is_fresh(moment, now)
    return _same(signature, _digest(secret, moment.encode() + b":" + body)) and fresh


def _is_fresh(moment: str, now: datetime) -> bool:
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
        return False
    return abs(now.timestamp() - int(moment)) <= REPLAY_SECONDS


def _digest(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _same(given: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())

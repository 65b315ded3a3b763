"""How each sender proves itself to the receiver of its webhook."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from sandbox.slack.senders import Sender

SECRETS: Mapping[Sender, str] = MappingProxyType(
    {
        "datadog": "sandbox-webhook-datadog",
        "pagerduty": "sandbox-webhook-pagerduty",
        "alertmanager": "sandbox-webhook-alertmanager",
        "grafana": "sandbox-webhook-grafana",
    }
)
"""Published secrets of a simulated company."""


def digest(secret: str, body: bytes) -> str:
    """HMAC SHA-256 in hexadecimal digits."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def headers(sender: Sender, secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that prove that ``body`` is the sender's own.

    Datadog sends a custom header, PagerDuty signs the body
    (https://developer.pagerduty.com/docs/verifying-webhook-signatures), Alertmanager sends a bearer token
    (``http_config.authorization``), Grafana signs ``<unix seconds>:<body>`` once its timestamp header is set.
    """
    match sender:
        case "datadog":
            return {"X-Srebot-Secret": secret}
        case "pagerduty":
            return {"X-PagerDuty-Signature": f"v1={digest(secret, body)}"}
        case "alertmanager":
            return {"Authorization": f"Bearer {secret}"}
        case "grafana":
            moment = str(int(now.timestamp()))
            return {
                "X-Grafana-Alerting-Signature": digest(secret, moment.encode() + b":" + body),
                "X-Grafana-Alerting-Signature-Timestamp": moment,
            }

"""Datadog's webhook with the payload template that srebot's manual gives (docs/webhooks.md).

https://docs.datadoghq.com/integrations/webhooks/
"""

from __future__ import annotations

import zlib
from typing import Any

from sandbox.slack.senders import AlertPost
from sandbox.slack.senders.datadog import WORDS


def payload(alert: AlertPost) -> dict[str, Any]:
    """The template with its variables filled in; one that has no value keeps its name, as Datadog does it."""
    word, _ = WORDS[alert.state]
    group = f" on {{{alert.group}}}" if alert.group else ""
    boxes = [f"[{alert.severity}]"] if alert.severity else []
    boxes.append(f"[{word}{group}]")
    monitor = alert.monitor_id or str(zlib.crc32(alert.title.encode()))
    event = zlib.crc32(f"{monitor}{alert.state}{alert.at.isoformat()}".encode())
    scope = [tag for tag in alert.tags if tag.startswith(("service:", "env:"))]
    return {
        "id": str(event << 20),
        "title": " ".join([*boxes, alert.title]),
        "transition": word,
        "monitor_id": monitor,
        "scope": ",".join(scope) or "$ALERT_SCOPE",
        "priority": alert.severity or "$ALERT_PRIORITY",
        "tags": ",".join(sorted({*alert.tags, "monitor"})),
        "date": str(int(alert.at.timestamp() * 1000)),
        "link": alert.link,
        "text": alert.text,
    }

"""What is read over the wire during a play: the bot's records as JSON, and the company's Slack."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

_POLL_SECONDS = 0.25
_TIMEOUT_SECONDS = 20.0
_READER = "U0ENGINEER"
_BUSY = ("running", "applying")


class Records:
    """The bot's investigations, from its pages."""

    def __init__(self, pages: str) -> None:
        self._pages = pages.rstrip("/")

    def all(self) -> list[Json]:
        """The latest investigations, oldest first: ``investigation`` and ``finding``."""
        found: list[Json] = _get(f"{self._pages}/investigations.json")["investigations"]
        return found[::-1]

    def record(self, number: int) -> Json:
        """One investigation, whole."""
        found: Json = _get(f"{self._pages}/investigations/{number}.json")
        return found

    def opens(self, number: int, citation: int) -> str | None:
        """The stored bytes behind a citation; None when it opens nothing."""
        url = f"{self._pages}/investigations/{number}/evidence/{citation}?raw=1"
        try:
            with _open(url) as answer:
                text: str = answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError:
            return None
        return text or None

    def ended(self, seconds: float, quiet_seconds: float) -> list[Json]:
        """Wait until every investigation that began is over; the records, oldest first.

        Args:
            seconds: the longest wait; what runs by then is given as it stands.
            quiet_seconds: when none began by then, none is waited for.
        """
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            known = self.all()
            if known and all(is_over(one) for one in known):
                break
            if not known and passed > quiet_seconds:
                break
            time.sleep(_POLL_SECONDS)
        return [self.record(one["investigation"]["id"]) for one in self.all()]


def is_over(record: Json) -> bool:
    """Whether an investigation has told its finding and put its proposal forward."""
    status = record["investigation"]["status"]
    return status in ("failed", "stopped") or (
        record["finding"] is not None and status not in _BUSY
    )


class Slack:
    """The company's Slack, read as one of its people."""

    def __init__(self, page: str) -> None:
        self._page = page.rstrip("/")

    def first_words_seconds(self, channel: str = "C0ALERTS") -> float | None:
        """From the first alert that the bot answered to its first words in the thread; None where it said nothing."""
        for parent in self._messages("messages", channel=channel):
            if not parent.get("reply_count") or not parent.get("attachments"):
                continue
            for message in self._messages("thread", channel=channel, ts=parent["ts"])[1:]:
                if message.get("bot_id"):
                    return float(message["ts"]) - float(parent["ts"])
        return None

    def _messages(self, what: str, **query: str) -> list[Json]:
        words = urllib.parse.urlencode({"user": _READER, **query})
        found: list[Json] = _get(f"{self._page}/page/{what}?{words}")["messages"]
        return found


def words_of(message: Json) -> str:
    """All text of a message's attachments."""
    parts = [
        str(attachment.get(field) or "")
        for attachment in message.get("attachments", ())
        for field in ("pretext", "title", "text", "footer")
    ]
    return "\n".join(part for part in parts if part)


def _get(url: str) -> Any:
    with _open(url) as answer:
        return json.load(answer)


def _open(url: str) -> Any:
    return urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS)  # noqa: S310 (loopback)

"""What a Slack message says, whether in its text, its blocks or its attachments."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LINK = re.compile(r"<(?P<target>[^<>|\s]{1,2000})(?:\|(?P<label>[^<>]{0,2000}))?>")
_MAX_PARTS = 200
_MAX_DEPTH = 8


@dataclass(frozen=True)
class Content:
    """A message's words, as plain as they can be had."""

    title: str
    text: str
    fallback: str = ""
    footer: str = ""
    link: str = ""


def plain(text: str) -> str:
    """mrkdwn without its links' and entities' markup; people and channels stay as ids."""
    bare = _LINK.sub(lambda found: found["label"] or found["target"].lstrip("@#!"), text)
    return html.unescape(bare).strip()


def content_of(message: Mapping[str, Any]) -> Content:
    """All that a message says; its first attachment gives title, link and footer."""
    attachments = [a for a in _sequence(message.get("attachments")) if isinstance(a, Mapping)]
    first = attachments[0] if attachments else {}
    raw = [_string(message.get("text")), *_of_blocks(message.get("blocks"))]
    parts = []
    for attachment in attachments:
        raw += _of_blocks(attachment.get("blocks"))
        parts += [_string(attachment.get(name)) for name in ("pretext", "text")]
        parts += _of_fields(attachment.get("fields"))
    texts = _different([*raw, *parts])
    title = _string(first.get("title")) or (texts[0] if texts else _string(first.get("fallback")))
    return Content(
        title=plain(title).split("\n", 1)[0].strip(" *"),
        text=plain("\n".join(texts)),
        fallback=plain(_string(first.get("fallback"))),
        footer=plain(_string(first.get("footer"))),
        link=_string(first.get("title_link")) or _first_link(texts),
    )


def words_of(message: Mapping[str, Any]) -> str:
    """A message's title and text in one."""
    content = content_of(message)
    return content.text if content.title in content.text else f"{content.title}\n{content.text}"


def _of_blocks(blocks: object) -> list[str]:
    return list(_texts(blocks, 0))[:_MAX_PARTS]


def _texts(node: object, depth: int) -> Iterator[str]:
    """Every text in blocks, in reading order; the labels of buttons are not said by anybody."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(node, Mapping):
        if node.get("type") in ("actions", "button", "image"):
            return
        text = node.get("text")
        if isinstance(text, str):
            yield text
        for name in ("text", "fields", "elements"):
            if not isinstance(node.get(name), str):
                yield from _texts(node.get(name), depth + 1)
    else:
        for each in _sequence(node):
            yield from _texts(each, depth + 1)


def _of_fields(fields: object) -> list[str]:
    """Legacy fields, worded as Block Kit's are."""
    found = [f for f in _sequence(fields) if isinstance(f, Mapping)]
    return [f"*{_string(f.get('title'))}:*\n{_string(f.get('value'))}" for f in found]


def _different(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(t for t in texts if t.strip()))[:_MAX_PARTS]


def _first_link(texts: Sequence[str]) -> str:
    for text in texts:
        for found in _LINK.finditer(text):
            if found["target"].startswith("http"):
                return found["target"]
    return ""


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""

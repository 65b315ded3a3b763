"""What a Slack message says, wherever in it that stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.model import Json


def text_of(message: Json) -> str:
    """All that a message says: its text, and that of attachments and blocks, where alerts put it."""
    return "\n".join(dict.fromkeys(t.strip() for t in _texts(message) if t and t.strip()))


def _texts(message: Json) -> Iterator[str]:
    yield str(message.get("text") or "")
    for attachment in message.get("attachments") or []:
        shown = [str(attachment.get(k) or "") for k in ("pretext", "title", "text")]
        yield from shown
        if not any(shown):
            yield str(attachment.get("fallback") or "")
        for entry in attachment.get("fields") or []:
            yield f"{entry.get('title', '')}: {entry.get('value', '')}"
        yield from _block_texts(attachment.get("blocks") or [])
    yield from _block_texts(message.get("blocks") or [])


def _block_texts(blocks: Iterable[Json]) -> Iterator[str]:
    for block in blocks:
        for part in (block.get("text"), *(block.get("fields") or [])):
            if isinstance(part, dict):
                yield str(part.get("text") or "")

"""Slack's limits, kept by shortening: no content, however long or hostile, makes Slack refuse a message.

``fit`` takes blocks and a text and gives a payload that Slack accepts. Lengths are counted in UTF-16 code units, as
Slack's clients do, which is never less than the number of characters. Limits: https://docs.slack.dev/reference/block-kit.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agent.redaction import redact

Block = dict[str, Any]

MAX_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
MAX_SECTION = 3000
MAX_FIELD = 2000
MAX_FIELDS = 10
MAX_HEADER = 150
MAX_BUTTON = 75
MAX_VALUE = 2000
MAX_MARKDOWN = 12_000
MAX_ID = 255
MAX_CONTEXT_ELEMENTS = 10
MAX_ACTIONS = 25
MAX_TEXT = 4000
MAX_MESSAGE = 12_500
"""All text of a message together; Slack refuses above about 13,000."""

_MENTION = re.compile(r"<(?=[!@#])")
_ELLIPSIS = "…"
_EMPTY = "—"


def length(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shorten(text: str, limit: int) -> str:
    """``text`` cut to ``limit``, without leaving half a link, half an entity or an open code block."""
    text = _printable(text)
    if length(text) <= limit:
        return text
    fence = "\n```"
    room = limit - length(_ELLIPSIS)
    cut = _whole(_first(text, room))
    if cut.count("```") % 2:
        cut = _whole(_first(text, room - length(fence)))
        return cut + (fence if cut.count("```") % 2 else "") + _ELLIPSIS
    return cut + _ELLIPSIS


def _printable(text: str) -> str:
    """Without lone surrogates and NUL, which no JSON or database takes."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def _first(text: str, units: int) -> str:
    cut = text[: max(0, units)]
    while length(cut) > max(0, units):
        cut = cut[: -max(1, (length(cut) - units + 1) // 2)]
    return cut


def _whole(cut: str) -> str:
    """Drop a link or an entity that the cut left open."""
    for opening, closing, longest in (("<", ">", 400), ("&", ";", 6)):
        start = cut.rfind(opening)
        if start >= 0 and closing not in cut[start:] and len(cut) - start <= longest:
            cut = cut[:start]
    return cut


def escape(text: str) -> str:
    """Make outside text inert in mrkdwn: no mention, link or channel call of its own; secrets and personal data are struck."""
    return redact(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def without_mentions(text: str) -> str:
    """Make mentions in outside text inert and leave all else as it is: nobody is called by what an alert quotes."""
    return _MENTION.sub("&lt;", text)


@dataclass(frozen=True)
class Message:
    """What to post: the notification's text and the blocks."""

    text: str
    blocks: tuple[Block, ...] = ()
    link: str = ""
    """Where all of it can be read."""

    def payload(self) -> dict[str, Any]:
        """Arguments for chat.postMessage and chat.update."""
        return {"text": self.text, "blocks": list(self.blocks)}

    def plain(self) -> dict[str, Any]:
        """The same without blocks, for when Slack refuses them."""
        text = f"{self.text}\n<{self.link}|full record>" if self.link else self.text
        return {"text": text, "blocks": []}


def fit(text: str, blocks: Sequence[Block] = (), link: str = "") -> Message:
    """A message that keeps every limit; what is too long is shortened, never dropped in silence."""
    kept = [_fit_block(copy.deepcopy(b)) for b in _few(list(blocks), MAX_BLOCKS)]
    _unique_ids(kept)
    _squeeze(kept)
    said = _some(without_mentions(text).strip(), MAX_TEXT)
    return Message(text=said, blocks=tuple(kept), link=link)


def fit_view(view: dict[str, Any]) -> dict[str, Any]:
    """A modal or home view that keeps every limit."""
    fitted = copy.deepcopy(view)
    fitted["blocks"] = [_fit_block(b) for b in _few(fitted["blocks"], MAX_VIEW_BLOCKS)]
    _unique_ids(fitted["blocks"])
    for name in ("title", "submit", "close"):
        if name in fitted:
            fitted[name]["text"] = shorten(fitted[name]["text"] or _EMPTY, 24)
    return fitted


def _few(blocks: list[Block], limit: int) -> list[Block]:
    """At most ``limit`` blocks: buttons stay, and a line says how many were left out."""
    if len(blocks) <= limit:
        return blocks
    buttons = [b for b in blocks if b["type"] in ("actions", "context_actions")][-5:]
    rest = [b for b in blocks if b["type"] not in ("actions", "context_actions")]
    room = limit - 1 - len(buttons)
    note = f"{len(rest) - room} more parts are on the investigation's page."
    return [
        *rest[:room],
        {"type": "context", "elements": [{"type": "mrkdwn", "text": note}]},
        *buttons,
    ]


def _fit_block(block: Block) -> Block:
    match block["type"]:
        case "section":
            _fit_section(block)
        case "header":
            block["text"]["text"] = _some(block["text"]["text"], MAX_HEADER)
        case "context":
            block["elements"] = block["elements"][:MAX_CONTEXT_ELEMENTS]
            for element in block["elements"]:
                if "text" in element:
                    element["text"] = _some(element["text"], MAX_FIELD)
        case "markdown":
            block["text"] = _some(block["text"], MAX_MARKDOWN)
        case "actions":
            block["elements"] = [_fit_button(e) for e in block["elements"][:MAX_ACTIONS]]
    if "block_id" in block:
        block["block_id"] = block["block_id"][:MAX_ID]
    return block


def _fit_section(block: Block) -> None:
    if "text" in block:
        block["text"]["text"] = _some(block["text"]["text"], MAX_SECTION)
    if "fields" in block:
        block["fields"] = block["fields"][:MAX_FIELDS]
        for field in block["fields"]:
            field["text"] = _some(field["text"], MAX_FIELD)
    if "accessory" in block:
        _fit_button(block["accessory"])


def _fit_button(element: Block) -> Block:
    if element["type"] == "button":
        element["text"]["text"] = _some(element["text"]["text"], MAX_BUTTON)
    if "value" in element:
        element["value"] = element["value"][:MAX_VALUE]
    return element


def _some(text: str, limit: int) -> str:
    return shorten(text if _printable(text).strip() else _EMPTY, limit)


def _unique_ids(blocks: list[Block]) -> None:
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        name = block.get("block_id")
        if name in seen:
            block["block_id"] = f"{name[: MAX_ID - 6]}-{number}"
        if name:
            seen.add(block["block_id"])


def _texts(blocks: list[Block]) -> Iterator[Block]:
    """Every object with a ``text`` that may be shortened, buttons aside."""
    for block in blocks:
        if block["type"] == "markdown":
            yield block
        if isinstance(block.get("text"), dict):
            yield block["text"]
        yield from block.get("fields", ())
        if block["type"] == "context":
            yield from (e for e in block["elements"] if "text" in e)


def _squeeze(blocks: list[Block]) -> None:
    """Halve the longest texts until the whole message fits."""
    texts = list(_texts(blocks))
    while sum(length(t["text"]) for t in texts) > MAX_MESSAGE:
        longest = max(texts, key=lambda t: length(t["text"]))
        longest["text"] = shorten(longest["text"], max(1, length(longest["text"]) // 2))

"""Links in a model's words: only those to our own pages lead anywhere; what others lead to can be read, and copied.

Whoever gets text into a prompt may have a model write a link or a picture whose address carries what it read. A click, or a
client that fetches previews, would hand it over.
"""

from __future__ import annotations

import re

_LINK = re.compile(r"!?\[(?P<text>[^\]\n]{0,500})\]\(\s*<?(?P<url>[^\s<>()]*)>?[^)\n]{0,500}\)")
_REFERENCE = re.compile(r"^[ \t]{0,3}\[[^\]\n]{1,100}\]:[ \t]*\S+.*$", re.MULTILINE)
_BARE = re.compile(
    r"(?<![\w`])<?(?P<url>(?:https?://|ftp://|slack://|mailto:)[^\s<>()`\"']+)>?", re.I
)
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)


def only_ours(markdown: str, ours: str) -> str:
    """The text with links to elsewhere as text.

    Args:
        markdown: standard markdown.
        ours: the address that our pages begin with; empty: no link is ours.
    """
    parts = _CODE.split(markdown)
    return "".join(p if n % 2 else _without(p, ours) for n, p in enumerate(parts))


def _without(text: str, ours: str) -> str:
    def is_ours(url: str) -> bool:
        return bool(ours) and (url == ours or url.startswith(f"{ours}/"))

    kept: list[str] = []

    def link(found: re.Match[str]) -> str:
        if is_ours(found["url"]) and not found[0].startswith("!"):
            kept.append(found[0])
            return f"\0{len(kept) - 1}\0"
        shown = found["text"].strip()
        return f"{shown} (`{found['url']}`)" if shown else f"`{found['url']}`"

    def bare(found: re.Match[str]) -> str:
        return found[0] if is_ours(found["url"]) else f"`{found['url']}`"

    text = _REFERENCE.sub("", text.replace("\0", ""))
    text = _LINK.sub(link, text)
    parts = _CODE.split(text)
    text = "".join(p if n % 2 else _BARE.sub(bare, p) for n, p in enumerate(parts))
    return re.sub(r"\0(\d+)\0", lambda m: kept[int(m[1])], text)

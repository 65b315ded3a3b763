"""Slack's mrkdwn as safe HTML.

The text is taken apart from the outside in (code blocks, quoted and listed lines, then inline tokens) and every
piece is escaped as it is put out, so that nothing in a message can become markup that this module did not write.
The rules are those of https://docs.slack.dev/messaging/formatting-message-text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from markupsafe import Markup, escape

from sandbox.page.emoji import SHORT_CODE, emoji
from sandbox.page.moments import format_date, moment

_CODE_BLOCK = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_QUOTE = re.compile(r"^(?:&gt;|>) ?")
_LIST_ITEM = re.compile(r"^(\s*)(•|◦|▪|-|\d{1,3}\.) +(.*)$")
_SAFE_URL = re.compile(r"(?:https?://|mailto:|tel:)[^\s]+", re.IGNORECASE)
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))

# The bound on the length keeps a hostile row of opening marks from costing quadratic time.
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<ref>[^<>\n]+)>"
    r"|(?P<url>https?://[^\s<>|`]*[^\s<>|`.,;:!?)\]'\"*_~])"
    r"|(?<![\w*])\*(?=[^\s*])(?P<bold>[^\n]{1,2000}?)(?<=\S)\*(?![\w*])"
    r"|(?<!\w)_(?=[^\s_])(?P<italic>[^\n]{1,2000}?)(?<=\S)_(?!\w)"
    r"|(?<![\w~])~(?=[^\s~])(?P<strike>[^\n]{1,2000}?)(?<=\S)~(?![\w~])"
    rf"|(?P<emoji>{SHORT_CODE.pattern})"
)
_TAGS = {"bold": "strong", "italic": "em", "strike": "del"}


@dataclass(frozen=True)
class Names:
    """What ids in a text are called, as far as the reader may know."""

    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    reader: str = ""


def plain(text: str) -> str:
    """Slack's three escapes undone: the characters that the author meant."""
    for escaped, character in _ESCAPES:
        text = text.replace(escaped, character)
    return text


def render_mrkdwn(text: str, names: Names, *, now: datetime | None = None) -> Markup:
    """A whole text: code blocks, quotes, lists and inline marks."""
    return _Renderer(names, now or datetime.now(UTC).astimezone()).block(text)


@dataclass(frozen=True)
class _Renderer:
    names: Names
    now: datetime

    def block(self, text: str) -> Markup:
        pieces: list[Markup] = []
        position = 0
        for match in _CODE_BLOCK.finditer(text):
            before = text[position : match.start()]
            pieces.append(self.lines(before.removesuffix("\n")))
            pieces.append(Markup('<pre class="code-block">{}</pre>').format(code_text(match[1])))
            position = match.end() + (text[match.end() :].startswith("\n"))
        pieces.append(self.lines(text[position:]))
        return Markup("").join(pieces)

    def lines(self, text: str) -> Markup:
        if not text:
            return Markup("")
        groups = groupby(text.split("\n"), key=_line_kind)
        return Markup("").join(self._group(kind, list(lines)) for kind, lines in groups)

    def _group(self, kind: str, lines: list[str]) -> Markup:
        if kind == "quote":
            inner = self.lines("\n".join(_QUOTE.sub("", line) for line in lines))
            return Markup("<blockquote>{}</blockquote>").format(inner)
        if kind == "item":
            return Markup("").join(self._item(line) for line in lines)
        return Markup("<br>").join(self.inline(line) for line in lines)

    def _item(self, line: str) -> Markup:
        match = _LIST_ITEM.match(line)
        if match is None:
            raise AssertionError("grouped as a list item")
        depth = min(len(match[1]) // 2, 3)
        mark = "•" if match[2] == "-" else match[2]
        return Markup(
            '<div class="list-item" data-depth="{}"><span class="list-mark">{}</span><span>{}</span></div>'
        ).format(depth, mark, self.inline(match[3]))

    def inline(self, text: str) -> Markup:
        out: list[Markup] = []
        position = 0
        for match in _INLINE.finditer(text):
            out.append(escape(plain(text[position : match.start()])))
            out.append(self._token(match))
            position = match.end()
        out.append(escape(plain(text[position:])))
        return Markup("").join(out)

    def _token(self, match: re.Match[str]) -> Markup:
        kind = str(match.lastgroup)
        content = match[kind]
        if kind == "code":
            return Markup('<code class="inline-code">{}</code>').format(code_text(content))
        if kind == "ref":
            return self.reference(content)
        if kind == "url":
            return link(plain(content), escape(plain(content)))
        if kind == "emoji":
            return emoji_span(content.strip(":"))
        return Markup("<{0}>{1}</{0}>").format(_TAGS[kind], self.inline(content))

    def reference(self, content: str) -> Markup:
        """What stands between ``<`` and ``>``: a link, a mention or a date; anything else is shown as typed."""
        target, _, label = content.partition("|")
        handler: Callable[[str, str], Markup] | None = {
            "@": self._user,
            "#": self._channel,
            "!": self._special,
        }.get(target[0])
        if handler is not None:
            return handler(target[1:], label)
        url = plain(target)
        if _SAFE_URL.fullmatch(url):
            shown = self.inline(label) if label else escape(url.removeprefix("mailto:"))
            return link(url, shown)
        return escape(f"<{plain(content)}>")

    def _user(self, user_id: str, label: str) -> Markup:
        return mention(self.names.users.get(user_id) or label or user_id, user_id, self.names)

    def _channel(self, channel_id: str, label: str) -> Markup:
        name = self.names.channels.get(channel_id) or label or "private-channel"
        return channel_link(name, channel_id, self.names)

    def _special(self, target: str, label: str) -> Markup:
        kind, *arguments = target.split("^")
        if kind == "date" and len(arguments) >= 2:
            return self._date(arguments, label)
        if kind == "subteam":
            return _pill((label or "group").lstrip("@"))
        return _pill(kind if kind in {"here", "channel", "everyone"} else label or kind)

    def _date(self, arguments: list[str], fallback: str) -> Markup:
        try:
            when = moment(arguments[0])
        except ValueError:
            return escape(plain(fallback))
        shown = escape(plain(format_date(arguments[1], when, self.now)))
        url = plain(arguments[2]) if len(arguments) > 2 else ""
        text = Markup('<time datetime="{}" title="{}">{}</time>').format(
            when.isoformat(), f"{when:%Y-%m-%d %H:%M:%S %Z}", shown
        )
        return link(url, text) if _SAFE_URL.fullmatch(url) else text


def code_text(text: str) -> Markup:
    """Verbatim text of a code span; ``<url|label>`` inside it shows as its label, as in Slack."""
    return escape(plain(re.sub(r"<(?:https?://[^|>\s]*\|)?([^<>\n]*)>", r"\1", text)))


def link(url: str, shown: Markup) -> Markup:
    """An outgoing link; the caller has checked the scheme."""
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(
        url, shown
    )


def safe_url(url: str | None) -> str:
    """The URL if its scheme may be followed from a message, otherwise nothing."""
    return url if url and _SAFE_URL.fullmatch(url) else ""


def mention(name: str, user_id: str, names: Names) -> Markup:
    """A person's name as a mention, brighter when it is the reader's own."""
    return _pill(name.lstrip("@"), own=bool(names.reader) and user_id == names.reader)


def channel_link(name: str, channel_id: str, names: Names) -> Markup:
    """A channel's name, opening it."""
    return Markup('<a class="mention" data-nav href="/?user={}&amp;channel={}">#{}</a>').format(
        names.reader, channel_id, name.lstrip("#")
    )


def emoji_span(short_code: str) -> Markup:
    """A short code's character with its name as the title; an unknown one as typed."""
    character = emoji(short_code)
    if character is None:
        return escape(f":{short_code}:")
    return Markup('<span class="emoji" title=":{}:">{}</span>').format(short_code, character)


def _pill(name: str, *, own: bool = False) -> Markup:
    return Markup('<span class="mention{}">@{}</span>').format(" mention-own" if own else "", name)


def _line_kind(line: str) -> str:
    if _QUOTE.match(line):
        return "quote"
    return "item" if _LIST_ITEM.match(line) else "text"

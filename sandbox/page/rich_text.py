"""``rich_text`` blocks as safe HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from markupsafe import Markup, escape

from sandbox.page.emoji import emoji
from sandbox.page.moments import format_date, moment
from sandbox.page.mrkdwn import Names, channel_link, emoji_span, link, mention, safe_url
from sandbox.slack.ports import Json

_STYLE_TAGS = (("code", "code"), ("bold", "strong"), ("italic", "em"), ("strike", "del"))


def render_rich_text(block: Json, names: Names) -> Markup:
    """A block's sections, lists, quotes and preformatted parts, in order."""
    return Markup("").join(_part(part, names) for part in block.get("elements") or ())


def _part(part: Json, names: Names) -> Markup:
    kind = part.get("type")
    if kind == "rich_text_list":
        return _list(part, names)
    inner = Markup("").join(_inline(element, names) for element in part.get("elements") or ())
    shape = {
        "rich_text_preformatted": '<pre class="code-block">{}</pre>',
        "rich_text_quote": "<blockquote>{}</blockquote>",
    }.get(str(kind), '<div class="rich-section">{}</div>')
    return Markup(shape).format(inner)  # noqa: S704 - one of the constants above


def _list(part: Json, names: Names) -> Markup:
    items = Markup("").join(
        Markup("<li>{}</li>").format(_part(item, names)) for item in part.get("elements") or ()
    )
    tag = "ol" if part.get("style") == "ordered" else "ul"
    depth = min(int(part.get("indent") or 0), 8)
    return Markup('<{0} class="rich-list" data-depth="{1}">{2}</{0}>').format(tag, depth, items)


def _inline(element: Json, names: Names) -> Markup:
    draw = _INLINE.get(str(element.get("type")), _text)
    return _styled(draw(element, names), element.get("style") or {})


def _styled(shown: Markup, style: Mapping[str, object]) -> Markup:
    for name, tag in _STYLE_TAGS:
        if style.get(name):
            css = Markup(' class="inline-code"') if name == "code" else Markup("")
            shown = Markup("<{0}{1}>{2}</{0}>").format(tag, css, shown)
    return shown


def _text(element: Json, names: Names) -> Markup:
    lines = str(element.get("text") or "").split("\n")
    return Markup("<br>").join(escape(line) for line in lines)


def _link(element: Json, names: Names) -> Markup:
    url = str(element.get("url") or "")
    shown = escape(element.get("text") or url)
    return link(url, shown) if safe_url(url) else shown


def _user(element: Json, names: Names) -> Markup:
    user_id = str(element.get("user_id", ""))
    return mention(names.users.get(user_id, user_id), user_id, names)


def _channel(element: Json, names: Names) -> Markup:
    channel_id = str(element.get("channel_id", ""))
    return channel_link(names.channels.get(channel_id, "private-channel"), channel_id, names)


def _group(element: Json, names: Names) -> Markup:
    return mention(str(element.get("range") or element.get("usergroup_id") or "group"), "", names)


def _emoji(element: Json, names: Names) -> Markup:
    name = str(element.get("name", ""))
    return emoji_span(name) if emoji(name) else escape(f":{name}:")


def _date(element: Json, names: Names) -> Markup:
    try:
        when = moment(element.get("timestamp", ""))
    except ValueError:
        return escape(element.get("fallback") or "")
    template = str(element.get("format") or "{date_short_pretty} {time}")
    return escape(format_date(template, when, datetime.now(UTC).astimezone()))


_INLINE: dict[str, Callable[[Json, Names], Markup]] = {
    "text": _text,
    "link": _link,
    "user": _user,
    "channel": _channel,
    "usergroup": _group,
    "broadcast": _group,
    "emoji": _emoji,
    "date": _date,
}

"""The page's panes as HTML: the only module that knows the templates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader
from markupsafe import Markup, escape

from sandbox.page.choices import channel_choices, composer_data, option_choices, user_choices
from sandbox.page.emoji import replace_short_codes
from sandbox.page.location import Location
from sandbox.page.markdown import render_markdown
from sandbox.page.mrkdwn import Names, plain, render_mrkdwn, safe_url
from sandbox.page.people import Directory
from sandbox.page.rich_text import render_rich_text
from sandbox.page.sessions import session_line
from sandbox.page.transcript import lay_out
from sandbox.slack.errors import SlackError
from sandbox.slack.ports import Json, Workspace

_FILE_ID = re.compile(r"\bF[A-Z0-9]{5,}\b")
_HEX_COLOUR = re.compile(r"#?([0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})")
_NAMED_COLOURS = {"good": "#2eb67d", "warning": "#ecb22e", "danger": "#e01e5a"}
_CONFIRM = ("title", "text", "confirm", "deny")
_PANES = ("sidebar", "channel", "thread", "modal")
_QUICK_REACTIONS = ("white_check_mark", "eyes", "raised_hands")
_PICKER = (
    "+1", "-1", "eyes", "white_check_mark", "x", "warning", "rotating_light", "fire",
    "tada", "raised_hands", "pray", "clap", "100", "rocket", "thinking_face", "wave",
    "heart", "sob", "joy", "sweat_smile", "mag", "hourglass", "bulb", "wrench",
)  # fmt: skip


@dataclass(frozen=True)
class Renderer:
    """Draws a workspace at a location."""

    workspace: Workspace
    title: str
    shortcuts: Mapping[str, str]
    """Label -> callback id of each message shortcut."""
    commands: Mapping[str, str]
    """Slash command -> usage hint."""

    def page(self, location: Location) -> str:
        """The whole document."""
        context = self._context(location)
        return _draw("page.html", {**context, "panes": _draw_panes(context)})

    def panes(self, location: Location) -> dict[str, str]:
        """Name of each pane -> its HTML; ``modal`` is empty where no view is open."""
        return _draw_panes(self._context(location))

    def _context(self, location: Location) -> dict[str, Any]:
        directory = Directory.of(self.workspace, location.user)
        now = datetime.now(UTC).astimezone()
        return {
            "title": self.title,
            "location": location,
            "directory": directory,
            "workspace": self.workspace,
            "shortcuts": self.shortcuts,
            "commands": self.commands,
            "quick_reactions": _QUICK_REACTIONS,
            "picker": _PICKER,
            "user_choices": user_choices(directory),
            "channel_choices": channel_choices(directory),
            "composer_data": composer_data(directory, self.commands),
            "here": directory.channels[location.channel],
            "session_line": session_line,
            "replies": self._replies(location),
            "lay_out": lambda messages, **how: lay_out(messages, directory, now, **how),
            **_text_helpers(directory.names, now),
        }

    def _replies(self, location: Location) -> Sequence[Json]:
        """The open thread's messages; none where an old link names one that is gone."""
        if not location.thread:
            return ()
        try:
            return self.workspace.thread(location.channel, location.thread, location.user)
        except (LookupError, SlackError):
            return ()


def _draw_panes(context: Mapping[str, Any]) -> dict[str, str]:
    return {name: _draw(f"{name}.html", context) for name in _PANES}


def _draw(template: str, context: Mapping[str, Any]) -> str:
    return _environment.get_template(template).render(context)


def _text_helpers(names: Names, now: datetime) -> dict[str, Any]:
    def mrkdwn(text: str | None) -> Markup:
        return render_mrkdwn(text or "", names, now=now)

    def text_object(value: Json | str | None) -> Markup:
        """A text object: ``mrkdwn`` with its marks, ``plain_text`` with emoji only."""
        if isinstance(value, Mapping) and value.get("type") == "mrkdwn":
            return mrkdwn(value.get("text"))
        return plain_text(value)

    def confirm_wording(confirm: Json) -> dict[str, str]:
        """A confirm dialog's parts as safe HTML, and its style."""
        parts = {name: str(text_object(confirm[name])) for name in _CONFIRM if name in confirm}
        return {**parts, "style": str(confirm.get("style", ""))}

    return {
        "confirm_wording": confirm_wording,
        "mrkdwn": mrkdwn,
        "text_object": text_object,
        "rich_text": lambda block: render_rich_text(block, names),
        "markdown": render_markdown,
    }


def plain_text(value: Json | str | None) -> Markup:
    """A ``plain_text`` object or a bare string; short codes become emoji, lines stay lines."""
    text = str(value.get("text", "")) if isinstance(value, Mapping) else str(value or "")
    lines = replace_short_codes(plain(text)).split("\n")
    return Markup("<br>").join(escape(line) for line in lines)


def image_source(image: Json) -> str:
    """Where the browser gets an image: its URL, or the page's route to an uploaded file."""
    slack_file: Mapping[str, str] = image.get("slack_file") or {}
    if slack_file:
        found = _FILE_ID.search(slack_file.get("id") or slack_file.get("url") or "")
        return f"/page/file/{found[0]}" if found else ""
    return safe_url(image.get("image_url") or image.get("thumb_url"))


def colour(value: str | None) -> str:
    """An attachment's colour as ``#rrggbb``; grey where it is none."""
    if value in _NAMED_COLOURS:
        return _NAMED_COLOURS[str(value)]
    match = _HEX_COLOUR.fullmatch(value or "")
    return f"#{match[1]}" if match else "#dddddd"


def _build_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sandbox.page"),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(plain_text=plain_text, safe_url=safe_url, colour=colour)
    environment.globals.update(image_source=image_source, option_choices=option_choices)
    return environment


_environment = _build_environment()

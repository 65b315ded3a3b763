"""Jinja2 for the pages: everything that is put into them is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from bot.web.boards import board_over_time
from bot.web.charts import chart, marked
from bot.web.timeline import timeline

_MINUTE, _HOUR = 60.0, 3600.0


def _percent(ratio: float) -> str:
    return f"{ratio * 100:.0f} %"


def _clock(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.1f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} h"


def _words(value: str) -> str:
    """``cause_found`` as ``cause found``."""
    return value.replace("_", " ")


def _web_link(link: str) -> str:
    """The link when a browser may follow it, else nothing: links come from outside."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return link if parts.scheme in ("http", "https") and parts.netloc else ""


def _arguments(arguments: dict[str, Any]) -> str:
    """A call's arguments as people write them: ``name=redis, hours=24``."""
    return ", ".join(f"{k}={_plain(v)}" for k, v in arguments.items())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _said(message: Mapping[str, Any]) -> str:
    """A message of a conversation with a model as text: its words, and the calls it makes."""
    content = message.get("content")
    words = content if isinstance(content, str) else _plain(content) if content else ""
    calls = [_pretty(call.get("function", call)) for call in message.get("tool_calls") or ()]
    return "\n\n".join(part for part in (words, *calls) if part)


def _pretty(text: Any) -> str:
    """JSON, or what is made of it, indented; other text as it is."""
    try:
        value = json.loads(text) if isinstance(text, str) else text
        return json.dumps(value, indent=2, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return str(text)


def _side(weight: float) -> str:
    """Which way a piece of evidence pulls, as far as one decimal shows."""
    shown = round(weight, 1)
    return "for" if shown > 0 else "against" if shown < 0 else "neither"


def _diff_kind(line: str) -> str:
    """The CSS class of a line of a unified diff."""
    if line.startswith(("---", "+++", "@@")):
        return "about"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bot.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=_percent,
        clock=_clock,
        duration=_duration,
        words=_words,
        web_link=_web_link,
        arguments=_arguments,
        pretty=_pretty,
        diff_kind=_diff_kind,
        side=_side,
        chart=chart,
        marked=marked,
        timeline=timeline,
        board_over_time=board_over_time,
        said=_said,
    )
    return environment


_ENVIRONMENT = _environment()


def page(template: str, status_code: int = 200, **values: Any) -> HTMLResponse:
    """A page from a template."""
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(**values), status_code)

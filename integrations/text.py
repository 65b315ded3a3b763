"""How observations are written: short, with units, times in UTC."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.analysis.logs import Mined, Template
from agent.model import Json, Window
from agent.reasoning.relevance import worth

OBSERVATION_CHARACTERS = 2_500
RAW_CHARACTERS = 1_000_000
RARE_READ = 40
_EXAMPLE_CHARACTERS = 400
_RARE_SHOWN, _BEFORE_RARE, _LOG_CHARACTERS = 12, 3, 240


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)


def window_of(minutes: float, now: datetime | None = None) -> Window:
    """The last ``minutes``."""
    end = now or utc_now()
    return Window(start=end - timedelta(minutes=minutes), end=end)


def iso(moment: datetime | None) -> str | None:
    """ISO-8601 UTC to the second, ``Z`` at its end."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def iso_of_unix(seconds: float) -> str:
    """The same of unix seconds."""
    return iso(datetime.fromtimestamp(seconds, UTC)) or ""


def parse_time(text: object) -> datetime | None:
    """A vendor's timestamp as UTC; None for none."""
    if isinstance(text, datetime):
        return text.astimezone(UTC) if text.tzinfo else text.replace(tzinfo=UTC)
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def clock(text: str | None) -> str:
    """``02:14`` of an ISO time, with the date when it is not of today."""
    moment = parse_time(text)
    if moment is None:
        return "?"
    same_day = moment.date() == utc_now().date()
    return moment.strftime("%H:%M" if same_day else "%m-%d %H:%M")


def lines(parts: Iterable[str], limit: int = OBSERVATION_CHARACTERS) -> str:
    """Lines joined up to ``limit`` characters, whole ones only, saying how many were left out."""
    kept: list[str] = []
    size = 0
    rest = list(parts)
    for position, part in enumerate(rest):
        part = part if len(part) <= 600 else part[:597] + "..."
        if size + len(part) + 1 > limit - 30:
            kept.append(f"... {len(rest) - position} more lines left out")
            break
        kept.append(part)
        size += len(part) + 1
    return "\n".join(kept)


def raw(answer: Any) -> str:
    """An answer as JSON text, capped."""
    return json.dumps(answer, default=str, ensure_ascii=False)[:RAW_CHARACTERS]


def number(value: float | None) -> str:
    """Four significant digits, no exponent for common sizes."""
    if value is None:
        return "none"
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{float(f'{value:.4g}'):,.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-4 else f"{value:.3e}"


def quantity(value: float | None, unit: str) -> str:
    """A number of some unit: bytes as Kubernetes writes them, others plain."""
    return size(value) if unit in ("byte", "bytes") else number(value)


def size(value: float | None) -> str:
    """Bytes with a binary unit, as Kubernetes writes them."""
    if value is None:
        return "none"
    for unit, factor in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if abs(value) >= factor:
            return f"{value / factor:.4g}{unit}"
    return f"{value:.0f}"


def template_json(template: Template) -> Json:
    """A log template as data."""
    return {
        "template": template.template,
        "count": template.count,
        "level": template.level,
        "service": template.service,
        "first_at": iso(template.first_at),
        "last_at": iso(template.last_at),
        "example": template.example,
        "is_new": template.is_new,
    }


def mined_lines(mined: Mined, shown: int = 15) -> Sequence[str]:
    """Log templates and rare lines for an observation.

    Of the rare lines the most telling are shown, whole and not as templates, before all but the first templates: what
    comes last is left out first.
    """
    telling = sorted(mined.rare, key=lambda r: -worth(r.text))[:_RARE_SHOWN]
    telling.sort(key=lambda r: r.at)
    services = {t.service for t in mined.templates}

    def of(service: str) -> str:
        return f"{service}: " if service and len(services) > 1 else ""

    rare = [f"{r.at:%H:%M:%S} {of(r.service)}{_short(r.text)}" for r in telling]
    whole = {r.text[:_EXAMPLE_CHARACTERS] for r in telling}
    templates = [
        f"{t.count} x [{t.level}] {of(t.service)}{_short(t.template)}"
        f" ({t.first_at:%H:%M}-{t.last_at:%H:%M}{', new' if t.is_new else ''})"
        for t in mined.templates[:shown]
        if t.example[:_EXAMPLE_CHARACTERS] not in whole
    ]
    heading = ["rare lines:"] if rare else []
    rest = ["further templates:"] if rare and len(templates) > _BEFORE_RARE else []
    return [*templates[:_BEFORE_RARE], *heading, *rare, *rest, *templates[_BEFORE_RARE:]]


def _short(line: str) -> str:
    return line if len(line) <= _LOG_CHARACTERS else f"{line[: _LOG_CHARACTERS - 1]}…"

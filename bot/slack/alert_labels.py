"""Labels and tags in the text of alert messages: of one alert, or of several in one message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.alerts.identity import pairs
from bot.slack.message_text import plain

# Datadog lists the tags behind "Tags:", one line.
_TAG_LINE = re.compile(r"\*?tags:?\*?:?[ \t]*(?P<tags>[^\n]{1,2000})", re.IGNORECASE)
# Alertmanager and Grafana list labels as bullets, with a colon or an equals sign; PagerDuty has fields.
_LABEL = re.compile(
    r"^[ \t]*[•*-][ \t]*\*?(?P<name>[A-Za-z_][\w./-]{0,60}):?\*?[ \t]*(?:=|:)?[ \t]*`?(?P<value>[^`\n]{1,200}?)`?[ \t]*$",
    re.MULTILINE,
)
_FIELD = re.compile(
    r"^\*(?P<name>[A-Za-z_][\w -]{0,40}):\*[ \t]*\n?[ \t]*(?P<value>[^\n*]{1,120})$", re.MULTILINE
)
_SECTION = re.compile(r"(?:labels:|\*details:\*)(?P<lines>(?:\n[ \t]*[•*-][^\n]*)+)", re.IGNORECASE)
_RESOLVED = re.compile(r"^\W{0,4}(?:alerts )?resolved\W{0,4}$", re.IGNORECASE | re.MULTILINE)
_FIELD_TAGS = frozenset(
    {"service", "urgency", "severity", "priority", "status", "env", "environment", "namespace"}
)
_MAX_SECTIONS = 50
_MAX_VALUE = 200


@dataclass(frozen=True)
class Section:
    """The labels of one alert among those of a message."""

    labels: Mapping[str, str]
    resolved: bool = False
    """Whether it stands below the heading of those that are over."""


def tags_of(text: str) -> dict[str, str]:
    """All tags of a message: of its fields, of what its alerts have in common, and of its line of tags."""
    found = dict(_fields(text))
    found |= common(sections_of(text))
    for line in _TAG_LINE.finditer(text):
        found |= dict(pairs(line["tags"]))
    return found


def sections_of(text: str) -> list[Section]:
    """The labels of each alert in a message, in order."""
    over = _RESOLVED.search(text)
    limit = over.start() if over else len(text)
    sections = []
    for found in list(_SECTION.finditer(text))[:_MAX_SECTIONS]:
        labels = {
            label["name"].lower(): plain(label["value"])
            for label in _LABEL.finditer(found["lines"])
        }
        sections.append(Section(labels, resolved=found.start() > limit))
    return sections


def common(sections: Sequence[Section]) -> dict[str, str]:
    """The labels of several alerts: what they share as it is, what differs as a list."""
    names = dict.fromkeys(name for section in sections for name in section.labels)
    return {name: _together(name, sections)[:_MAX_VALUE] for name in names}


def _together(name: str, sections: Sequence[Section]) -> str:
    values = dict.fromkeys(s.labels[name] for s in sections if name in s.labels)
    return ", ".join(values)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for found in _FIELD.finditer(text):
        name = found["name"].lower()
        if name in _FIELD_TAGS:
            yield name, plain(found["value"])

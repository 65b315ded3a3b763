"""Log lines as failure modes look for them: templates of a service that say one of some phrases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.model import Check
from agent.reasoning.modes.target import Target
from agent.reasoning.modes.view import View

_QUOTED = 170


class Spoken(NamedTuple):
    """A template of log lines."""

    step: int
    service: str
    lines: int
    example: str
    level: str

    @property
    def quoted(self) -> str:
        """The example as it can stand between quotation marks, cut where it is long."""
        return " ".join(self.example.replace('"', "'").split())[:_QUOTED].rstrip()


def lines_check(target: Target, query: str, reason: str, minutes: int = 120) -> Check:
    """The check that searches the logs of an entity."""
    asked = f"service:{target.name} env:{target.environment} {query}"
    return Check(tool="datadog_logs", arguments={"query": asked, "minutes": minutes}, reason=reason)


def spoken(service: str, view: View, phrases: Iterable[str]) -> Iterator[Spoken]:
    """The templates of a service whose example has one of the phrases (lower case), those of the latest answer first."""
    wanted = tuple(phrases)
    for found in view.answers("datadog_logs"):
        for template in found.data.get("templates") or []:
            example = str(template.get("example") or "")
            if template.get("service") == service and any(p in example.lower() for p in wanted):
                number = int(template.get("count") or 0)
                level = str(template.get("level") or "")
                yield Spoken(found.step, service, number, example, level)

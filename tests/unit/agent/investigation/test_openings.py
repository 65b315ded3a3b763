"""The first look goes everywhere at once, and only where there is something to see."""

from __future__ import annotations

from agent.investigation.openings import opening_checks
from agent.model import Case, Entity, Reading
from agent.tools import Registry, tool
from tests.unit.agent.investigation.house import case_of, signal_on

AUTH = Entity(name="auth", kind="deployment", namespace="production")


class Vendors:
    """Those of the tools that this needs."""

    @tool("datadog")
    async def datadog_monitors(self, service: str = "", state: str = "") -> Reading:
        """Monitors."""
        raise AssertionError

    @tool("pagerduty")
    async def pagerduty_incidents(
        self, service: str = "", hours: float = 720, statuses: str = ""
    ) -> Reading:
        """Incidents."""
        raise AssertionError

    @tool("graph")
    async def graph_changes(self, entity: str, environment: str = "") -> Reading:
        """The journal."""
        raise AssertionError


def asked(case: Case) -> list[tuple[str, dict[str, object]]]:
    return [(c.tool, c.arguments) for c in opening_checks(case, Registry([Vendors()]))]


def test_open_incidents_of_all_services_alerts_elsewhere_and_the_journal_are_looked_at() -> None:
    case = case_of(signal_on("auth", "Errors")).model_copy(update={"entities": (AUTH,)})
    found = asked(case)
    assert ("datadog_monitors", {"state": "Alert"}) in found
    assert ("datadog_monitors", {"service": "auth"}) in found
    assert ("graph_changes", {"entity": "auth", "environment": "production"}) in found
    (everywhere,) = [a for t, a in found if t == "pagerduty_incidents" and "service" not in a]
    assert everywhere["statuses"] == "triggered,acknowledged"


def test_what_the_graph_does_not_know_has_no_journal() -> None:
    assert "graph_changes" not in [t for t, _ in asked(case_of(signal_on("auth", "Errors")))]


def test_without_a_service_all_monitors_are_looked_at_once() -> None:
    found = [(t, a) for t, a in asked(case_of(signal_on("", "Logins fail"))) if "monitors" in t]
    assert found == [("datadog_monitors", {})]

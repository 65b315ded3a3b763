"""Nothing wrong: said quickly and with numbers where all could be seen, not at all where a signal was refused."""

from __future__ import annotations

import time

import pytest

from agent.investigation.gates import passed
from agent.investigation.loop import Investigator
from agent.model import Budget, Case, Check, Ending, Finding, Hypothesis, SignalKind, Step
from tests.unit.agent.investigation.company import Company, flat, workload
from tests.unit.agent.investigation.house import NOW, House, case_of, signal_on

ASKED = signal_on("search", "Is search well?").model_copy(update={"kind": SignalKind.REQUEST})


def calm_company() -> Company:
    company = Company()
    company.workloads["search"] = workload("search", "Deployment", "search:1")
    company.monitors = [
        {
            "id": 7,
            "name": "Search is slow",
            "state": "OK",
            "query": "avg(last_5m):avg:trace.http.request.duration{service:search,env:production} > 1",
        }
    ]
    for name, level in (
        ("hits", 90.0),
        ("errors", 0.3),
        ("duration", 0.12),
        ("errors / hits", 0.003),
    ):
        company.metrics[(f"trace.http.request.{name}", "search")] = flat(level)
    return company


async def finding_of(company: Company, patience_seconds: float = 0.01) -> tuple[Finding, House]:
    house = House(company, ASKED, budget=Budget())
    run: Investigator = house.investigator
    run.equipment = run.equipment._replace(patience_seconds=patience_seconds)
    finding = (await house.investigate()).case.finding
    assert finding is not None
    return finding, house


async def test_a_healthy_service_is_called_so_without_waiting() -> None:
    began = time.monotonic()
    finding, house = await finding_of(calm_company(), patience_seconds=60.0)
    assert finding.ending is Ending.NOTHING_WRONG
    assert any(c.isdigit() for claim in finding.chain for c in claim.text)
    assert time.monotonic() - began < 30
    assert "wait" not in house.journal.names


async def test_where_a_signal_was_refused_it_asks_instead() -> None:
    company = calm_company()
    company.denied = {"datadog_metrics"}
    finding, _ = await finding_of(company)
    assert finding.ending is Ending.INPUT_NEEDED
    assert any("403" in text for text in finding.unseen)
    assert finding.question


def calm_case(status: str) -> Case:
    healthy = Hypothesis(
        id="H1", mode="healthy", statement="search is well", entity="search", log_odds=3.0
    )
    refused = Step(
        number=1,
        round=1,
        check=Check(tool="datadog_metrics", reason="whether search is slow", tells=("H1",)),
        status=status,
        error="403",
        started_at=NOW,
    )
    return case_of(ASKED).model_copy(update={"hypotheses": (healthy,), "steps": (refused,)})


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        ("denied", Ending.INPUT_NEEDED),
        ("unreachable", Ending.INPUT_NEEDED),
        ("not_found", Ending.NOTHING_WRONG),
        ("cancelled", Ending.NOTHING_WRONG),
    ],
)
def test_nothing_is_called_well_that_could_not_be_looked_at(status: str, ending: Ending) -> None:
    draft = Finding(
        ending=Ending.NOTHING_WRONG,
        headline="Nothing is wrong: search is well",
        mode="healthy",
        entity="search",
        confidence=0.95,
    )
    finding = passed(draft, calm_case(status))
    assert finding.ending is ending
    if ending is Ending.INPUT_NEEDED:
        assert "whether search is slow (datadog_metrics)" in finding.question
        assert finding.confidence < 0.6

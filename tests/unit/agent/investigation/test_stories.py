"""The three stories, told by fake tools with decoys: the right cause, carried by citations, with an acceptable fix."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.investigation.loop import Investigated
from agent.model import ChangeKind, Ending, SignalKind
from agent.resolution.taint import refuse_tainted
from tests.unit.agent.investigation.company import (
    Company,
    blip_story,
    flat,
    login_story,
    pulse,
    redis_story,
)
from tests.unit.agent.investigation.house import NOW, House, signal_on

REDIS = signal_on("redis-reco", "Redis command latency is high on redis-reco", fingerprint="1001")
LOGIN = signal_on("auth", "Login failures on auth", fingerprint="1003")
BLIP = signal_on("search", "Search latency is high", fingerprint="1005")
ASKED_FOR_BLIP = BLIP.model_copy(update={"kind": SignalKind.REQUEST})


async def told(company: Company, signal: object) -> Investigated:
    return await House(company, signal).investigate()  # type: ignore[arg-type]


def text_of(result: Investigated) -> str:
    finding = result.case.finding
    assert finding is not None
    parts = (*finding.chain, *finding.impact, *finding.forecast, *finding.ruled_out)
    return "\n".join([finding.headline, *(c.text for c in parts)])


async def test_redis_memory_pressure_is_found_before_anything_is_critical() -> None:
    result = await told(redis_story(), REDIS)
    finding = result.case.finding
    assert finding is not None
    assert (finding.ending, finding.mode, finding.entity) == (
        Ending.CAUSE_FOUND,
        "noisy_neighbour_job",
        "redis-reco-backup",
    )
    assert finding.confidence >= 0.75
    assert finding.headline.startswith("Memory pressure in redis-reco, because redis-reco-backup")
    assert "reaches its limit of 16.0 GiB at" in finding.headline


async def test_redis_report_looks_ahead_and_at_the_neighbours() -> None:
    text = text_of(await told(redis_story(), REDIS))
    assert "12.7 GiB of 16.0 GiB" in text
    assert "Queue of cart grows by 15 % an hour" in text
    assert "recommendation holds 29 of 50 connections" in text
    assert "0.11 % of the requests to session fail, baseline 0.05 %" in text
    assert "will rise 30x" in text


async def test_redis_decoys_are_not_blamed() -> None:
    text = text_of(await told(redis_story(), REDIS))
    assert "payments" not in text
    assert "catalog-reindex" not in text
    assert "no rollout of redis-reco in the last 24 h" in text


async def test_the_fix_is_to_suspend_the_backup_as_long_as_redis_has_room() -> None:
    result = await told(redis_story(), REDIS)
    fixes = [(c.kind, c.target.name) for c in result.changes]
    assert fixes == [(ChangeKind.SUSPEND_JOB, "redis-reco-backup")]


async def test_without_a_job_the_fix_is_memory() -> None:
    company = redis_story()
    company.cron_jobs = []
    result = await told(company, REDIS)
    finding = result.case.finding
    assert finding is not None
    assert (finding.mode, finding.entity) == ("cache_memory_pressure", "redis-reco")
    fixes = [(c.kind, c.target.name) for c in result.changes]
    assert fixes == [(ChangeKind.RESOURCES, "redis-reco")]


async def test_a_blip_that_is_still_on_is_looked_at_again_before_anything_is_said() -> None:
    company = blip_story()
    passing = pulse(0.12, 0.55, NOW - timedelta(minutes=5), NOW + timedelta(minutes=9))
    company.metrics[("trace.http.request.duration", "search")] = passing
    company.passes_after = ("trace.http.request.duration{service:search", 2, flat(0.12))
    company.cron_jobs = []
    result = await told(company, BLIP)
    finding = result.case.finding
    assert finding is not None
    assert finding.ending is Ending.NOTHING_WRONG
    assert result.changes == ()


async def test_login_failure_is_the_exhausted_pool_by_the_report() -> None:
    result = await told(login_story(), LOGIN)
    finding = result.case.finding
    assert finding is not None
    assert (finding.mode, finding.entity) == ("connection_pool_exhaustion", "auth")
    assert "auth-report" in finding.headline
    text = text_of(result)
    assert "94/100" in text
    assert "5.0x the baseline" in text
    assert "no rollout of auth" in text
    assert "redis-reco-backup" not in text


async def test_login_fixes_are_ordered_from_the_root() -> None:
    result = await told(login_story(), LOGIN)
    assert [(c.kind, c.target.name) for c in result.changes] == [
        (ChangeKind.SUSPEND_JOB, "auth-report"),
        (ChangeKind.CONFIG_VALUE, "auth-config"),
        (ChangeKind.REPLICAS, "auth"),
    ]


async def test_words_that_name_no_service_are_understood_by_the_alert_they_speak_of() -> None:
    asked = LOGIN.model_copy(
        update={
            "kind": SignalKind.REQUEST,
            "title": "customers say that logins fail",
            "service": "",
            "fingerprint": "",
        }
    )
    result = await told(login_story(), asked)
    finding = result.case.finding
    assert finding is not None
    assert (finding.ending, finding.entity) == (Ending.CAUSE_FOUND, "auth")


async def test_where_no_alert_fits_the_words_it_asks_which_service_is_meant() -> None:
    asked = LOGIN.model_copy(
        update={"title": "mails arrive late", "service": "", "fingerprint": ""}
    )
    result = await told(login_story(), asked)
    assert result.case.finding is not None
    assert result.case.finding.question == "Which service or workload is affected?"


async def test_a_blip_is_nothing_wrong_and_proposes_nothing() -> None:
    result = await told(blip_story(), BLIP)
    finding = result.case.finding
    assert finding is not None
    assert finding.ending is Ending.NOTHING_WRONG
    assert finding.mode == "transient_recovered"
    assert result.changes == ()


async def test_a_blip_is_said_in_the_summary_alone_unless_a_person_asked() -> None:
    alerted, asked = House(blip_story(), BLIP), House(blip_story(), ASKED_FOR_BLIP)
    for house in (alerted, asked):
        await house.investigate()
    assert (alerted.told.reports, alerted.told.updates) == ([], {})
    assert len(asked.told.reports) == 1


@pytest.mark.parametrize(
    ("company", "signal"),
    [(redis_story(), REDIS), (login_story(), LOGIN), (blip_story(), BLIP)],
    ids=["redis", "login", "blip"],
)
async def test_every_sentence_cites_evidence_and_none_is_struck(
    company: Company, signal: object
) -> None:
    result = await told(company, signal)
    finding = result.case.finding
    assert finding is not None
    numbers = {e.number for e in result.case.evidence}
    claims = (*finding.chain, *finding.impact, *finding.forecast, *finding.ruled_out)
    assert finding.struck == 0
    assert claims
    assert all(c.citations and set(c.citations) <= numbers for c in claims)


@pytest.mark.parametrize(
    ("company", "signal"), [(redis_story(), REDIS), (login_story(), LOGIN)], ids=["redis", "login"]
)
async def test_every_fix_passes_the_taint_gate(company: Company, signal: object) -> None:
    result = await told(company, signal)
    for change in result.changes:
        refuse_tainted(change, result.case.steps)


async def test_a_login_failure_without_a_competing_job_still_names_the_pool() -> None:
    company = login_story()
    company.cron_jobs = []
    result = await told(company, LOGIN)
    finding = result.case.finding
    assert finding is not None
    assert (finding.mode, finding.entity) == ("connection_pool_exhaustion", "auth")
    assert all(c.kind is not ChangeKind.SUSPEND_JOB for c in result.changes)


async def test_a_rollout_right_before_the_errors_is_blamed_and_rolled_back() -> None:
    company = login_story()
    for name in ("hikaricp.connections.active", "hikaricp.connections.pending"):
        company.metrics[(name, "auth")] = lambda at: 12.0
    for name in ("postgresql.queries.time", "postgresql.connections"):
        company.metrics[(name, "auth-db")] = lambda at: 12.0
    company.logs, company.cron_jobs = {}, []
    company.rollouts = [
        {
            **company.rollouts[0],
            "workload": "auth",
            "revision": 9,
            "at": "2026-11-24T02:27:00+00:00",
        }
    ]
    result = await told(company, LOGIN)
    finding = result.case.finding
    assert finding is not None
    assert (finding.mode, finding.entity) == ("bad_rollout", "auth")
    assert result.changes[0].kind is ChangeKind.ROLLBACK
    assert result.changes[0].arguments == {"revision": 8}
    refuse_tainted(result.changes[0], result.case.steps)

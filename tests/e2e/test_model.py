"""The bot with a model: it reasons, the thread says who did; when it fails for good, the rules take over."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from aiohttp import web

from agent.model import ChangeKind, Ending
from bot.demo_person import plain
from tests.e2e.people import APPROVERS, ENGINEER
from tests.e2e.scene import Scene, scene
from tests.integration.test_llm import change, conclusion, hypothesis
from tests.openai_server import KEY, MODEL, Body, OpenAiServer, call, completion, error

pytestmark = pytest.mark.timeout(240)

BACKUP = "redis-reco-backup"
MEMORY = "avg:redis.mem.used{service:redis-reco,env:production}"
LATENCY = "avg:redis.info.latency_ms{service:redis-reco,env:production}"


@contextmanager
def serving() -> Iterator[OpenAiServer]:
    """A scripted endpoint, in an event loop of its own: the tests block theirs."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="model", daemon=True)
    thread.start()
    server = OpenAiServer()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def night(postgres: str, server: OpenAiServer) -> Iterator[Scene]:
    """The Redis story for a bot with that model."""
    settings = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": server.url,
        "OPENAI_MODEL": MODEL,
        "SREBOT_CHANGE_APPROVERS": APPROVERS,
    }
    with scene(postgres, settings=settings) as stage:
        yield stage


def told(body: Body) -> str:
    """All that the model was shown."""
    return "\n".join(str(m.get("content") or "") for m in body["messages"])


def shown(body: Body, tool: str, pattern: str) -> tuple[int, str]:
    """The step that called a tool, and what of its answer matches."""
    step = re.search(
        rf"^s(\d+) {tool} [^\n]*\n<data(?:(?!</data>).)*?({pattern})",
        told(body),
        re.DOTALL | re.MULTILINE,
    )
    assert step, f"{tool} did not show {pattern}"
    return int(step[1]), step[2]


def looked(body: Body, tool: str) -> int:
    """The step that called a tool, be its answer shown in full or as the facts that were taken from it."""
    step = re.search(rf"^s(\d+) {tool} ", told(body), re.MULTILINE)
    assert step, f"{tool} was not called"
    return int(step[1])


def thinker(body: Body) -> web.StreamResponse:
    """Plays a model that reads what it is shown: proposes with parallel look-ups, weighs, concludes with a change."""
    task = body["messages"][-1]["content"]
    if "Hand in propose_hypotheses" in task:
        return _propose()
    if "Hand in weigh_evidence" in task:
        return _weigh(body)
    return _conclude(body)


def _propose() -> web.StreamResponse:
    job = hypothesis(
        mode="noisy_neighbour_job",
        statement=f"{BACKUP} competes with redis-reco for memory",
        entity=BACKUP,
        entity_kind="cronjob",
    )
    rollout = hypothesis(
        id="H2",
        mode="bad_rollout",
        statement="a rollout broke redis-reco",
        entity="redis-reco",
        likelihood="unlikely",
    )
    looks = [
        {
            "tool": "datadog_metrics",
            "args": {"query": query},
            "why": "how it moved",
            "tells": ["H1"],
        }
        for query in (MEMORY, LATENCY)
    ]
    looks.append({"tool": "kubernetes_nodes", "args": {}, "why": "whether a node is ill"})
    proposed = call("propose_hypotheses", hypotheses=[job, rollout])
    return completion(proposed, call("look", checks=looks))


def _weigh(body: Body) -> web.StreamResponse:
    if "Evidence so far" in told(body):
        return completion(call("weigh_evidence", facts=[], new_hypotheses=[]))
    jobs, since = shown(body, "kubernetes_jobs", rf"active: {BACKUP}-\d+ since [\d: -]+\d")
    memory, moving = shown(body, "datadog_metrics", r"moving since \d\d:\d\d")
    rollouts, _ = shown(body, "kubernetes_rollouts", "Deployment search")
    facts = [
        _fact(jobs, f"{BACKUP} is running: {since}", H1="strongly_supports"),
        _fact(memory, f"redis.mem.used of redis-reco is {moving}", H1="strongly_supports"),
        _fact(rollouts, "redis-reco is not among the rollouts", H2="strongly_contradicts"),
    ]
    return completion(call("weigh_evidence", facts=facts, new_hypotheses=[]))


def _fact(step: int, statement: str, **verdicts: str) -> dict[str, Any]:
    said = [{"hypothesis": h, "verdict": v} for h, v in verdicts.items()]
    return {"step": step, "statement": statement, "verdicts": said}


def _conclude(body: Body) -> web.StreamResponse:
    known = re.findall(r"^\[(\d+)\] s(\d+): (.*) \(H1 ", told(body), re.MULTILINE)
    chain = [{"text": text, "citations": [int(number)]} for number, _, text in known]
    invented = {"text": "redis-reco was struck by 7777 lightnings", "citations": [int(known[0][0])]}
    jobs = looked(body, "kubernetes_jobs")
    mend = change(
        kind="suspend_job",
        name=BACKUP,
        target_kind="cronjob",
        given={},
        step=jobs,
    )
    report = conclusion(
        headline=f"{BACKUP} competes with redis-reco for memory",
        chain=[*chain, invented],
        changes=[mend],
    )
    return completion(call("conclude", **report))


def test_a_model_investigates_and_its_fix_goes_the_same_way(postgres_server: str) -> None:
    with serving() as server, night(postgres_server, server) as stage:
        server.script = thinker
        engineer = stage.person(ENGINEER)
        ts = engineer.alert()["ts"]
        button = engineer.waits_for_button("approve_change", ts)
        case = stage.case(1)
        finding = case.finding
        assert finding is not None
        assert (finding.ending, finding.entity) == (Ending.CAUSE_FOUND, BACKUP)
        assert finding.reasoner == case.investigation.reasoner == MODEL
        assert finding.struck == 1
        report = plain(engineer.waits_for("Cause found", ts))
        assert f"Written by AI ({MODEL})" in report
        assert "lightnings" not in report
        assert len(re.findall(r"\[\d+\]", report)) >= 2
        status, page = stage.evidence_page(case, finding.chain[0].citations[0])
        assert (status, BACKUP in page) == (200, True)
        looked = {s.check.key for s in case.steps if s.round == 1}
        assert len([key for key in looked if MEMORY in key or LATENCY in key]) == 2
        assert case.proposals[0].change.kind is ChangeKind.SUSPEND_JOB
        assert stage.changes() == []
        assert engineer.approves(button).ok
        engineer.waits_for("Applied.", ts)
        assert stage.object("CronJob", BACKUP)["spec"]["suspend"] is True
        assert KEY not in stage.bot.tail(1_000_000)
        prompts = "\n".join(told(body) for body in server.requests)
        for secret in ("sandbox-read", "sandbox-write", "xoxb-", "xapp-", KEY):
            assert secret not in prompts


def test_when_the_model_fails_for_good_midway_the_rules_end_the_story(
    postgres_server: str,
) -> None:
    def fails(body: Body) -> web.StreamResponse:
        if "Hand in propose_hypotheses" in body["messages"][-1]["content"]:
            return thinker(body)
        return error(503, "overloaded", headers={"Retry-After": "3600"})

    with serving() as server, night(postgres_server, server) as stage:
        server.script = fails
        engineer = stage.person(ENGINEER)
        ts = engineer.alert()["ts"]
        said = plain(engineer.waits_for("cannot go on", ts))
        assert MODEL in said
        assert "The rules take over from the evidence so far" in said
        engineer.waits_for_button("approve_change", ts)
        case = stage.case(1)
        assert case.finding is not None
        assert (case.finding.ending, case.finding.reasoner) == (Ending.CAUSE_FOUND, "rules")
        assert BACKUP in case.finding.headline
        asked = [s.check.key for s in case.steps]
        assert len(asked) == len(set(asked))
        assert any(MEMORY in key for key in asked)
        assert "Written by AI (rules)" in "\n".join(engineer.said(ts))


def test_a_question_is_answered_by_the_model_after_a_look_up(postgres_server: str) -> None:
    def answers(body: Body) -> web.StreamResponse:
        if "s1 datadog_service" not in told(body):
            return completion(call("datadog_service", service="cart", why="who owns it", tells=[]))
        return completion(call("answer", text="cart belongs to the payments team [1]."))

    with (
        serving() as server,
        scene(
            postgres_server,
            settings={
                "OPENAI_API_KEY": KEY,
                "OPENAI_BASE_URL": server.url,
                "OPENAI_MODEL": MODEL,
            },
            posts_alerts=False,
        ) as stage,
    ):
        server.script = answers
        engineer = stage.person(ENGINEER)
        ts = engineer.posts("<@U0SREBOT> who looks after cart?")
        engineer.waits_for("cart belongs to the payments team", ts)
        case = stage.case(1)
        assert case.investigation.reasoner == MODEL
        assert stage.evidence_page(case, 1)[0] == 200

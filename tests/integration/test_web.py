"""The pages, health and metrics, over a real database."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from agent.model import (
    Approval,
    Budget,
    Change,
    ChangeKind,
    Check,
    Claim,
    Decision,
    Ending,
    Entity,
    Evidence,
    Expectation,
    Finding,
    Hypothesis,
    HypothesisStatus,
    InvestigationStatus,
    Note,
    Outcome,
    OutcomeStatus,
    Plan,
    Proposal,
    ProposalStatus,
    Reading,
    Series,
    SignalAfter,
    Spent,
    Step,
    Triage,
    Window,
)
from agent.model.changes import Comparison
from agent.ports import Exchange
from agent.store.engine import create_engine
from agent.store.repository import Store
from bot.web import metrics
from bot.web.app import create_app
from bot.web.headers import POLICY
from tests.integration.test_store_cases import NOW, signal

RAW = '{"series": [1, 2],  "note": "kept as it was"}'
EVIL = "<script>alert('x')</script>"
READY = {"database": True, "slack": False}


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(store) as found:
        yield found


def browsing(store: Store, **options: object) -> httpx.AsyncClient:
    app = create_app(store, ready=lambda: READY, **options)  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")


async def opened(store: Store, key: str = "datadog:1", **changes: object) -> int:
    triage = Triage(decision=Decision.INVESTIGATE, reason="A tier-1 service in production.")
    found, _ = await store.investigations.open(signal(key, **changes), triage, Budget(), key, NOW)
    return found.id


def reading(**changes: object) -> Reading:
    values = {
        "source": "datadog",
        "query": "avg:redis.mem.used{*}",
        "observation": f"memory 15.2 GiB of 16 GiB {EVIL}",
        "series": (Series(metric="redis.mem.used", points=((0.0, 1.0), (60.0, 2.0))),),
        "raw": RAW,
        "link": "https://app.datadoghq.com/x",
        "window": Window(start=NOW - timedelta(hours=1), end=NOW),
    }
    return Reading.model_validate(values | changes)


async def investigated(store: Store) -> int:
    """A whole investigation, closed, with one applied proposal."""
    number = await opened(store, text=EVIL)
    cases = store.cases
    check = Check(
        tool="datadog_metrics", arguments={"query": "q"}, reason="how full", tells=("H1",)
    )
    await cases.save_step(
        number, Step(number=1, round=0, check=check, reading=reading(), started_at=NOW, seconds=0.2)
    )
    await cases.save_step(
        number,
        Step(
            number=2,
            round=1,
            check=Check(tool="kubernetes_events"),
            status="denied",
            error="Kubernetes does not let srebot see events (403)",
            started_at=NOW,
            seconds=1.5,
        ),
    )
    board = (
        Hypothesis(id="H1", mode="m", statement="redis-reco is full", log_odds=3.0),
        Hypothesis(
            id="H2",
            mode="n",
            statement="a bad rollout",
            log_odds=-4,
            status=HypothesisStatus.RULED_OUT,
        ),
    )
    await cases.save_hypotheses(number, 1, board)
    evidence = Evidence(
        number=3,
        step=1,
        statement="redis-reco used 15.2 GiB of 16 GiB",
        weights={"H1": 2.0, "H2": -1.0},
        source="datadog",
        link="javascript:alert(1)",
        read_at=NOW,
    )
    await cases.save_evidence(number, (evidence,))
    finding = Finding(
        ending=Ending.CAUSE_FOUND,
        headline="Memory pressure in redis-reco",
        entity="redis-reco",
        confidence=0.9,
        chain=(Claim(text="redis-reco is full", citations=(3,)),),
        unseen=("events of production (403)",),
        reasoner="rules",
        struck=2,
    )
    await cases.save_finding(number, finding)
    await cases.add_note(number, Note(user="U0ENGINEER", text="try the backup", at=NOW))
    head = await store.investigations.get(number)
    spent = Spent(seconds=42, tool_calls=2, prompt_tokens=700, completion_tokens=300, usd=0.25)
    await cases.save_investigation(
        head.model_copy(
            update={
                "spent": spent,
                "reasoner": "rules",
                "status": InvestigationStatus.CLOSED,
                "ended_at": NOW + timedelta(minutes=5),
            }
        )
    )
    await applied(store, number)
    await store.feedback.add("U0LEAD", "finding", str(number), "right", "well seen", NOW)
    return number


async def applied(store: Store, number: int) -> UUID:
    target = Entity(name="redis-reco", kind="statefulset", namespace="production")
    plan = Plan(
        diff="--- now\n+++ then\n-  memory: 16Gi\n+  memory: 24Gi\n",
        target_uid="u",
        resource_version="1",
        summary="memory limit of redis-reco: 16Gi -> 24Gi",
        risk="its pod restarts",
        way_back=Change(kind=ChangeKind.ROLLBACK, target=target, arguments={"revision": 3}),
    )
    proposal = Proposal(
        id=uuid4(),
        investigation=number,
        change=Change(kind=ChangeKind.RESOURCES, target=target),
        plan=plan,
        environment="production",
        policy_version="1",
        created_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        expectation=Expectation(
            criterion="latency is back below 2 for 2 minutes.", horizon_seconds=720
        ),
    )
    await store.proposals.add(proposal)
    approval = Approval(
        proposal=proposal.id,
        digest=proposal.digest,
        approved=True,
        user="U0LEAD",
        reason="go ahead",
        decided_at=NOW,
    )
    await store.approvals.record(approval)
    await store.proposals.set_status(proposal.id, ProposalStatus.APPLIED)
    outcome = Outcome(
        proposal=proposal.id,
        status=OutcomeStatus.RECOVERED,
        statement="The latency is back at its baseline",
        signals=(SignalAfter(name="latency", query="q", before=2.3, after=None, good=None),),
        observed_at=NOW,
        watched_seconds=900,
        against=(
            Comparison(signal="latency", before=2.3, after=0.9, low=2.2, high=2.4, siblings=4),
        ),
    )
    await store.outcomes.add(outcome)
    return proposal.id


class TestHealth:
    async def test_the_process_is_alive_whatever_its_parts(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/healthz")).json() == {"status": "ok"}

    async def test_it_is_ready_when_every_part_is(self, store: Store) -> None:
        states = {"database": True, "slack": False}
        app = create_app(store, ready=lambda: states)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8080"
        ) as client:
            before = await client.get("/readyz")
            states["slack"] = True
            after = await client.get("/readyz")
        assert (before.status_code, before.json()["parts"]["slack"]) == (503, False)
        assert (after.status_code, after.json()["ready"]) == (200, True)


class TestRecord:
    async def test_it_shows_the_whole_investigation(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        number = await investigated(store)
        text = (await client.get(f"/investigations/{number}")).text
        for shown in (
            "Memory pressure in redis-reco",
            "90 %",
            "A tier-1 service in production.",
            "events of production (403)",
            "2 unsupported sentences struck",
            "a bad rollout",
            "redis-reco used 15.2 GiB of 16 GiB",
            "datadog_metrics",
            "does not let srebot see events",
            "memory 15.2 GiB of 16 GiB",
            "try the backup",
            "memory limit of redis-reco: 16Gi -&gt; 24Gi",
            "its pod restarts",
            "by U0LEAD",
            "go ahead",
            "The latency is back at its baseline",
            "latency is back below 2 for 2 minutes.",
            "2.2 to 2.4",
            "4 siblings, 0 earlier days",
            "well seen",
            "42.0 s of 5 min",
            "1,000 of 200,000",
            "$0.25 of $1.00",
            "<svg",
        ):
            assert shown in text, shown

    async def test_a_citation_leads_to_what_it_stands_on(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        number = await investigated(store)
        text = (await client.get(f"/investigations/{number}")).text
        (link,) = set(re.findall(rf'href="(/investigations/{number}/evidence/3)"', text))
        page = await client.get(link)
        assert page.status_code == 200
        for shown in ("avg:redis.mem.used{*}", "2026-11-24 03:00:00 UTC", "kept as it was", "<svg"):
            assert shown in page.text
        assert "javascript:" not in page.text

    async def test_the_stored_answer_comes_byte_by_byte(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        number = await investigated(store)
        for path in ("evidence/3", "steps/1"):
            raw = await client.get(f"/investigations/{number}/{path}?raw=1")
            assert raw.content == RAW.encode()
            assert raw.headers["content-type"] == "text/plain; charset=utf-8"

    async def test_a_step_that_failed_shows_why(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        number = await investigated(store)
        assert "(403)" in (await client.get(f"/investigations/{number}/steps/2")).text

    async def test_text_from_outside_is_never_markup(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        number = await investigated(store)
        for path in ("", "/evidence/3", "/steps/1"):
            assert "<script" not in (await client.get(f"/investigations/{number}{path}")).text

    async def test_one_that_has_just_begun_can_be_read_and_reloads(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        running, closed = await opened(store), await investigated_again(store)
        began = await client.get(f"/investigations/{running}")
        assert began.status_code == 200 and 'http-equiv="refresh"' in began.text
        assert 'http-equiv="refresh"' not in (await client.get(f"/investigations/{closed}")).text

    @pytest.mark.parametrize(
        "path",
        [
            "/investigations/4711",
            "/investigations/99999999999999999999",
            "/investigations/4711/evidence/1",
            "/investigations/x",
            "/nowhere",
            "/static/../app.py",
            "/static/none.css",
        ],
    )
    async def test_what_is_not_there_is_said_in_a_sentence(
        self, client: httpx.AsyncClient, path: str
    ) -> None:
        answer = await client.get(path)
        assert answer.status_code == 404
        assert re.search(r"There is no (investigation|such page)", answer.text)

    async def test_an_unknown_citation_or_step_is_said_in_a_sentence(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        number = await investigated(store)
        cited = await client.get(f"/investigations/{number}/evidence/9")
        step = await client.get(f"/investigations/{number}/steps/9999999999999")
        assert (cited.status_code, step.status_code) == (404, 404)
        assert "has no evidence [9]" in cited.text and "has no step" in step.text


async def investigated_again(store: Store) -> int:
    number = await opened(store, "datadog:2")
    await store.investigations.set_status(number, InvestigationStatus.CLOSED, NOW)
    return number


class TestList:
    async def test_without_any_it_says_how_they_begin(self, client: httpx.AsyncClient) -> None:
        assert "None yet" in (await client.get("/")).text

    async def test_it_shows_the_newest_first_with_what_was_found(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        first, second = await investigated(store), await opened(store, "datadog:9", title="Slow")
        text = (await client.get("/investigations")).text
        assert text.index(f"/investigations/{second}") < text.index(f"/investigations/{first}")
        assert "Memory pressure in redis-reco" in text and "Slow" in text

    async def test_older_ones_are_a_page_further(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        numbers = [await opened(store, f"datadog:{i}") for i in range(53)]
        first = (await client.get("/")).text
        (older,) = re.findall(r'href="(/investigations\?before=\d+)"', first)
        second = (await client.get(older)).text
        shown = [int(n) for n in re.findall(r'href="/investigations/(\d+)"', first + second)]
        assert shown == sorted(numbers, reverse=True)

    @pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "٣"])
    async def test_a_page_that_makes_no_sense_is_the_first(
        self, client: httpx.AsyncClient, before: str
    ) -> None:
        assert (await client.get("/", params={"before": before})).status_code == 200


class TestSafety:
    async def test_no_page_may_load_or_send_anything_elsewhere(
        self, client: httpx.AsyncClient
    ) -> None:
        for path in ("/", "/nowhere", "/healthz", "/static/style.css"):
            headers = (await client.get(path)).headers
            assert headers["content-security-policy"] == POLICY
            assert headers["x-content-type-options"] == "nosniff"

    async def test_pages_need_nothing_from_elsewhere(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        number = await investigated(store)
        for path in ("/", f"/investigations/{number}"):
            text = (await client.get(path)).text
            assert not re.search(r'(?:src|<link[^>]* href)="(?!/static/)', text)
            assert "style=" not in text and "<script" not in text

    @pytest.mark.parametrize("path", ["/", "/investigations/1", "/metrics", "/healthz"])
    async def test_nothing_can_be_written(self, client: httpx.AsyncClient, path: str) -> None:
        assert (await client.post(path)).status_code == 405

    @pytest.mark.parametrize(
        ("host", "given"),
        [
            ("127.0.0.1:8080", True),
            ("localhost:8080", True),
            ("[::1]:8080", True),
            ("10.0.0.7", True),
            ("srebot.example", True),
            ("SREBOT.example:443", True),
            ("rebound.attacker.example", False),
            ("127.0.0.1.attacker.example", False),
            ("[broken", False),
        ],
    )
    async def test_pages_are_given_out_under_its_own_names_only(
        self, store: Store, host: str, given: bool
    ) -> None:
        async with browsing(store, public_url="https://srebot.example/") as client:
            page = await client.get("/", headers={"host": host})
            health = await client.get("/healthz", headers={"host": host})
        assert page.status_code == (200 if given else 421)
        assert health.status_code == 200

    async def test_a_database_that_is_gone_is_said_without_a_trace(self) -> None:
        store = Store(create_engine("postgresql://u:hunter22@127.0.0.1:1/srebot"))
        async with browsing(store) as client:
            answer = await client.get("/")
            assert (await client.get("/healthz")).status_code == 200
        assert answer.status_code == 503
        assert "The database does not answer" in answer.text and "hunter22" not in answer.text

    async def test_other_parts_routes_are_served_as_well(self, store: Store) -> None:
        route = Route("/slack/events", lambda _: PlainTextResponse("ok"), methods=["POST"])
        async with browsing(store, extra_routes=[route]) as client:
            assert (await client.post("/slack/events")).text == "ok"


class TestMetrics:
    async def test_they_count_what_is_stored(self, store: Store, client: httpx.AsyncClient) -> None:
        await investigated(store)
        await opened(store, "datadog:2")
        claimed = await store.messages.claim("m1", "C1", "", "summary")
        await store.messages.sent(claimed.key, "1.1")
        lines = (await client.get("/metrics")).text.splitlines()
        for line in (
            'srebot_investigations_total{ending="cause_found",reasoner="rules"} 1.0',
            'srebot_investigations_open{status="running"} 1.0',
            'srebot_investigation_seconds_bucket{le="30.0"} 0.0',
            'srebot_investigation_seconds_bucket{le="60.0"} 1.0',
            "srebot_investigation_seconds_sum 42.0",
            'srebot_tool_calls_total{status="ok",vendor="datadog"} 1.0',
            'srebot_tool_calls_total{status="denied",vendor="kubernetes"} 1.0',
            'srebot_tool_call_seconds_bucket{le="0.25",vendor="datadog"} 1.0',
            'srebot_tool_call_seconds_count{vendor="kubernetes"} 1.0',
            'srebot_tokens_total{kind="prompt"} 700.0',
            "srebot_model_usd_total 0.25",
            'srebot_proposals{status="applied"} 1.0',
            'srebot_messages{kind="summary",state="sent"} 1.0',
            'srebot_ready{part="slack"} 0.0',
        ):
            assert line in lines, line

    async def test_an_empty_database_has_metrics_too(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/metrics")
        assert answer.status_code == 200 and "srebot_model_usd_total 0.0" in answer.text

    async def test_frequent_scrapes_do_not_count_again(
        self, store: Store, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert 'open{status="running"}' not in (await client.get("/metrics")).text
        await opened(store)
        assert 'open{status="running"}' not in (await client.get("/metrics")).text
        monkeypatch.setattr(metrics, "FRESH_SECONDS", 0.0)
        assert 'open{status="running"} 1.0' in (await client.get("/metrics")).text


def test_the_raw_answer_of_the_tests_is_json_that_pretty_printing_would_change() -> None:
    assert json.dumps(json.loads(RAW), indent=2) != RAW


class TestWhatTheModelWasShown:
    async def shown(self, store: Store, number: int) -> None:
        system = {"role": "system", "content": "You investigate."}
        case = {"role": "user", "content": f"The case {EVIL}"}
        task = {"role": "user", "content": "Weigh step 3."}
        call = {"function": {"name": "weigh_evidence", "arguments": '{"facts": []}'}}
        reply = {"role": "assistant", "content": None, "tool_calls": [call]}
        for position, messages in enumerate(((system, case), (system, case, task))):
            await store.exchanges.record(
                Exchange(
                    investigation=number,
                    number=position + 1,
                    purpose="propose" if position == 0 else "weigh",
                    round=position,
                    model="gpt-x",
                    messages=messages,
                    tools=({"type": "function", "function": {"name": "datadog_logs"}},),
                    reply=reply,
                    spent=Spent(prompt_tokens=1234, completion_tokens=56, usd=0.0123),
                    at=NOW,
                )
            )

    async def test_every_call_is_shown_whole_and_what_was_sent_before_is_folded(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        number = await opened(store)
        await self.shown(store, number)
        text = (await client.get(f"/investigations/{number}/model")).text
        assert "You investigate." in text and "Weigh step 3." in text
        assert "weigh_evidence" in text and "datadog_logs" in text
        assert "1,234 tokens in" in text and "$0.0123" in text
        assert text.count("as before") == 2
        assert EVIL not in text

    async def test_the_record_leads_there(self, store: Store, client: httpx.AsyncClient) -> None:
        number = await opened(store)
        assert "/model" not in (await client.get(f"/investigations/{number}")).text
        await self.shown(store, number)
        assert "(2 calls)" in (await client.get(f"/investigations/{number}")).text

    async def test_where_no_model_thought_it_says_so(
        self, store: Store, client: httpx.AsyncClient
    ) -> None:
        number = await opened(store)
        answer = await client.get(f"/investigations/{number}/model")
        assert "the rules did all the thinking" in answer.text
        assert (await client.get("/investigations/404/model")).status_code == 404

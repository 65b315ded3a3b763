"""The PagerDuty integration over the wire, against the sandbox's API."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime

import pytest

import integrations.text
from agent.errors import AccessDenied, NotFound, Unreachable
from agent.knowledge.facts import ChangeType
from agent.model.pages import PageEventKind, PageRequest
from integrations.pagerduty.client import PagerDutyClient
from integrations.pagerduty.graph import PagerDutyGraph, builder
from integrations.pagerduty.pager import PagerDutyPager
from integrations.pagerduty.probe import probe
from integrations.pagerduty.tools import PagerDutyTools
from sandbox.pagerduty.api import create_app
from sandbox.rate_limit import RateLimit
from tests.unit.sandbox.datadog.fake_world import NOW, FakeWorld
from tests.unit.sandbox.datadog.serving import served

TOKEN = "sandbox-pd-token"
KEY_OF_AUTH = "psauth1-key"


@pytest.fixture(autouse=True)
def present(monkeypatch: pytest.MonkeyPatch) -> None:
    def now() -> datetime:
        return NOW

    monkeypatch.setattr(integrations.text, "utc_now", now)
    monkeypatch.setattr(builder, "utc_now", now)


@pytest.fixture
def url() -> Iterator[str]:
    with served("/pagerduty", create_app(FakeWorld())) as address:
        yield address


def connected(url: str, token: str = TOKEN, **options: object) -> PagerDutyClient:
    return PagerDutyClient(
        token,
        sender="mira@sundial.example",
        url=url,
        events_url=url,
        **options,  # type: ignore[arg-type]
    )


@pytest.fixture
def tools(url: str) -> PagerDutyTools:
    return PagerDutyTools(connected(url))


async def test_incidents_come_with_their_notes(tools: PagerDutyTools) -> None:
    reading = await tools.pagerduty_incidents()
    assert [(i["number"], i["status"], i["notes"]) for i in reading.data["incidents"]] == [
        (41, "triggered", []),
        (40, "resolved", ["Restarted the pool."]),
    ]
    assert "Restarted the pool." in reading.observation


async def test_incidents_are_narrowed_by_service_and_status(tools: PagerDutyTools) -> None:
    reading = await tools.pagerduty_incidents("auth", statuses="resolved")
    assert [i["service"] for i in reading.data["incidents"]] == ["auth"]
    assert (await tools.pagerduty_incidents("auth", statuses="triggered")).data["incidents"] == []


async def test_on_call_is_in_order_of_escalation(tools: PagerDutyTools) -> None:
    people = (await tools.pagerduty_oncall("cart")).data["people"]
    assert [(p["level"], p["name"]) for p in people] == [(1, "Mira Okafor"), (2, "Jonas Weber")]
    assert people[0]["email"] == "mira@sundial.example"


async def test_changes_of_a_service(tools: PagerDutyTools) -> None:
    changes = (await tools.pagerduty_changes("cart")).data["changes"]
    assert [c["summary"] for c in changes] == ["Deploy cart 1.2"]
    with pytest.raises(NotFound, match="no service nope"):
        await tools.pagerduty_changes("nope")


def wanted(service: str = "cart", key: str = "srebot-7", **more: object) -> PageRequest:
    return PageRequest(
        **{
            "service": service,
            "summary": "Carts fail",
            "key": key,
            "details": {"Finding": "Carts fail", "Because": ["the pool is empty (x/evidence/1)"]},
            "links": (("https://slack.example/p1", "Decide in the thread"),),
            **more,  # type: ignore[arg-type]
        }
    )


WAYS = pytest.mark.parametrize("keys", [{}, {"auth": KEY_OF_AUTH}], ids=["REST", "Events"])


@WAYS
async def test_a_key_pages_once(url: str, keys: dict[str, str]) -> None:
    client = connected(url, routing_keys=keys)
    pager = PagerDutyPager(client)
    first = await pager.page(wanted("auth"))
    assert first.opened
    assert first.link.startswith("https://")
    assert await pager.page(wanted("auth")) == first
    assert await pager.find("srebot-7") == first
    assert len(await client.incidents_of_key("srebot-7")) == 1


async def test_the_evidence_goes_with_the_page(url: str) -> None:
    client = connected(url, routing_keys={"auth": KEY_OF_AUTH})
    sent = await PagerDutyPager(client).page(wanted("auth"))
    (alert,) = await client.entries(f"incidents/{sent.incident}/alerts", "alerts")
    assert alert["body"]["details"]["Because"] == ["the pool is empty (x/evidence/1)"]


async def test_an_open_incident_of_the_service_is_not_paged_for_again(url: str) -> None:
    """cart has one open already, as seeded."""
    client = connected(url)
    sent = await PagerDutyPager(client).page(wanted("cart"))
    assert not sent.opened
    assert await client.incidents_of_key("srebot-7") == []


async def test_a_service_that_pagerduty_does_not_know_cannot_be_paged(url: str) -> None:
    with pytest.raises(NotFound):
        await PagerDutyPager(connected(url)).page(wanted("nope"))


async def test_a_note_is_written_once(url: str) -> None:
    client = connected(url)
    pager = PagerDutyPager(client)
    sent = await pager.page(wanted("auth"))
    for _ in range(2):
        await pager.note(sent.incident, "The fix was applied.\n")
    assert await client.notes(sent.incident) == ["The fix was applied.\n"]


@WAYS
async def test_what_was_opened_can_be_resolved_and_once_more_changes_nothing(
    url: str, keys: dict[str, str]
) -> None:
    client = connected(url, routing_keys=keys)
    pager = PagerDutyPager(client)
    sent = await pager.page(wanted("auth"))
    for _ in range(2):
        await pager.resolve("auth", sent.incident, "srebot-7")
    assert (await client.incident(sent.incident))["status"] == "resolved"
    kinds = [e.kind for e in await pager.events(sent.incident)]
    assert kinds == [PageEventKind.RESOLVED]


async def test_what_people_do_is_read_from_the_log(url: str) -> None:
    client = connected(url)
    pager = PagerDutyPager(client)
    sent = await pager.page(wanted("auth"))

    async def put(**fields: object) -> None:
        body = {"type": "incident", **fields}
        await client._vendor.write(
            "it", lambda: client._session().rput(f"incidents/{sent.incident}", json=body)
        )

    await put(status="acknowledged")
    await put(escalation_level=2)
    await client.add_note(sent.incident, "I am on it")
    events = {e.kind: e for e in await pager.events(sent.incident)}
    assert set(events) == {
        PageEventKind.ACKNOWLEDGED,
        PageEventKind.ESCALATED,
        PageEventKind.ANNOTATED,
    }
    assert events[PageEventKind.ACKNOWLEDGED].who == "Mira Okafor"
    assert events[PageEventKind.ESCALATED].to == ("Jonas Weber",)
    note = events[PageEventKind.ANNOTATED]
    assert (note.who, note.note) == ("Mira Okafor", "I am on it")
    assert note.number


async def test_a_wrong_token_is_a_refusal(url: str) -> None:
    client = connected(url, token="wrong")
    with pytest.raises(AccessDenied):
        await PagerDutyTools(client).pagerduty_incidents()
    assert [p.ok for p in await probe(client)] == [False]
    assert all(p.ok for p in await probe(connected(url)))


async def test_a_rate_limit_does_not_hold_a_thread_for_ever() -> None:
    app = create_app(FakeWorld(), rate_limit=RateLimit(requests=1, period_seconds=60))
    with served("/pagerduty", app) as url:
        client = connected(url)
        await client.entries("services", "services")
        with pytest.raises(Unreachable):
            await client.entries("services", "services")


async def test_the_graph_has_teams_and_escalation(url: str) -> None:
    seen = await PagerDutyGraph(connected(url)).build()
    ties = {(r.source, r.kind, r.target) for r in seen.relations}
    assert ("-/team/payments", "owns", "production/service/cart") in ties
    policy = next(e for e in seen.entities if e.name == "Payments escalation")
    assert (policy.key, "escalates", "production/service/cart") in ties
    assert ("-/team/payments", "owns", policy.key) in ties
    assert policy.properties["on_call"][0]["name"] == "Mira Okafor"
    assert policy.properties["levels"][0]["minutes"] == 30


async def test_the_graph_has_what_services_and_business_services_stand_on(url: str) -> None:
    seen = await PagerDutyGraph(connected(url)).build()
    ties = {(r.source, r.target): r for r in seen.relations if r.kind == "depends_on"}
    technical = ties[("production/service/cart", "production/service/redis")]
    assert technical.evidence.startswith("http")
    business = next(e for e in seen.entities if e.kind == "business_service")
    assert any(source == business.key for source, _ in ties)


async def test_a_service_that_goes_by_another_name_is_known_by_it() -> None:
    world = FakeWorld()
    company = dataclasses.replace(
        world.company,
        services=tuple(
            dataclasses.replace(s, name="Shopping Cart") if s.name == "cart" else s
            for s in world.company.services
        ),
    )
    world.company = company
    with served("/pagerduty", create_app(world)) as url:
        seen = await PagerDutyGraph(connected(url)).build()
    (cart,) = [e for e in seen.entities if e.key == "production/service/shopping-cart"]
    assert cart.properties["also_known_as"] == ["Shopping Cart"]


async def test_change_events_come_once_with_a_key_that_tells_them_apart(url: str) -> None:
    graph = PagerDutyGraph(connected(url))
    first = await graph.build()
    assert first.changes
    assert {c.type for c in first.changes} == {ChangeType.DEPLOY}
    known = {e.key for e in first.entities}
    assert all(c.entity in known and c.key and c.what for c in first.changes)
    assert await graph.build() is not None
    assert len({c.key for c in first.changes}) == len(first.changes)

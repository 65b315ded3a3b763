"""The graph is asked, drawn and corrected on a real PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from agent.answering import answer, illustrate, scene_of
from agent.awareness.intake import accept
from agent.investigation.loop import Investigator
from agent.knowledge.corrections import correct, is_heard
from agent.knowledge.facts import ChangeType, EntityChange, SameAs, Seen
from agent.knowledge.tools import GraphTools
from agent.model import Case, Conversation, Entity, Relation, Signal, SignalKind
from agent.ports import Picture
from agent.reasoning.rules import Rules
from agent.store.repository import Store
from agent.tools import Registry
from tests.integration.fake_house import FakeNotifier, Outside, alert, outside

THREAD = Conversation(channel="C1", thread="1.0")
_CITED = re.compile(r"\[(\d+)\]")


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def service(name: str, **facts: object) -> Entity:
    return Entity(
        name=name,
        namespace="production",
        environment="production",
        properties={"tier": "1", **facts},
    )


def tie(
    source: str, target: str, origin: str, kind: str = "depends_on", **more: object
) -> Relation:
    values = {
        "source": source if "/" in source else f"production/service/{source}",
        "target": f"production/service/{target}",
        "kind": kind,
        "origin": origin,
        "evidence": f"as {origin} shows",
        "confidence": 0.9,
        "first_seen": now() - timedelta(days=2),
        "last_confirmed": now(),
    }
    return Relation.model_validate(values | more)


async def fill(store: Store) -> None:
    names = ("gateway", "checkout", "cart", "session", "auth", "auth-db", "redis-reco", "search")
    team = Entity(name="identity", kind="team")
    platform = Entity(name="platform", kind="team")
    await store.graph.take(
        "kubernetes",
        Seen(
            entities=tuple(service(n) for n in names),
            relations=(
                tie(
                    "cart",
                    "redis-reco",
                    "kubernetes",
                    evidence="REDIS_URL in ConfigMap cart-config",
                ),
                tie("session", "redis-reco", "kubernetes"),
                tie("checkout", "cart", "kubernetes"),
                tie("gateway", "checkout", "kubernetes"),
                tie("gateway", "auth", "kubernetes"),
                tie("auth", "auth-db", "kubernetes"),
            ),
        ),
    )
    await store.graph.take(
        "datadog",
        Seen(
            entities=(service("cart"), service("redis-reco"), team, platform),
            relations=(
                tie("cart", "redis-reco", "datadog", evidence="https://dd.example/cart"),
                tie("-/team/platform", "auth-db", "datadog", "owns"),
            ),
        ),
    )
    await store.graph.take(
        "runbook",
        Seen(
            entities=(),
            relations=(tie("search", "redis-reco", "runbook", confidence=0.5),),
            complete=False,
        ),
    )
    await store.graph.record(
        [
            EntityChange(
                at=now() - timedelta(minutes=20),
                entity="production/service/auth",
                type=ChangeType.ROLLOUT,
                what="image of auth: 5.8.0 -> 5.8.1",
                origin="kubernetes",
            )
        ]
    )


@dataclass
class Notifier(FakeNotifier):
    """Keeps pictures as well."""

    shown: dict[str, tuple[bytes, str, str]] = field(default_factory=dict)
    refusals: list[Exception] = field(default_factory=list)

    async def pictures(
        self, conversation: Conversation, key: str, pictures: Sequence[Picture]
    ) -> None:
        """Keep it once."""
        if self.refusals:
            raise self.refusals.pop(0)
        (picture,) = pictures
        self.shown.setdefault(key, (picture.png, picture.title, picture.alt))


@dataclass
class Asking:
    """A house that answers from a filled graph."""

    world: Outside
    notifier: Notifier

    async def ask(self, text: str, key: str = "") -> tuple[str, Case]:
        house = self.world.house
        question = alert(
            key=key or f"slack:C1:{text}",
            kind=SignalKind.QUESTION,
            title=text,
            service="",
            environment="",
            fingerprint="",
            occurred_at=now(),
        )
        accepted = await accept(house.store, question, house.clock, house.terms.bounds)
        assert accepted.investigation is not None
        flow = self.world.workflow()
        said = await answer(house, accepted.investigation, flow)
        await illustrate(house, accepted.investigation, flow)
        return said, await house.store.cases.load(accepted.investigation)

    async def says(self, text: str, link: str = "https://slack.example/p1") -> str:
        signal = Signal(
            key=f"slack:C1:{text}",
            kind=SignalKind.CORRECTION,
            source="slack",
            title=text,
            text=text,
            occurred_at=now(),
            link=link,
            requested_by="U-engineer",
            conversation=THREAD,
        )
        return await correct(self.world.house, signal)


@pytest.fixture
async def asking(store: Store) -> Asking:
    await fill(store)
    world, notifier, rules = outside(store), Notifier(), Rules()
    investigator = Investigator(
        Registry([GraphTools(store)]),
        rules,
        rules,
        store.cases,
        store.memory,
        notifier,
        world.house.clock,
    )
    object.__setattr__(world.house, "investigator", investigator)
    object.__setattr__(world.house, "notifier", notifier)
    world.clock.at = now()
    return Asking(world, notifier)


async def test_what_depends_on_it_is_answered_and_the_citation_holds_the_facts(
    asking: Asking,
) -> None:
    said, case = await asking.ask("what depends on redis-reco?")
    assert "cart (tier 1) and session (tier 1) depend directly on redis-reco [1]." in said
    assert "Through them also: checkout and gateway [1]." in said
    assert "search (tier 1): tentative: only a runbook says so" in said
    assert {int(n) for n in _CITED.findall(said)} == {e.number for e in case.evidence}
    (step,) = await asking.world.store.cases.load_steps(case.investigation.id)
    assert step.reading is not None
    assert "REDIS_URL in ConfigMap cart-config" in step.reading.raw


async def test_the_answer_is_illustrated_once_with_what_it_cites(asking: Asking) -> None:
    _, case = await asking.ask("what depends on redis-reco?")
    ((png, title, alt),) = asking.notifier.shown.values()
    assert png.startswith(b"\x89PNG")
    assert title == "What depends on redis-reco"
    assert "cart → redis-reco" in alt
    assert "search → redis-reco (tentative)" in alt
    scene = scene_of(case)
    assert scene is not None
    assert {n.name for n in scene.nodes} == {
        "redis-reco",
        "cart",
        "session",
        "search",
        "checkout",
        "gateway",
    }


async def test_an_answer_that_draws_nothing_has_no_picture(asking: Asking) -> None:
    said, _ = await asking.ask("what depends on no-such-thing?")
    assert said.startswith("I know nothing called “no-such-thing”.")
    assert asking.notifier.shown == {}


async def test_a_picture_that_fails_takes_nothing_away(asking: Asking) -> None:
    asking.notifier.refusals = [ValueError("no colours left")]
    said, _ = await asking.ask("what depends on redis-reco?")
    assert "depend directly on redis-reco" in said
    assert asking.notifier.shown == {}


async def test_a_picture_that_did_not_get_through_is_tried_again(asking: Asking) -> None:
    asking.notifier.refusals = [ConnectionError("reset")]
    await asking.ask("what depends on redis-reco?")
    assert len(asking.notifier.shown) == 1


async def test_changes_since_a_moment_are_told(asking: Asking) -> None:
    said, _ = await asking.ask("what changed around auth-db in the last hour?")
    assert "image of auth: 5.8.0 -> 5.8.1 (Kubernetes) [1]" in said
    said, _ = await asking.ask("what changed around auth-db in the last 10 minutes?")
    assert "Nothing changed around auth-db in the last 10 minutes [1]." in said


async def test_an_unknown_name_brings_the_close_ones(asking: Asking) -> None:
    said, _ = await asking.ask("what depends on redis-rec?")
    assert "Did you mean redis-reco?" in said
    said, _ = await asking.ask("who owns chekout?")
    assert "Did you mean checkout?" in said


async def test_a_correction_outranks_the_sources_and_is_told_with_what_was_believed(
    asking: Asking,
) -> None:
    told = await asking.says("cart no longer uses redis-reco")
    assert told.startswith("Noted, by your word: cart no longer uses redis-reco.")
    assert "Before, I believed that cart uses redis-reco" in told
    assert "Kubernetes (last confirmed" in told
    assert "Datadog (last confirmed" in told
    assert told.endswith("To take it back, say: cart uses redis-reco")
    said, _ = await asking.ask("what depends on redis-reco?")
    assert "session (tier 1) depends directly on redis-reco [1]." in said
    assert "Not counted: cart → redis-reco" in said
    assert "checkout" not in said
    why, _ = await asking.ask("why do you think cart uses redis-reco?")
    assert "An engineer: says that it is not so: https://slack.example/p1" in why
    (entry,) = [e for e in await asking.world.store.audit.entries() if e.action == "correction"]
    assert (entry.actor, entry.details["evidence"]) == ("U-engineer", "https://slack.example/p1")


async def test_a_correction_can_be_taken_back_by_the_words_it_names(asking: Asking) -> None:
    told = await asking.says("cart no longer uses redis-reco")
    back = await asking.says(told.rpartition("say: ")[2], "https://slack.example/p2")
    assert back.startswith("Noted, by your word: cart uses redis-reco.")
    said, _ = await asking.ask("what depends on redis-reco?")
    assert "cart (tier 1) and session (tier 1) depend directly on redis-reco [1]." in said


async def test_a_relation_that_nobody_knew_is_added(asking: Asking) -> None:
    told = await asking.says("search uses auth-db")
    assert "Before, I knew nothing of search and auth-db." in told
    said, _ = await asking.ask("what depends on auth-db?")
    assert "search" in said


async def test_an_owner_is_corrected_and_the_former_one_named(asking: Asking) -> None:
    told = await asking.says("auth-db belongs to identity")
    assert "auth-db belongs to team identity" in told
    assert "Before, I believed that it belongs to team platform" in told
    said, _ = await asking.ask("who owns auth-db?")
    assert "auth-db belongs to team identity, tier 1 [1]." in said
    await asking.says(told.rpartition("say: ")[2], "https://slack.example/p3")
    said, _ = await asking.ask("who owns auth-db?", "again")
    assert "auth-db belongs to team platform, tier 1 [1]." in said


async def test_two_names_become_one_thing_and_two_again(asking: Asking) -> None:
    graph = asking.world.store.graph
    await graph.take("pagerduty", Seen(entities=(service("basket"),), relations=(), complete=True))
    assert "basket is the same as cart" in await asking.says("basket is the same as cart")
    assert (await graph.get("production/service/basket")).name == "cart"  # type: ignore[union-attr]
    told = await asking.says("basket is not cart")
    assert "Before, I took them for one (an engineer" in told
    assert (await graph.get("production/service/basket")).name == "basket"  # type: ignore[union-attr]
    assert "Nothing was changed" in await asking.says("basket is not cart")


async def test_a_merge_by_a_source_is_undone_with_its_reason_told(asking: Asking) -> None:
    graph = asking.world.store.graph
    same = SameAs(
        alias="production/service/basket",
        canonical="production/service/cart",
        origin="pagerduty",
        reason="its description names cart",
        at=now(),
    )
    await graph.take("pagerduty", Seen(entities=(service("basket"),), same=(same,)))
    told = await asking.says("basket is not cart")
    assert "Before, I took them for one (PagerDuty, its description names cart)." in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("carrt no longer uses redis-reco", "Did you mean cart?"),
        ("cart uses redis-rec0", "Did you mean redis-reco?"),
        ("auth-db belongs to nobody-knows", "I know no team called “nobody-knows”."),
    ],
)
async def test_an_unknown_name_changes_nothing(asking: Asking, text: str, words: str) -> None:
    told = await asking.says(text)
    assert words in told
    assert told.endswith("Nothing was changed.")
    assert not [e for e in await asking.world.store.audit.entries() if e.action == "correction"]


async def test_what_is_no_correction_is_answered_with_examples(asking: Asking) -> None:
    assert "cart no longer uses redis-reco" in await asking.says("hm, well")


async def test_corrections_are_heard_for_a_while_after_an_answer(asking: Asking) -> None:
    _, case = await asking.ask("what depends on redis-reco?")
    done = case.investigation.model_copy(update={"ended_at": now()})
    assert is_heard(case.investigation, now(), 60)
    assert is_heard(done, now() + timedelta(seconds=59), 60)
    assert not is_heard(done, now() + timedelta(seconds=90), 60)

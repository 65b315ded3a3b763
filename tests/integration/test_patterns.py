"""Patterns on a real PostgreSQL: found by words, features and meaning; disputed, edited, merged, split, tried first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from agent.errors import NotFound, SrebotError
from agent.learning.keeping import PatternKeeping
from agent.model import EntityNote, Pattern, PatternState, Probe
from agent.store.patterns import ENGINEER
from agent.store.recalling import Wanted
from agent.store.repository import Store
from bot.clock import SystemClock
from tests.integration.test_web import browsing

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
POOL_FEATURES = (
    "alert:failure",
    "alerted:service",
    "uses:database",
    "signal:alerted hikaricp.connections.active up",
    "log:alerted connection is not available request timed out",
)


def pattern(investigation: int, **changes: object) -> Pattern:
    values: dict[str, object] = {
        "symptoms": ("Login failures on auth", "the pool of auth is at 95/100"),
        "mode": "connection_pool_exhaustion",
        "entity": "auth",
        "entity_kind": "deployment",
        "environment": "production",
        "alerted": "auth",
        "role": "alerted",
        "features": POOL_FEATURES,
        "probes": (Probe(tool="datadog_metrics", arguments={"query": "{alerted}"}, weight=3.0),),
        "tool_calls": 42,
        "investigation": investigation,
        "last_seen": NOW,
    }
    return Pattern.model_validate(values | changes)


async def test_it_is_kept_whole(store: Store) -> None:
    kept = await store.patterns.learn(pattern(1))
    assert kept == pattern(1, id=kept.id)
    assert await store.patterns.get(kept.id) == kept


async def test_symptoms_alike_are_found_where_no_name_is_the_same(store: Store) -> None:
    await store.patterns.learn(pattern(1))
    await store.patterns.learn(
        pattern(
            2,
            mode="disk_full",
            entity="kafka",
            alerted="kafka",
            symptoms=("Disk of kafka is nearly full",),
            features=("alert:disk", "alerted:queue"),
        )
    )
    asked = ("alert:error", "alerted:service", "uses:database", POOL_FEATURES[3])
    found = await store.patterns.recall(
        Wanted(text="Order errors", features=asked, entity="orders")
    )
    assert [p.entity for p in found] == ["auth"]
    assert "hikaricp.connections.active of the alerted service went up" in found[0].why
    assert 0.0 < found[0].likeness < 1.0


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE patterns; --", "a & | ! (", '"', "-- or not", "\\"]
)
async def test_words_of_an_alert_are_no_query_language(store: Store, text: str) -> None:
    await store.patterns.learn(pattern(1))
    await store.patterns.recall(Wanted(text=text))
    assert len(await store.patterns.list()) == 1


async def test_by_meaning_the_nearest_comes_first(store: Store) -> None:
    near = await store.patterns.learn(pattern(1))
    far = await store.patterns.learn(pattern(2, entity="orders", alerted="orders"))
    await store.embeddings.keep(near, "m", (1.0, 0.1))
    await store.embeddings.keep(far, "m", (0.0, 1.0))
    found = await store.patterns.recall(Wanted(vector=(1.0, 0.0), model="m"))
    assert [p.id for p in found] == [near.id, far.id]
    assert await store.patterns.recall(Wanted(vector=(1.0, 0.0), model="another")) == ()


async def test_what_an_engineer_calls_wrong_is_disputed_and_shown(store: Store) -> None:
    kept = await store.patterns.learn(pattern(1))
    await store.feedback.add("U1", "finding", "1", "wrong", "it was DNS", NOW)
    [disputed] = await store.patterns.judge(1, False, ENGINEER)
    assert (disputed.state, disputed.times_wrong) == (PatternState.DISPUTED, 1)
    assert not disputed.speaks
    assert [p.id for p in await store.patterns.list("auth")] == [kept.id]
    await store.patterns.judge(1, True)  # the environment does not outrank a person
    assert (await store.patterns.get(kept.id)).state is PatternState.DISPUTED
    await store.patterns.judge(1, True, ENGINEER)
    assert (await store.patterns.get(kept.id)).state is PatternState.ACTIVE


async def test_a_word_that_came_before_it_was_learnt_counts(store: Store) -> None:
    await store.feedback.add("U1", "finding", "1", "wrong", "", NOW)
    assert (await store.patterns.learn(pattern(1))).state is PatternState.DISPUTED


async def test_what_an_engineer_wrote_is_not_overwritten_by_what_is_learnt(store: Store) -> None:
    kept = await store.patterns.learn(pattern(1))
    edited = kept.model_copy(update={"symptoms": ("logins hang",), "fix_note": "ask identity"})
    await store.pattern_edits.edit(edited, "U1", NOW)
    again = await store.patterns.learn(pattern(2))
    assert (again.symptoms, again.fix_note, again.edited_by) == (
        ("logins hang",),
        "ask identity",
        "U1",
    )
    assert again.times_seen == 2
    [entry, *_] = await store.audit.entries()
    assert (entry.actor, entry.action) == ("U1", "pattern_edited")


async def test_of_two_merged_one_stands_for_both_and_learns_for_both(store: Store) -> None:
    one = await store.patterns.learn(pattern(1))
    other = await store.patterns.learn(pattern(2, entity="orders", alerted="orders"))
    merged = await store.pattern_edits.merge(other.id, one.id, "U1", NOW)
    assert merged.times_seen == 2
    assert set(await store.patterns.sightings(one.id)) == {1, 2}
    assert [p.id for p in await store.patterns.list()] == [one.id]
    again = await store.patterns.learn(pattern(3, entity="orders", alerted="orders"))
    assert (again.id, again.times_seen) == (one.id, 3)
    with pytest.raises(SrebotError):
        await store.pattern_edits.merge(one.id, one.id, "U1", NOW)


async def test_different_causes_are_not_merged(store: Store) -> None:
    one = await store.patterns.learn(pattern(1))
    other = await store.patterns.learn(pattern(2, mode="slow_query", entity="auth-db"))
    with pytest.raises(SrebotError, match="slow_query"):
        await store.pattern_edits.merge(other.id, one.id, "U1", NOW)


async def test_split_holds_what_one_investigation_taught_apart(store: Store) -> None:
    both = await store.patterns.learn(pattern(1))
    await store.patterns.learn(pattern(2))
    apart = pattern(2, features=("alert:failure", "change:alerted rollout"))
    new = await store.pattern_edits.split(both.id, apart, "U1", NOW)
    assert set(await store.patterns.sightings(new.id)) == {2}
    assert set(await store.patterns.sightings(both.id)) == {1}
    again = await store.patterns.learn(apart.model_copy(update={"investigation": 3}))
    assert again.id == new.id
    with pytest.raises(SrebotError, match="cannot be split"):
        await store.pattern_edits.split(both.id, pattern(1), "U1", NOW)


async def test_a_deleted_one_is_kept_and_not_recalled(store: Store) -> None:
    kept = await store.patterns.learn(pattern(1))
    said = await PatternKeeping(store, SystemClock()).retire(kept.id, "U1")
    assert "no longer recalled" in said
    assert await store.patterns.recall(Wanted(text="Login failures", entity="auth")) == ()
    assert (await store.patterns.get(kept.id)).state is PatternState.RETIRED
    assert await store.patterns.learn(pattern(2))
    assert (await store.patterns.get(kept.id)).state is PatternState.RETIRED
    with pytest.raises(NotFound):
        await store.patterns.get(999)


async def test_notes_on_an_entity_are_kept_once_audited_and_removable(store: Store) -> None:
    note = EntityNote(
        entity="production/cache/redis-reco",
        text="always check the  backup job first; password=hunter2hunter2",
        author="U1",
        at=NOW + timedelta(seconds=1),
    )
    assert await store.entity_notes.keep(note, "U2", 7)
    assert not await store.entity_notes.keep(note, "U3", 7)
    [kept] = await store.entity_notes.of([note.entity])
    assert kept.text.startswith("always check the backup job first")
    assert "hunter2" not in kept.text
    assert await store.entity_notes.remove(note.entity, kept.text, "U1", NOW)
    assert await store.entity_notes.of([note.entity]) == ()
    assert [e.action for e in await store.audit.entries()] == ["note_removed", "note_kept"]


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(store) as found:
        yield found


async def test_the_pages_show_them_escaped(store: Store, client: httpx.AsyncClient) -> None:
    kept = await store.patterns.learn(pattern(1, symptoms=("<script>alert(1)</script>",)))
    for path in ("/patterns", "/patterns?text=auth", f"/patterns/{kept.id}"):
        page = await client.get(path)
        assert page.status_code == 200
        assert "connection pool exhaustion at auth" in page.text
        assert "<script>" not in page.text
    assert (await client.get("/patterns/99999999999999999999999")).status_code == 404

"""The benchmark of grounding: what it calls false is false, what it calls true is told by the answer, both are counted."""

from __future__ import annotations

import random
import re

import pytest

from agent.investigation.grounding import Pool, ungrounded
from agent.model import Check, Reading, Step
from benchmarks import hands, paraphrases
from benchmarks.fabrications import PLAIN_WORD, Told, falsehoods
from benchmarks.grounding import HALVES, figures
from benchmarks.scripted_notes import WORDINGS, Hand, facts_of
from tests.unit.agent.investigation.company import login_story
from tests.unit.agent.investigation.house import NOW, House, signal_on

TRUE = Told(
    'redis-reco uses 12.72 GB (79 %), 15 % an hour more, since 06:05 for 25 minutes: "a client is slow today"',
    (1,),
    "as it was",
)
PODS = {
    "pods": [
        {
            "name": "auth-1",
            "node": "ip-10-0-1-11",
            "restarts": 8,
            "started_at": "2026-11-24T02:10:00Z",
        },
        {
            "name": "auth-2",
            "node": "ip-10-0-1-12",
            "restarts": 3,
            "started_at": "2026-11-24T02:40:00Z",
        },
    ]
}
STEP = Step(
    number=1,
    round=0,
    check=Check(tool="t"),
    reading=Reading(source="kubernetes", query="q", observation="", data=PODS),
    started_at=NOW,
)


def test_each_kind_of_falsehood_changes_one_fact() -> None:
    seeds = map(random.Random, range(9))
    made = {f.kind: f.text for seed in seeds for f in falsehoods(TRUE, seed, ["orders-db"])}
    assert len(made) == 14
    for kind, text in made.items():
        words = set(re.findall(r"\S+", TRUE.text)) - set(re.findall(r"\S+", text))
        assert text != TRUE.text
        assert 1 <= len(words) <= (5 if kind == "quotation made up" else 2), (kind, text)
    assert PLAIN_WORD in made


@pytest.mark.parametrize("hand", [hands.DEVELOPMENT, hands.HELD_OUT])
def test_notes_of_an_answer_are_true_in_every_wording(hand: Hand) -> None:
    facts = list(facts_of(STEP))
    notes = [t for f in facts for seed in range(9) for t in hand.sentences(f, seed)]
    assert {f.values["name"] for f in facts} == {"auth-1", "auth-2"}
    assert [t for t in notes if ungrounded(t, Pool.of([STEP]))] == []


@pytest.mark.parametrize("hand", [hands.DEVELOPMENT, hands.HELD_OUT])
def test_a_value_of_another_one_is_struck(hand: Hand) -> None:
    one, other = facts_of(STEP)
    swapped = set(hand.sentences(one.with_values_of(other), 1)) - set(hand.sentences(one, 1))
    assert swapped
    assert all(ungrounded(t, Pool.of([STEP])) for t in swapped)


def test_the_halves_share_no_scenario_no_wording_and_no_way_of_saying() -> None:
    one, other = HALVES
    assert not set(one.scenarios) & set(other.scenarios)
    assert not set(one.ways.values()) & set(other.ways.values())
    for wordings in WORDINGS.values():
        assert not set(wordings["development"]) & set(wordings["held_out"])


def test_paraphrases_leave_quotations_alone() -> None:
    said = [
        t
        for ways in (paraphrases.DEVELOPMENT, paraphrases.HELD_OUT)
        for t in paraphrases.paraphrases(TRUE, ways)
    ]
    assert len({t.text for t in said}) >= 5
    assert all('"a client is slow today"' in t.text for t in said)


async def test_a_report_that_a_story_leads_to_is_measured() -> None:
    signal = signal_on("auth", "alert", fingerprint="1003")
    case = (await House(login_story(), signal).investigate()).case
    found = {f.name: f for f in figures(HALVES[0], [case])}
    assert found["development: true sentences struck"].ok
    assert found["development: made-up facts missed"].value < 4.0
    assert any("time off by an hour" in name for name in found)

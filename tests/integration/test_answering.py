"""Questions are looked up; what an answer cites becomes its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agent.answering import MOST_ROUNDS, answer
from agent.awareness.intake import accept
from agent.errors import ReasonerUnavailable
from agent.model import Case, Check, SignalKind, Step
from agent.ports import Answered
from agent.store.repository import Store
from tests.integration.fake_house import NOW, Hands, Outside, alert, outside

LOOK = Check(tool="datadog_monitors")


class Scripted:
    """A reasoner that answers by a script; what it is shown is kept."""

    def __init__(self, name: str, *script: Answered | Exception) -> None:
        self.name = name
        self.script = list(script)
        self.shown: list[int] = []

    async def answer(self, case: Case, steps: Sequence[Step]) -> Answered:
        """The next line of the script."""
        self.shown.append(len(steps))
        line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(line, Exception):
            raise line
        return line


async def asked(store: Store, model: Any, rules: Any = None) -> tuple[Outside, int]:
    world = outside(store)
    equipment = world.house.investigator.equipment
    world.house.investigator.equipment = equipment._replace(
        reasoner=model, rules=rules or equipment.rules
    )
    question = alert(kind=SignalKind.QUESTION, title="is redis well?", fingerprint="")
    accepted = await accept(store, question, Hands(NOW), world.house.terms.bounds)
    assert accepted.investigation is not None
    return world, accepted.investigation


async def test_what_the_answer_cites_becomes_its_evidence(store: Store) -> None:
    model = Scripted("model", Answered(checks=(LOOK, LOOK)), Answered(text="It alerts. [2]"))
    world, number = await asked(store, model)
    assert await answer(world.house, number, world.workflow()) == "It alerts. [2]"
    case = await store.cases.load(number)
    assert [s.number for s in case.steps] == [1, 2]
    assert [(e.number, e.step) for e in case.evidence] == [(2, 2)]
    assert case.investigation.reasoner == "model"
    assert model.shown == [0, 2]


async def test_when_the_model_is_gone_the_rules_answer_and_go_on_answering(store: Store) -> None:
    model = Scripted("model", ReasonerUnavailable("it is down"))
    rules = Scripted("rules", Answered(checks=(LOOK,)), Answered(text="OK [1]"))
    world, number = await asked(store, model, rules)
    assert await answer(world.house, number, world.workflow()) == "OK [1]"
    assert model.shown == [0], "the model is not asked again"
    assert (await store.investigations.get(number)).reasoner == "rules"


async def test_tools_that_do_not_exist_are_not_called(store: Store) -> None:
    model = Scripted("model", Answered(checks=(Check(tool="kubernetes_delete_everything"),)))
    world, number = await asked(store, model)
    assert "could not find" in await answer(world.house, number, world.workflow())
    assert (await store.cases.load(number)).steps == ()


async def test_one_who_only_ever_looks_things_up_comes_to_an_end(store: Store) -> None:
    model = Scripted("model", Answered(checks=(LOOK,)))
    world, number = await asked(store, model)
    assert "could not find" in await answer(world.house, number, world.workflow())
    assert len(model.shown) == MOST_ROUNDS
    assert len((await store.cases.load(number)).steps) == MOST_ROUNDS - 1, "each look is thought on"


@pytest.mark.parametrize("text", ["Nobody knows. [9]", "[0] [x] []"])
async def test_citations_of_nothing_become_nothing(store: Store, text: str) -> None:
    world, number = await asked(store, Scripted("model", Answered(text=text)))
    assert await answer(world.house, number, world.workflow()) == text
    assert (await store.cases.load(number)).evidence == ()

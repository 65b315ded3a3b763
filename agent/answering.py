"""Answers a question by looking things up: a few rounds of read tools, then an answer whose ``[n]`` are its steps.

An answer from the graph is followed by a picture of the part of the graph that it cites.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

import structlog

from agent.errors import ReasonerUnavailable
from agent.house import House
from agent.knowledge import picture
from agent.knowledge.scenes import Scene
from agent.model import Case, Check, Conversation, Evidence, Step, Value
from agent.ports import Answered, Durable, Picture, Reasoner

MOST_ROUNDS = 4
_LOOK_SECONDS = 30.0
_PICTURE_WAITS = (1.0, 5.0)
"""Seconds before a picture that could not be sent is tried again; for longer it is not waited."""
_CITED = re.compile(r"\[(\d+)\]")
_log = structlog.get_logger(__name__)


class Thinking(Value):
    """What a reasoner made of a question so far, and which one it was."""

    answered: Answered
    reasoner: str


async def answer(house: House, investigation: int, durable: Durable) -> str:
    """The answer to the question of an investigation; its steps are kept, and those it cites become its evidence."""
    case = await durable.step("open-question", lambda: _open(house, investigation))
    steps: tuple[Step, ...] = ()
    reasoner = house.investigator.equipment.reasoner
    for turn in range(1, MOST_ROUNDS + 1):
        thought = await durable.step(f"think-{turn}", _thinking(house, reasoner, case, steps))
        if thought.reasoner != reasoner.name:
            reasoner = house.investigator.equipment.rules
        checks = [
            c
            for c in thought.answered.checks
            if c.tool in house.investigator.equipment.checks.registry
        ]
        if thought.answered.text or not checks or turn == MOST_ROUNDS:
            break
        looked = await durable.step(f"look-up-{turn}", _look(house, case, turn, steps, checks))
        steps = (*steps, *looked)
        case = case.model_copy(update={"steps": steps})
    text = thought.answered.text or "I could not find an answer within a few look-ups."
    await durable.step("keep-answer", lambda: _keep(house, case, steps, text, reasoner.name))
    return text


async def illustrate(house: House, investigation: int, durable: Durable) -> None:
    """Show a picture of what an answer cites of the graph, once; that it fails never takes the answer away.

    Call it when the answer has been said: it stands below it.
    """

    async def show() -> None:
        case = await house.store.cases.load(investigation)
        scene, place = scene_of(case), case.investigation.conversation or case.signal.conversation
        if scene is None or place is None:
            return
        try:
            await _show(house, f"picture-{investigation}", place, scene)
        except Exception:  # a courtesy beside an answer that has been given
            _log.exception("picture_failed", investigation=investigation)

    await durable.step("illustrate", show)


async def _show(house: House, key: str, place: Conversation, scene: Scene) -> None:
    drawn = [Picture(await picture.draw(scene), scene.title, scene.alt)]
    for wait_seconds in _PICTURE_WAITS:
        try:
            await house.notifier.pictures(place, key, drawn)
        except (OSError, TimeoutError):
            await asyncio.sleep(wait_seconds)
        else:
            return
    await house.notifier.pictures(place, key, drawn)


def scene_of(case: Case) -> Scene | None:
    """What the picture of an answer shows: of the look-ups that it cites, the first that drew something worth seeing."""
    cited = {e.step for e in case.evidence}
    for step in case.steps:
        drawn = step.reading.data.get("scene") if step.reading is not None else None
        if drawn and step.number in cited and len(drawn["nodes"]) > 1:
            return Scene.model_validate(drawn)
    return None


async def _open(house: House, investigation: int) -> Case:
    case = await house.store.cases.load(investigation)
    signal = case.signal
    entities, relations = await house.store.memory.around(signal.service, signal.namespace)
    return case.model_copy(update={"entities": entities, "relations": relations})


def _thinking(
    house: House, reasoner: Reasoner, case: Case, steps: tuple[Step, ...]
) -> Callable[[], Awaitable[Thinking]]:
    async def think() -> Thinking:
        try:
            return Thinking(answered=await reasoner.answer(case, steps), reasoner=reasoner.name)
        except ReasonerUnavailable:
            rules = house.investigator.equipment.rules
            return Thinking(answered=await rules.answer(case, steps), reasoner=rules.name)

    return think


def _look(
    house: House, case: Case, turn: int, steps: tuple[Step, ...], checks: Sequence[Check]
) -> Callable[[], Awaitable[tuple[Step, ...]]]:
    async def look() -> tuple[Step, ...]:
        return await house.investigator.equipment.checks.run(
            case.investigation.id, turn, len(steps) + 1, checks, _LOOK_SECONDS
        )

    return look


async def _keep(
    house: House, case: Case, steps: tuple[Step, ...], text: str, reasoner: str
) -> None:
    cited = {int(n) for n in _CITED.findall(text)}
    evidence = [
        Evidence(
            number=s.number,
            step=s.number,
            statement=s.reading.observation.splitlines()[0][:300],
            source=s.reading.source,
            link=s.reading.link,
            read_at=s.started_at,
        )
        for s in steps
        if s.reading is not None and s.number in cited and s.reading.observation
    ]
    await house.store.cases.save_evidence(case.investigation.id, evidence)
    await house.store.investigations.set_reasoner(case.investigation.id, reasoner)

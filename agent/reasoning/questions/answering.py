"""From a question's words to its answer, one round of look-ups at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.model import Case, Step
from agent.ports import Answered
from agent.reasoning.questions.dependencies import DEPENDANTS, DEPENDENCIES
from agent.reasoning.questions.history import CHANGES, INCIDENTS
from agent.reasoning.questions.kinds import Asked, Kind, asked
from agent.reasoning.questions.looking import Topic, blind_spots
from agent.reasoning.questions.people import OWNER
from agent.reasoning.questions.state import ENTITY, HEALTH
from agent.reasoning.questions.ties import PATH, WHY

HELP = (
    "I can answer without a model: who owns or is on call for a service, what it depends on, what depends on it or would "
    "break with it, why I think that one uses another, how two are connected, what changed around it since when, what I "
    "know of it, how it is, and its recent incidents. Name the service as it is called in Kubernetes."
)
WHICH = "Which service do you mean? Name it as it is called in Kubernetes."
TOPICS: Mapping[Kind, Topic] = {
    Kind.WHY: WHY,
    Kind.PATH: PATH,
    Kind.DEPENDENCIES: DEPENDENCIES,
    Kind.DEPENDANTS: DEPENDANTS,
    Kind.OWNER: OWNER,
    Kind.CHANGES: CHANGES,
    Kind.INCIDENTS: INCIDENTS,
    Kind.ENTITY: ENTITY,
    Kind.HEALTH: HEALTH,
}
_ANYWHERE = frozenset({Kind.CHANGES})
"""Kinds that can be answered for a whole environment."""


def answer_of(case: Case, steps: Sequence[Step]) -> Answered:
    """The answer to ``case.signal``, or the look-ups that it still needs."""
    question = asked(_words(case), case.now)
    if question is None:
        return Answered(text=HELP)
    if not question.a:
        question = question._replace(a=_named(case))
    if not question.a and question.kind not in _ANYWHERE:
        return Answered(text=WHICH)
    topic = TOPICS[question.kind]
    done = {s.check.key for s in steps}
    wanted = topic.checks(question, case)
    if done.isdisjoint(
        c.key for c in wanted
    ):  # tools of vendors that are not connected are never done
        return Answered(checks=wanted)
    sentences = [*topic.say(question, case, steps), *blind_spots(steps)]
    return Answered(text="\n".join(sentences) or _nothing(question))


def _nothing(question: Asked) -> str:
    return f"I found nothing on {question.a or 'that'}."


def _words(case: Case) -> str:
    """What was typed; a title that the text begins with is not said twice."""
    title, text = case.signal.title, case.signal.text
    return text if text.startswith(title.rstrip("….")) and text else f"{title} {text}".strip()


def _named(case: Case) -> str:
    """What the question is about when its words do not say so in a way that is understood."""
    if case.signal.service:
        return case.signal.service
    words = set(re.findall(r"[a-z0-9][a-z0-9._-]*[a-z0-9]", _words(case).lower()))
    known = [e.name for e in case.entities if e.name.lower() in words]
    return max(known, key=len, default="")

"""What may count as evidence: a statement that the step it names really carries."""

from __future__ import annotations

from collections.abc import Iterable

from agent.investigation.grounding import Pool, known_names, ungrounded
from agent.model import Case, Evidence


def admissible(found: Iterable[Evidence], case: Case, *, trusted: bool) -> tuple[Evidence, ...]:
    """The part of ``found`` that rests on an answered step of the case.

    Statements of the rules are computed by code from that answer; those of a model (``trusted`` false) are kept only
    when each number, time, name and quote in them is found in the answer. Weights on unknown hypotheses are harmless.
    """
    answered = {s.number: s for s in case.steps if s.reading is not None}
    known = known_names(case)
    kept = []
    for evidence in found:
        step = answered.get(evidence.step)
        if step is None or step.reading is None:
            continue
        if trusted or not ungrounded(evidence.statement, Pool.of([step], known=known)):
            reading = step.reading
            kept.append(
                evidence.model_copy(
                    update={
                        "source": reading.source,
                        "query": reading.query,
                        "window": reading.window,
                        "link": reading.link,
                        "read_at": step.started_at,
                    }
                )
            )
    return tuple(kept)

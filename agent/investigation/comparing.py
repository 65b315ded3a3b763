"""Compares what was played with what is stored, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agent.investigation.replay import Played
from agent.model import Evidence, Finding, Hypothesis, Value
from agent.redaction import redact_data
from agent.store.mapping import storable


def canonical(value: Value) -> str:
    """A value as the database holds it, in the one form that equal values have."""
    data = storable(redact_data(value.model_dump(mode="json")))
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def first_difference(
    played: Played,
    boards: Sequence[tuple[int, Sequence[Hypothesis]]],
    evidence: Sequence[Evidence],
    finding: Finding | None,
) -> str:
    """Where what was played leaves what is stored, byte for byte; empty: nowhere."""
    ours, theirs = dict(played.boards), dict(boards)
    pairs: list[tuple[str, Sequence[Value], Sequence[Value]]] = [
        (f"the board after round {number}", ours.get(number, ()), theirs.get(number, ()))
        for number in sorted({*ours, *theirs})
    ]
    pairs.append(("the evidence", played.evidence, evidence))
    pairs.append(("the finding", _one(played.finding), _one(finding)))
    for name, mine, kept in pairs:
        if told := _differ(mine, kept):
            return f"{name}: {told}"
    return ""


def _one(finding: Finding | None) -> tuple[Finding, ...]:
    return () if finding is None else (finding,)


def _differ(mine: Sequence[Value], kept: Sequence[Value]) -> str:
    if len(mine) != len(kept):
        return f"{len(mine)} played, {len(kept)} stored"
    for place, (one, other) in enumerate(zip(mine, kept, strict=True), 1):
        if canonical(one) == canonical(other):
            continue
        fields = [
            f"{name} is {_short(a)}, stored is {_short(b)}"
            for name in type(one).model_fields
            if (a := _field(one, name)) != (b := _field(other, name))
        ]
        return f"number {place}: {'; '.join(fields)}"
    return ""


def _field(value: Value, name: str) -> str:
    return json.dumps(json.loads(canonical(value))[name], sort_keys=True, ensure_ascii=False)


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."

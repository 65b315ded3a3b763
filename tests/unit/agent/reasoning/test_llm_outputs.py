"""What a model hands in becomes the core's nouns, and what is missing is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from openai.types.chat import ChatCompletionMessage

from agent.model import ChangeKind, Hypothesis, Reading
from agent.reasoning.llm_outputs import (
    ChangeOut,
    HypothesisOut,
    change_of,
    change_problems,
    new_hypotheses,
)
from agent.reasoning.llm_tools import HAND_INS, offered, read_calls
from agent.tools import Registry, tool
from tests.unit.agent.reasoning.test_llm_prompt import case, step

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
EMPTY = dict.fromkeys(
    ("container", "memory_bytes", "cpu_cores", "replicas", "revision", "key", "value", "restart")
)


class Lookups:
    @tool("datadog")
    async def zebra(self, query: str) -> Reading:
        """Z."""
        raise AssertionError

    @tool("datadog")
    async def ant(self) -> Reading:
        """A."""
        raise AssertionError


class Others:
    @tool("slack")
    async def bee(self) -> Reading:
        """B."""
        raise AssertionError


def out(**changes: Any) -> HypothesisOut:
    values = {
        "id": "H1",
        "mode": "disk_full",
        "statement": "s",
        "entity": "e",
        "entity_kind": "Node",
        "namespace": "",
        "parent": "",
        "likelihood": "possible",
    }
    return HypothesisOut.model_validate(values | changes)


def change(kind: str, **given: Any) -> ChangeOut:
    sources = given.pop("sources", ("target", *given))
    values = {
        **EMPTY,
        "kind": kind,
        "name": "redis",
        "target_kind": "StatefulSet",
        "namespace": "production",
        "provenance": [{"argument": name, "step": 1} for name in sources],
        "why": [],
    }
    return ChangeOut.model_validate(values | given)


def test_ids_are_never_given_twice() -> None:
    board = (Hypothesis(id="H4", mode="other", statement="x"),)
    values, renamed = new_hypotheses(
        [out(id="H4"), out(id="H4"), out(id="H9", parent="H4")],
        case(hypotheses=board),
        ["disk_full"],
    )
    assert [h.id for h in values] == ["H5", "H6", "H9"]
    assert values[2].parent == "H5"
    assert renamed == {"H4": "H5", "H9": "H9"}
    assert values[0].log_odds == values[0].prior < 0


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("resources", {"container": "redis", "memory_bytes": 1}),
        ("resources", {"container": "redis", "cpu_cores": 0.5}),
        ("replicas", {"replicas": 0}),
        ("rollback", {"revision": 3}),
        ("restart", {}),
        ("suspend_job", {}),
        ("config_value", {"key": "pool", "value": "20"}),
    ],
)
def test_a_whole_change_has_no_problem(kind: str, given: dict[str, Any]) -> None:
    made = change(kind, **given)
    known = case(steps=(step(1, 0),))
    assert change_problems(made, known) == []
    value = change_of(made, known)
    assert value.kind is ChangeKind(kind)
    assert value.arguments == given
    assert set(value.provenance) == {"target", *given}
    assert value.target.key == "production/statefulset/redis"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (change("resources", memory_bytes=1), "needs container"),
        (change("resources", container="c"), "needs cpu_cores or memory_bytes"),
        (change("rollback"), "needs revision"),
        (change("restart", sources=()), "provenance of `target`"),
        (change("replicas", replicas=3, sources=("target",)), "provenance of `replicas`"),
    ],
)
def test_what_a_change_lacks_is_said(made: ChangeOut, said: str) -> None:
    problems = change_problems(made, case(steps=(step(1, 0),)))
    assert any(said in p for p in problems)


def test_provenance_in_a_step_without_an_answer_is_none() -> None:
    silent = step(1, 0).model_copy(update={"reading": None, "status": "denied"})
    assert change_problems(change("restart"), case(steps=(silent,)))


def test_the_tool_list_is_the_same_however_the_toolsets_come() -> None:
    one = offered(Registry([Lookups(), Others()]))
    assert json.dumps(one) == json.dumps(offered(Registry([Others(), Lookups()])))
    names = [t["function"]["name"] for t in one]
    assert names == [*HAND_INS, "ant", "bee", "zebra"]
    (zebra,) = [t["function"] for t in one if t["function"]["name"] == "zebra"]
    assert set(zebra["parameters"]["properties"]) == {"query", "why", "tells"}
    assert zebra["parameters"]["required"] == ["query"]


def test_a_hand_in_that_is_not_asked_for_is_refused() -> None:
    call = {
        "id": "1",
        "type": "function",
        "function": {"name": "conclude", "arguments": "{}"},
    }
    message = ChatCompletionMessage.model_validate({"role": "assistant", "tool_calls": [call]})
    calls = read_calls(message, "weigh_evidence", Registry([Lookups()]))
    assert calls.output is None
    assert calls.answers == [
        ("1", "conclude is not what is asked for now; hand in weigh_evidence.")
    ]


@pytest.mark.parametrize("arguments", ["", "[]", "7", "null", "{", '{"query": 5}', "{}"])
def test_no_arguments_make_the_reader_fall(arguments: str) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "zebra", "arguments": arguments}}
    message = ChatCompletionMessage.model_validate({"role": "assistant", "tool_calls": [call]})
    calls = read_calls(message, "answer", Registry([Lookups()]))
    assert calls.checks == []
    assert calls.problems

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
from agent.reasoning.llm_tools import HAND_INS, LOOK, Calls, offered, read_calls
from agent.tools import Registry, tool
from tests.unit.agent.reasoning.test_llm_prompt import case, step

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


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


def change(kind: str, step: int = 1, read_in: int = 1, **given: str) -> ChangeOut:
    arguments = [{"name": n, "value": v, "step": read_in} for n, v in given.items()]
    return ChangeOut.model_validate(
        {
            "kind": kind,
            "name": "redis",
            "target_kind": "StatefulSet",
            "namespace": "production",
            "step": step,
            "arguments": arguments,
        }
    )


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
    ("kind", "given", "values"),
    [
        ("resources", {"container": "redis", "memory_bytes": "1e9"}, {"memory_bytes": 10**9}),
        ("resources", {"container": "redis", "cpu_cores": "0.5"}, {"cpu_cores": 0.5}),
        ("replicas", {"replicas": "0"}, {"replicas": 0}),
        ("rollback", {"revision": "3"}, {"revision": 3}),
        ("restart", {}, {}),
        ("suspend_job", {}, {}),
        ("config_value", {"key": "pool", "value": "20"}, {"value": "20"}),
        ("image", {"container": "redis", "image": "redis:7.2"}, {}),
    ],
)
def test_a_whole_change_has_no_problem(
    kind: str, given: dict[str, str], values: dict[str, Any]
) -> None:
    made = change(kind, **given)
    known = case(steps=(step(1, 0),))
    assert change_problems(made, known) == []
    value = change_of(made, known)
    assert value.kind is ChangeKind(kind)
    assert value.arguments == given | values
    assert set(value.provenance) == {"target", *given}
    assert value.target.key == "production/statefulset/redis"


def test_bounds_pods_and_nodes_are_named_as_the_house_names_them() -> None:
    known = case(steps=(step(1, 0),))
    bounds = change("hpa_bounds", maximum="12").model_copy(
        update={"target_kind": "HorizontalPodAutoscaler"}
    )
    assert change_problems(bounds, known) == []
    assert change_of(bounds, known).target.key == "production/hpa/redis"
    assert change_of(bounds, known).arguments == {"maximum": 12}
    cordon = change("cordon").model_copy(update={"target_kind": "Node"})
    assert change_of(cordon, known).target.key == "-/node/redis"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (change("hpa_bounds"), "needs maximum or minimum"),
        (change("image", image="redis:7.2"), "needs container"),
        (change("resources", memory_bytes="1"), "needs container"),
        (change("resources", container="c"), "needs cpu_cores or memory_bytes"),
        (change("rollback"), "needs revision"),
        (change("restart", step=9), "an answered step that shows the target"),
        (change("replicas", replicas="3", read_in=9), "answered step that `replicas` was read in"),
        (change("replicas", replicas="three"), "'three' is no value of `replicas`"),
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
    assert [t["function"]["name"] for t in one] == [*HAND_INS, LOOK]
    (look,) = [t["function"] for t in one if t["function"]["name"] == LOOK]
    check = look["parameters"]["properties"]["checks"]["items"]
    assert check["properties"]["tool"]["enum"] == ["ant", "bee", "zebra"]


def message(*calls: tuple[str, object], text: str | None = None) -> ChatCompletionMessage:
    made = [
        {"id": str(n), "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(calls, 1)
    ]
    values = {"role": "assistant", "content": text, "tool_calls": made or None}
    return ChatCompletionMessage.model_validate(values)


def looked(arguments: str) -> Calls:
    return read_calls(message((LOOK, arguments)), "answer", Registry([Lookups()]))


def test_look_ups_are_read_in_every_form_that_models_write() -> None:
    both = '{"checks": [{"tool": "zebra", "args": {"query": "q"}, "why": "w", "tells": ["H1"]}, {"tool": "ant", "args": {}}]}'
    assert [(c.tool, c.arguments, c.reason, c.tells) for c in looked(both).checks] == [
        ("zebra", {"query": "q"}, "w", ("H1",)),
        ("ant", {}, "", ()),
    ]
    single = looked('{"tool": "zebra", "args": {"query": "q"}}').checks
    own_name = read_calls(message(("zebra", '{"query": "q"}')), "answer", Registry([Lookups()]))
    assert single == own_name.checks == [both_check.model_copy(update={"tells": (), "reason": ""}) for both_check in looked(both).checks[:1]]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("{}", "look needs `checks`"),
        ('{"checks": [7]}', "is an object with `tool` and `args`"),
        ('{"checks": [{"tool": "lion"}]}', "There is no tool 'lion'; there are: ant, zebra"),
        ('{"checks": [{"tool": "zebra", "args": 3}]}', "The args of zebra are not an object"),
        (
            '{"checks": [{"tool": "zebra", "args": {}}]}',
            "query: Field required. It is zebra(query)",
        ),
    ],
)
def test_what_is_wrong_with_a_look_up_is_said_so_that_it_can_be_mended(
    arguments: str, said: str
) -> None:
    calls = looked(arguments)
    assert calls.checks == []
    assert said in calls.problems[0]


def test_an_endpoint_without_tools_may_write_hand_in_and_look_ups_as_json() -> None:
    text = 'So: {"facts": [], "look": [{"tool": "ant", "args": {}}]}'
    calls = read_calls(message(text=text), "weigh_evidence", Registry([Lookups()]))
    assert "weigh_evidence" in calls.outputs
    assert [c.tool for c in calls.checks] == ["ant"]


def test_a_hand_in_that_is_not_asked_for_is_refused() -> None:
    call = {
        "id": "1",
        "type": "function",
        "function": {"name": "conclude", "arguments": "{}"},
    }
    message = ChatCompletionMessage.model_validate({"role": "assistant", "tool_calls": [call]})
    calls = read_calls(message, "weigh_evidence", Registry([Lookups()]))
    assert calls.outputs == {}
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

"""The bare model: one prompt, the same tools, a plain loop; played by a scripted endpoint."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field, SecretStr

from agent.errors import NotFound
from agent.model import Reading
from agent.tools import Registry, tool
from bot.settings import ModelSettings
from evals.bare_bot import MOST_CALLS, PROMPT, Bare
from evals.scoring import score
from evals.told import Told
from sandbox.world.parts import Entity
from sandbox.world.scenario import Truth
from tests.openai_server import KEY, MODEL, OpenAiServer, call, completion, raw_call

TRUTH = Truth(
    cause="out of memory",
    kind="oom-kill",
    entity=Entity(kind="Deployment", name="auth"),
    fix_kinds=("resources",),
)
REPORT = {
    "ending": "cause_found",
    "headline": "auth was OOM killed",
    "entity": "auth",
    "namespace": "production",
    "chain": [{"text": "auth is at its limit", "citations": [1]}],
    "changes": [{"kind": "resources", "name": "auth", "arguments": {"memory_bytes": 2}}],
}


class Tools:
    @tool("kubernetes")
    async def workload(self, name: Annotated[str, Field(description="which")]) -> Reading:
        """What it is and how it is."""
        if name != "auth":
            raise NotFound(f"there is no {name}")
        return Reading(source="kubernetes", query=name, observation="OOMKilled", raw="{raw}")


def bare(server: OpenAiServer) -> Bare:
    model = ModelSettings(api_key=SecretStr(KEY), base_url=server.url, model=MODEL)
    return Bare(Registry([Tools()]), server.client(max_retries=0), model)


async def test_it_calls_the_tools_and_what_it_reports_is_judged_as_any_finding() -> None:
    async with OpenAiServer() as server:
        server.say(call("workload", name="auth"), call("workload", name="cart"))
        server.say(call("report", **REPORT))
        played = bare(server)
        record = played.record(await played.investigate("auth is down"))
    told = Told.of(record)
    judged = score(told, TRUTH)
    assert (judged.cause, judged.fix) == (True, 100)
    assert [s["status"] for s in record["steps"]] == ["ok", "error"]
    assert (told.tool_calls, told.tokens) == (2, 2200)
    assert told.usd > 0
    assert told.reasoner == MODEL


async def test_it_is_shown_one_prompt_and_the_tools_as_they_are() -> None:
    async with OpenAiServer() as server:
        server.say(call("report", **REPORT))
        await bare(server).investigate("auth is down")
        (body,) = server.requests
    assert [m["content"] for m in body["messages"]] == [PROMPT, "auth is down"]
    assert [t["function"]["name"] for t in body["tools"]] == ["workload", "report"]


@pytest.mark.parametrize("arguments", ["no JSON", "[]", '{"name": 5}'])
async def test_calls_that_make_no_sense_are_answered_with_what_is_wrong(arguments: str) -> None:
    async with OpenAiServer() as server:
        server.say(raw_call("workload", arguments))
        server.say(call("report", **REPORT))
        await bare(server).investigate("auth is down")
        answer = server.requests[1]["messages"][-1]
    assert answer["role"] == "tool"
    assert "cannot be called like that" in answer["content"]


async def test_a_model_that_never_reports_has_told_nothing() -> None:
    async with OpenAiServer() as server:
        server.script = lambda _: completion(content="hm")
        played = bare(server)
        record = played.record(await played.investigate("auth is down"))
    told = Told.of(record)
    assert told.ending == ""
    assert not score(told, TRUTH).cause


async def test_its_tool_calls_are_bounded_as_those_of_the_bot() -> None:
    async with OpenAiServer() as server:
        for _ in range(3):
            server.say(*[call("workload", name="auth") for _ in range(30)])
        server.say(call("report", **REPORT))
        played = bare(server)
        await played.investigate("auth is down")
    assert len(played.steps) == MOST_CALLS

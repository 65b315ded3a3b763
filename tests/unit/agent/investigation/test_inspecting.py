"""``inspect`` looks into the stored answer of an earlier step, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import BadArguments, NotFound
from agent.investigation.context import current_investigation
from agent.investigation.inspecting import InspectTools
from agent.investigation.raw_lines import lines_of
from agent.model import Check, Json, Reading, Step
from agent.tools import Registry

START = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
HIKARI = "HikariPool-1 - Connection is not available, request timed out after 30000ms"
LOGS = [f"{(START + timedelta(seconds=2 * n)):%Y-%m-%dT%H:%M:%SZ} GET /login {n}" for n in range(2000)]  # fmt: skip
LOGS[1234] = f"2026-11-25T02:41:08Z {HIKARI}"


def step(number: int, raw: object, **reading: Any) -> Step:
    text = raw if isinstance(raw, str) else json.dumps(raw)
    values = {"source": "kubernetes", "query": "kubectl logs auth", "observation": "2000 lines"}
    return Step(
        number=number,
        round=1,
        check=Check(tool="kubernetes_logs"),
        reading=Reading(**{**values, "raw": text, "link": "https://k8s", **reading}),
        started_at=START + timedelta(hours=1),
    )


class Stored:
    """The steps of investigation 7; other investigations have none."""

    def __init__(self, *steps: Step) -> None:
        self._steps = steps

    async def load_steps(self, investigation: int) -> tuple[Step, ...]:
        return self._steps if investigation == 7 else ()


@pytest.fixture(autouse=True)
def _within_investigation_7() -> Iterator[None]:
    token = current_investigation.set(7)
    yield
    current_investigation.reset(token)


async def inspect(*steps: Step, **arguments: Any) -> Reading:
    tool = Registry([InspectTools(Stored(*steps))])["inspect"]
    return await tool({"handle": "s4", **arguments})


async def lines(*steps: Step, **arguments: Any) -> list[str]:
    data: Json = (await inspect(*steps, **arguments)).data
    return list(data["lines"])


@pytest.mark.parametrize(
    "grep", ["hikaripool", "connection is NOT available", "Hikari.*timed out", "(x|not available,)"]
)
async def test_a_line_among_thousands_is_found_by_text_or_expression(grep: str) -> None:
    assert await lines(step(4, LOGS), grep=grep) == [LOGS[1234]]


async def test_text_that_looks_like_an_expression_is_text_where_a_line_holds_it() -> None:
    odd = "failed (code=5) [retry]"
    assert await lines(step(4, [odd, "code 5"]), grep="(code=5) [") == [odd]


async def test_lines_around_a_time_or_a_text() -> None:
    assert await lines(step(4, LOGS), around="02:00:10", lines=3) == LOGS[4:7]
    assert await lines(step(4, LOGS), around="2026-11-25T02:00:10Z", lines=1) == [LOGS[5]]
    assert await lines(step(4, LOGS), around="Connection is not", lines=3) == LOGS[1233:1236]
    near = await lines(step(4, LOGS), grep="GET", around="02:41", lines=2)
    assert all("GET" in line and "T02:4" in line for line in near)


async def test_objects_become_lines_that_say_where_they_stand() -> None:
    pods = [
        {"metadata": {"name": f"auth-{n}"}, "status": {"phase": "Running", "pad": "x" * 700}}
        for n in range(150)
    ]
    pods[77]["status"]["phase"] = "Failed"
    assert await lines(step(4, pods), grep="failed") == ["[auth-77].status.phase: Failed"]


async def test_points_of_series_are_found_by_their_time() -> None:
    points = [[1764036000000 + n * 60_000, float(n)] for n in range(60)]
    answer = {"series": [{"metric": "m", "pointlist": points, "pad": "x" * 700}]}
    (line,) = await lines(step(4, answer), around="2025-11-25T02:20:00Z", lines=1)
    assert line.endswith("2025-11-25T02:20:00Z 20.0")


async def test_the_answer_cites_its_source_and_names_what_was_asked() -> None:
    reading = await inspect(step(4, LOGS), grep="hikari")
    assert (reading.source, reading.link) == ("kubernetes", "https://k8s")
    assert "inspect s4 | grep -i 'hikari' (kubectl logs auth)" in reading.query
    assert reading.data["step"] == 4
    assert reading.observation.startswith("s4 (kubernetes_logs): 1 of 2000 lines match, 1 shown")
    assert reading.raw == ""


async def test_secrets_are_struck() -> None:
    raw = ["connect postgres://auth:hunter2secret@auth-db:5432/auth failed"]
    assert "hunter2secret" not in "".join(await lines(step(4, raw), grep="failed"))


async def test_without_a_raw_answer_its_data_are_searched() -> None:
    assert await lines(step(4, "", data={"pods": [{"name": "auth-1"}]}), grep="auth-1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"handle": "s9"}, "There is no step s9; there are s4 to s4"),
        ({"handle": "the logs"}, "is no handle of a step; one looks like s12"),
        ({"grep": "(unclosed"}, "no regular expression: missing"),
        ({"around": "noon"}, "No line holds 'noon'"),
        ({"grep": "x", "lines": 0}, "greater than or equal to 1"),
    ],
)
async def test_what_is_wrong_is_said_in_a_sentence(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArguments, match=said):
        await inspect(step(4, LOGS), **arguments)


async def test_an_expression_that_explodes_is_given_up() -> None:
    with pytest.raises(BadArguments, match="takes too long"):
        await inspect(step(4, ["a" * 5000] * 50), grep="(.*)(.*)(.*)(.*)[^a]$")


async def test_a_step_without_an_answer_cannot_be_inspected() -> None:
    silent = step(4, LOGS).model_copy(update={"reading": None, "status": "denied"})
    with pytest.raises(NotFound, match="gave no answer"):
        await inspect(silent)


async def test_other_investigations_cannot_be_looked_into() -> None:
    current_investigation.set(8)
    with pytest.raises(BadArguments, match="there is none yet"):
        await inspect(step(4, LOGS))
    current_investigation.set(None)
    with pytest.raises(BadArguments, match="within an investigation only"):
        await inspect(step(4, LOGS))


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(answer=_JSON, needle=st.from_regex(r"[a-z]{6,12}", fullmatch=True))
def test_whatever_the_shape_of_an_answer_its_words_can_be_found(answer: Any, needle: str) -> None:
    for raw in (json.dumps([answer, {"deep": [answer, needle]}]), json.dumps(answer)[1:] + needle):
        assert any(needle in line for line in lines_of(raw))


@given(grep=st.text(max_size=40), around=st.text(max_size=40))
async def test_no_search_breaks_it(grep: str, around: str) -> None:
    try:
        await lines(step(4, LOGS[:40]), grep=grep, around=around)
    except BadArguments as said:
        assert str(said)

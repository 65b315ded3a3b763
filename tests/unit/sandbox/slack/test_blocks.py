"""The validator takes what Slack takes and refuses each published limit exceeded by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.blocks import characters, validate_message_blocks, validate_view

Json = dict[str, Any]


def plain(length: int = 5) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int = 5) -> Json:
    return {"type": "mrkdwn", "text": "x" * length}


def option(index: int = 0, text: int = 5, value: int = 0, description: int = 0) -> Json:
    made = {"text": plain(text), "value": "v" * value or f"v{index}"}
    return {**made, "description": plain(description)} if description else made


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain(), "action_id": "a", **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(**more: Any) -> Json:
    return {"type": "section", **more}


def confirm(**lengths: int) -> Json:
    sizes = {"title": 5, "text": 5, "confirm": 5, "deny": 5, **lengths}
    return {name: plain(length) for name, length in sizes.items()}


def task(**more: Any) -> Json:
    return {"type": "task_card", "task_id": "t", "title": "T", "status": "complete", **more}


def cells(count: int) -> list[Json]:
    return [{"type": "raw_text", "text": "x"}] * count


def feedback(**more: Any) -> Json:
    choice = {"text": plain(), "value": "v"}
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "f",
                "positive_button": {**choice, **more},
                "negative_button": choice,
            }
        ],
    }


def text_block(kind: str, **more: Any) -> Json:
    return {"type": kind, **more}


LIMITS: dict[str, tuple[int, Callable[[int], list[Json]]]] = {
    "blocks in a message": (50, lambda n: [{"type": "divider"}] * n),
    "block_id": (255, lambda n: [section(text=mrkdwn(), block_id="b" * n)]),
    "section text": (3000, lambda n: [section(text=mrkdwn(n))]),
    "section fields": (10, lambda n: [section(fields=[mrkdwn()] * n)]),
    "section field": (2000, lambda n: [section(fields=[mrkdwn(n)])]),
    "header": (150, lambda n: [text_block("header", text=plain(n))]),
    "context elements": (10, lambda n: [text_block("context", elements=[mrkdwn()] * n)]),
    "actions elements": (25, lambda n: [actions(*[button(action_id=f"a{i}") for i in range(n)])]),
    "button text": (75, lambda n: [actions(button(text=plain(n)))]),
    "button value": (2000, lambda n: [actions(button(value="v" * n))]),
    "button url": (3000, lambda n: [actions(button(url="u" * n))]),
    "action_id": (255, lambda n: [actions(button(action_id="a" * n))]),
    "confirm title": (100, lambda n: [actions(button(confirm=confirm(title=n)))]),
    "confirm text": (300, lambda n: [actions(button(confirm=confirm(text=n)))]),
    "confirm button": (30, lambda n: [actions(button(confirm=confirm(confirm=n)))]),
    "confirm deny": (30, lambda n: [actions(button(confirm=confirm(deny=n)))]),
    "image alt_text": (2000, lambda n: [text_block("image", image_url="u", alt_text="x" * n)]),
    "image url": (3000, lambda n: [text_block("image", image_url="u" * n, alt_text="x")]),
    "image title": (
        2000,
        lambda n: [text_block("image", image_url="u", alt_text="x", title=plain(n))],
    ),
    "overflow options": (
        5,
        lambda n: [actions({"type": "overflow", "options": [option(i) for i in range(n)]})],
    ),
    "option text": (
        75,
        lambda n: [actions({"type": "static_select", "options": [option(text=n)]})],
    ),
    "option value": (
        150,
        lambda n: [actions({"type": "static_select", "options": [option(value=n)]})],
    ),
    "option description": (
        75,
        lambda n: [actions({"type": "static_select", "options": [option(description=n)]})],
    ),
    "select options": (
        100,
        lambda n: [actions({"type": "static_select", "options": [option(i) for i in range(n)]})],
    ),
    "radio options": (
        10,
        lambda n: [actions({"type": "radio_buttons", "options": [option(i) for i in range(n)]})],
    ),
    "checkbox options": (
        10,
        lambda n: [actions({"type": "checkboxes", "options": [option(i) for i in range(n)]})],
    ),
    "markdown": (12_000, lambda n: [text_block("markdown", text="x" * n)]),
    "markdown in total": (
        12_000,
        lambda n: [text_block("markdown", text="x" * size) for size in (6000, n - 6000)],
    ),
    "table rows": (100, lambda n: [text_block("table", rows=[cells(1)] * n)]),
    "table columns": (20, lambda n: [text_block("table", rows=[cells(n)])]),
    "tables": (1, lambda n: [text_block("table", rows=[cells(1)])] * n),
    "feedback text": (75, lambda n: [feedback(text=plain(n))]),
    "feedback value": (2000, lambda n: [feedback(value="v" * n)]),
    "task title": (256, lambda n: [task(title="x" * n)]),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_holds_to_the_last_character_and_no_further(name: str) -> None:
    limit, build = LIMITS[name]
    assert validate_message_blocks(build(limit)) == []
    assert validate_message_blocks(build(limit + 1)) != []


def test_complaints_are_worded_and_located_like_slacks() -> None:
    assert validate_message_blocks([section(text=mrkdwn(3001))]) == [
        "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ]
    assert validate_message_blocks([{"type": "hologram"}]) == [
        "unsupported type: hologram [json-pointer:/blocks/0/type]"
    ]


REFUSED: dict[str, list[Any]] = {
    "not an object": ["hello"],
    "no type": [{"text": mrkdwn()}],
    "section of nothing": [section()],
    "empty text": [section(text=mrkdwn(0))],
    "unknown field": [section(text=mrkdwn(), colour="red")],
    "mrkdwn header": [text_block("header", text=mrkdwn())],
    "emoji in mrkdwn": [section(text={**mrkdwn(), "emoji": True})],
    "unknown style": [actions(button(style="loud"))],
    "one overflow option": [actions({"type": "overflow", "options": [option()]})],
    "no actions": [actions()],
    "same block_id twice": [section(text=mrkdwn(), block_id="b")] * 2,
    "same action_id twice": [actions(button(), button())],
    "alert outside a modal": [text_block("alert", text=mrkdwn())],
    "image with two sources": [
        text_block("image", alt_text="x", image_url="u", slack_file={"id": "F"})
    ],
    "unknown task status": [task(status="done")],
    "initial option not offered": [
        actions({"type": "static_select", "options": [option(1)], "initial_option": option(2)})
    ],
}


@pytest.mark.parametrize("name", REFUSED)
def test_malformed_blocks_are_refused(name: str) -> None:
    assert validate_message_blocks(REFUSED[name]) != []


def test_a_slack_file_must_have_been_uploaded() -> None:
    image = [text_block("image", alt_text="x", slack_file={"id": "F0"})]
    assert validate_message_blocks(image, file_exists=lambda file: file["id"] == "F0") == []
    assert validate_message_blocks(image, file_exists=lambda _file: False) == [
        "invalid slack file [json-pointer:/blocks/0/slack_file]"
    ]


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain(), "blocks": [], **more}


VIEW_LIMITS: dict[str, tuple[int, Callable[[int], Json]]] = {
    "title": (24, lambda n: modal(title=plain(n))),
    "submit": (24, lambda n: modal(submit=plain(n))),
    "close": (24, lambda n: modal(close=plain(n))),
    "private_metadata": (3000, lambda n: modal(private_metadata="x" * n)),
    "callback_id": (255, lambda n: modal(callback_id="x" * n)),
    "blocks": (100, lambda n: modal(blocks=[{"type": "divider"}] * n)),
}


@pytest.mark.parametrize("name", VIEW_LIMITS)
def test_a_view_keeps_its_limits(name: str) -> None:
    limit, build = VIEW_LIMITS[name]
    assert validate_view(build(limit)) == []
    assert validate_view(build(limit + 1)) != []


def test_alerts_belong_into_modals_and_inputs_need_a_submit_button() -> None:
    question = {"type": "input", "label": plain(), "element": {"type": "plain_text_input"}}
    assert validate_view(modal(blocks=[text_block("alert", text=mrkdwn())])) == []
    assert validate_view(modal(blocks=[question], submit=plain())) == []
    assert validate_view(modal(blocks=[question])) != []
    assert validate_view({"type": "home", "blocks": [text_block("alert", text=mrkdwn())]}) != []


texts = st.text(min_size=1, max_size=40)
valid_block = st.one_of(
    st.builds(lambda t: section(text={"type": "mrkdwn", "text": t}), texts),
    st.builds(lambda t: text_block("header", text={"type": "plain_text", "text": t}), texts),
    st.builds(lambda t: text_block("markdown", text=t), texts),
    st.builds(lambda t: text_block("context", elements=[{"type": "mrkdwn", "text": t}]), texts),
    st.builds(lambda v: actions(button(value=v)), texts),
    st.builds(
        lambda ids: actions(*[button(action_id=i) for i in ids]),
        st.sets(texts, min_size=1, max_size=25),
    ),
    st.builds(lambda n: text_block("plan", title="p", tasks=[task()] * n), st.integers(0, 50)),
    st.just({"type": "divider"}),
)


@given(st.lists(valid_block, max_size=50))
def test_well_formed_messages_are_accepted(blocks: list[Json]) -> None:
    assert validate_message_blocks(blocks) == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["section", "actions", "static_select", "table", "plan", "modal", "input"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "options", "initial_option", "blocks", "rows", "tasks"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=4))
def test_garbage_never_breaks_the_validator(blocks: list[Any]) -> None:
    assert all(isinstance(problem, str) for problem in validate_message_blocks(blocks))
    assert characters(blocks) >= 0
    assert all(isinstance(problem, str) for view in blocks for problem in validate_view(view))

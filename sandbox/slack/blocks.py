"""Block Kit as Slack accepts it: the published limits of every block that an app may send.

``validate_message_blocks`` and ``validate_view`` return Slack's complaints; an empty list means accepted. Blocks that
only Slack itself can place (``file``, ``call``) and the newest catalogue blocks (``card``, ``carousel``,
``container``) are refused as unsupported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sandbox.slack.elements import (
    ACTIONS_ELEMENT,
    CONTEXT_ACTION,
    CONTEXT_ELEMENT,
    INPUT_ELEMENT,
    SECTION_ACCESSORY,
    SLACK_FILE,
    URL_SOURCE,
)
from sandbox.slack.rich_text import RICH_TEXT
from sandbox.slack.rules import (
    Array,
    Boolean,
    ByType,
    Integer,
    Object,
    Problems,
    Rule,
    String,
    Text,
    at_least_one,
    exactly_one,
)

MAX_MESSAGE_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
MAX_MARKDOWN_CHARACTERS = 12_000
MAX_MESSAGE_CHARACTERS = 13_000

FileCheck = Callable[[Mapping[str, Any]], bool]
"""Whether a ``slack_file`` names an uploaded image that the app may show."""

_BLOCK_ID: dict[str, Rule] = {"block_id": String(255)}
_PLAIN = Text(2000, plain=True)
_STATUS = String(choices=frozenset({"pending", "in_progress", "complete", "error"}))
_RICH_TEXT_OBJECT = ByType({"rich_text": RICH_TEXT})

TASK_CARD = Object(
    required={"task_id": String(255), "title": String(256), "status": _STATUS},
    optional={
        "details": _RICH_TEXT_OBJECT,
        "output": _RICH_TEXT_OBJECT,
        "sources": Array(ByType({"url": URL_SOURCE}), 100, minimum=0),
        **_BLOCK_ID,
    },
)

_TABLE_CELL = ByType(
    {
        "raw_text": Object({"text": String(10_000)}),
        "raw_number": Object({"value": Integer(-(2**53))}, {"text": String(255)}),
        "rich_text": RICH_TEXT,
    }
)
_COLUMN = Object(
    optional={
        "align": String(choices=frozenset({"left", "center", "right"})),
        "is_wrapped": Boolean(),
    }
)

_COMMON: dict[str, Rule] = {
    "section": Object(
        optional={
            "text": Text(3000),
            "fields": Array(Text(2000), 10),
            "accessory": SECTION_ACCESSORY,
            "expand": Boolean(),
            **_BLOCK_ID,
        },
        between=at_least_one("text", "fields"),
    ),
    "header": Object({"text": Text(150, plain=True)}, {"level": Integer(1, 4), **_BLOCK_ID}),
    "divider": Object(optional=_BLOCK_ID),
    "context": Object({"elements": Array(CONTEXT_ELEMENT, 10)}, _BLOCK_ID),
    "actions": Object({"elements": Array(ACTIONS_ELEMENT, 25)}, _BLOCK_ID),
    "image": Object(
        required={"alt_text": String(2000)},
        optional={
            "image_url": String(3000),
            "slack_file": SLACK_FILE,
            "title": _PLAIN,
            **_BLOCK_ID,
        },
        between=exactly_one("image_url", "slack_file"),
    ),
    "input": Object(
        required={"label": _PLAIN, "element": INPUT_ELEMENT},
        optional={
            "hint": _PLAIN,
            "optional": Boolean(),
            "dispatch_action": Boolean(),
            **_BLOCK_ID,
        },
    ),
    "rich_text": RICH_TEXT,
    "video": Object(
        required={
            "alt_text": String(2000),
            "title": Text(200, plain=True),
            "thumbnail_url": String(3000),
            "video_url": String(3000),
        },
        optional={
            "author_name": String(50),
            "description": Text(200, plain=True),
            "provider_icon_url": String(3000),
            "provider_name": String(255),
            "title_url": String(3000),
            **_BLOCK_ID,
        },
    ),
}

_MESSAGE_ONLY: dict[str, Rule] = {
    "markdown": Object({"text": String(MAX_MARKDOWN_CHARACTERS)}, _BLOCK_ID),
    "table": Object(
        required={"rows": Array(Array(_TABLE_CELL, 20), 100)},
        optional={"column_settings": Array(_COLUMN, 20, minimum=0), **_BLOCK_ID},
    ),
    "task_card": TASK_CARD,
    "plan": Object(
        required={"title": String(256)},
        optional={"tasks": Array(ByType({"task_card": TASK_CARD}), 50, minimum=0), **_BLOCK_ID},
    ),
    "context_actions": Object({"elements": Array(CONTEXT_ACTION, 5)}, _BLOCK_ID),
}

_MODAL_ONLY: dict[str, Rule] = {
    "alert": Object(
        required={"text": Text(3000)},
        optional={
            "level": String(choices=frozenset({"default", "info", "warning", "error", "success"})),
            **_BLOCK_ID,
        },
    ),
}

_MESSAGE_BLOCK = ByType({**_COMMON, **_MESSAGE_ONLY})
_MODAL_BLOCK = ByType({**_COMMON, **_MODAL_ONLY})
_HOME_BLOCK = ByType(_COMMON)

_CALLBACK: dict[str, Rule] = {
    "private_metadata": String(3000, minimum=0),
    "callback_id": String(255, minimum=0),
    "external_id": String(255, minimum=0),
}
_BUTTON_TEXT = Text(24, plain=True)
_VIEW = ByType(
    {
        "modal": Object(
            required={
                "title": Text(24, plain=True),
                "blocks": Array(_MODAL_BLOCK, MAX_VIEW_BLOCKS, minimum=0),
            },
            optional={
                "submit": _BUTTON_TEXT,
                "close": _BUTTON_TEXT,
                "clear_on_close": Boolean(),
                "notify_on_close": Boolean(),
                "submit_disabled": Boolean(),
                **_CALLBACK,
            },
        ),
        "home": Object(
            required={"blocks": Array(_HOME_BLOCK, MAX_VIEW_BLOCKS, minimum=0)}, optional=_CALLBACK
        ),
    }
)


def validate_message_blocks(
    blocks: Sequence[Any],
    *,
    at: str = "/blocks",
    file_exists: FileCheck = lambda _file: True,
) -> list[str]:
    """Complaints about a message's (or an attachment's) blocks, worded as in ``response_metadata.messages``."""
    problems = Problems()
    Array(_MESSAGE_BLOCK, MAX_MESSAGE_BLOCKS, minimum=0).check(blocks, at, problems)
    _check_between_blocks(blocks, at, problems, file_exists)
    return problems.messages


def validate_view(view: Any, *, file_exists: FileCheck = lambda _file: True) -> list[str]:
    """Complaints about a modal or App Home."""
    problems = Problems()
    _VIEW.check(view, "/view", problems)
    if isinstance(view, Mapping):
        given = view.get("blocks")
        blocks = given if isinstance(given, list) else []
        _check_between_blocks(blocks, "/view/blocks", problems, file_exists)
        has_input = any(_kind(block) == "input" for block in blocks)
        if view.get("type") == "modal" and has_input and "submit" not in view:
            problems.add("submit is required when an input block is in blocks", "/view")
    return problems.messages


def characters(blocks: Sequence[Any]) -> int:
    """How many characters of text a message's blocks hold, as ``msg_blocks_too_long`` counts them."""
    return sum(len(text) for text in _texts(blocks))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if isinstance(item, str):
                if name in ("text", "title", "alt_text"):
                    yield item
            else:
                yield from _texts(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _texts(item)


def _kind(block: Any) -> Any:
    return block.get("type") if isinstance(block, Mapping) else None


def _check_between_blocks(
    blocks: Sequence[Any], at: str, problems: Problems, file_exists: FileCheck
) -> None:
    """Rules that no single block can break alone."""
    _check_unique_ids(blocks, at, problems)
    if sum(_kind(block) == "table" for block in blocks) > 1:
        problems.add("only_one_table_allowed", at)
    markdown = sum(
        len(block["text"])
        for block in blocks
        if _kind(block) == "markdown" and isinstance(block.get("text"), str)
    )
    if markdown > MAX_MARKDOWN_CHARACTERS:
        problems.add(f"markdown blocks exceed {MAX_MARKDOWN_CHARACTERS} characters in total", at)
    for index, block in enumerate(blocks):
        for pointer, file in _slack_files(block, f"{at}/{index}"):
            if not file_exists(file):
                problems.add("invalid slack file", pointer)


def _check_unique_ids(blocks: Sequence[Any], at: str, problems: Problems) -> None:
    seen_blocks: set[str] = set()
    for index, block in enumerate(blocks):
        if not isinstance(block, Mapping):
            continue
        block_id = block.get("block_id")
        if isinstance(block_id, str) and block_id in seen_blocks:
            problems.add(f"`block_id` already exists: {block_id}", f"{at}/{index}/block_id")
        seen_blocks.add(str(block_id) if block_id else f"#{index}")
        seen_actions: set[str] = set()
        for position, element in enumerate(_elements(block)):
            action_id = element.get("action_id")
            if isinstance(action_id, str) and action_id in seen_actions:
                pointer = f"{at}/{index}/elements/{position}/action_id"
                problems.add(f"`action_id` already exists: {action_id}", pointer)
            seen_actions.add(str(action_id) if action_id else f"#{position}")


def _elements(block: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    elements = block.get("elements")
    if not isinstance(elements, Sequence) or isinstance(elements, str):
        return []
    return [element for element in elements if isinstance(element, Mapping)]


def _slack_files(value: Any, at: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name == "slack_file" and isinstance(item, Mapping):
                yield f"{at}/{name}", item
            else:
                yield from _slack_files(item, f"{at}/{name}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _slack_files(item, f"{at}/{index}")

"""Slack's published limits for block elements and composition objects, as rules.

https://docs.slack.dev/reference/block-kit/block-elements
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.slack.rules import (
    Anything,
    Array,
    Boolean,
    ByType,
    Integer,
    Object,
    Problems,
    Rule,
    String,
    Text,
    exactly_one,
)

ACTION_ID = String(255)
PLACEHOLDER = Text(150, plain=True)
STYLE = String(choices=frozenset({"primary", "danger"}))
USER = String(255)

SLACK_FILE = Object(
    optional={"id": String(255), "url": String(3000)}, between=exactly_one("id", "url")
)

CONFIRM = Object(
    required={
        "title": Text(100, plain=True),
        "text": Text(300),
        "confirm": Text(30, plain=True),
        "deny": Text(30, plain=True),
    },
    optional={"style": STYLE},
)

OPTION = Object(
    required={"text": Text(75), "value": String(150)},
    optional={"description": Text(75), "url": String(3000)},
)

OPTION_GROUP = Object(required={"label": Text(75, plain=True), "options": Array(OPTION, 100)})

DISPATCH = Object(
    optional={
        "trigger_actions_on": Array(
            String(choices=frozenset({"on_enter_pressed", "on_character_entered"})), 2
        )
    }
)

FEEDBACK_CHOICE = Object(
    required={"text": Text(75, plain=True), "value": String(2000)},
    optional={"accessibility_label": String(75)},
)

URL_SOURCE = Object(required={"url": String(3000), "text": String(3000)})


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def initial_among_options(value: Mapping[str, Any], at: str, problems: Problems) -> None:
    """A preselected option has to be one of those offered."""
    options = _items(value.get("options"))
    for group in _items(value.get("option_groups")):
        if isinstance(group, Mapping):
            options += _items(group.get("options"))
    chosen = _items(value.get("initial_options"))
    if "initial_option" in value:
        chosen.append(value["initial_option"])
    if any(option not in options for option in chosen):
        problems.add("initial option must be one of the provided options", at)


def _options_given(value: Mapping[str, Any], at: str, problems: Problems) -> None:
    exactly_one("options", "option_groups")(value, at, problems)
    initial_among_options(value, at, problems)


def _interactive(**more: Rule) -> dict[str, Rule]:
    return {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": Boolean(), **more}


def _select(**more: Rule) -> dict[str, Rule]:
    return _interactive(placeholder=PLACEHOLDER, **more)


_MULTI: dict[str, Rule] = {"max_selected_items": Integer(1)}
_OPTIONS: dict[str, Rule] = {
    "options": Array(OPTION, 100),
    "option_groups": Array(OPTION_GROUP, 100),
}
_FILTER: dict[str, Rule] = {"filter": Anything(), "default_to_current_conversation": Boolean()}
_RESPONSE_URL: dict[str, Rule] = {"response_url_enabled": Boolean()}

BUTTON = Object(
    required={"text": Text(75, plain=True)},
    optional={
        "action_id": ACTION_ID,
        "url": String(3000),
        "value": String(2000),
        "style": STYLE,
        "confirm": CONFIRM,
        "accessibility_label": String(75),
        "agent_prompt": String(4000),
        "agent_prompt_display": String(4000),
        "visible_to_user_ids": Array(USER, 100),
    },
)

IMAGE = Object(
    required={"alt_text": String(2000)},
    optional={"image_url": String(3000), "slack_file": SLACK_FILE},
    between=exactly_one("image_url", "slack_file"),
)

OVERFLOW = Object(
    required={"options": Array(OPTION, 5, minimum=2)},
    optional={"action_id": ACTION_ID, "confirm": CONFIRM},
)

_CHOICES: dict[str, Rule] = {
    "checkboxes": Object(
        required={"options": Array(OPTION, 10)},
        optional=_interactive(initial_options=Array(OPTION, 10)),
        between=initial_among_options,
    ),
    "radio_buttons": Object(
        required={"options": Array(OPTION, 10)},
        optional=_interactive(initial_option=OPTION),
        between=initial_among_options,
    ),
}

_SELECTS: dict[str, Rule] = {
    "static_select": Object(
        optional=_select(**_OPTIONS, initial_option=OPTION), between=_options_given
    ),
    "multi_static_select": Object(
        optional=_select(**_OPTIONS, **_MULTI, initial_options=Array(OPTION, 100)),
        between=_options_given,
    ),
    "external_select": Object(optional=_select(initial_option=OPTION, min_query_length=Integer(0))),
    "multi_external_select": Object(
        optional=_select(**_MULTI, initial_options=Array(OPTION, 100), min_query_length=Integer(0))
    ),
    "users_select": Object(optional=_select(initial_user=USER)),
    "multi_users_select": Object(optional=_select(**_MULTI, initial_users=Array(USER, 100))),
    "conversations_select": Object(
        optional=_select(**_FILTER, **_RESPONSE_URL, initial_conversation=USER)
    ),
    "multi_conversations_select": Object(
        optional=_select(**_FILTER, **_MULTI, initial_conversations=Array(USER, 100))
    ),
    "channels_select": Object(optional=_select(**_RESPONSE_URL, initial_channel=USER)),
    "multi_channels_select": Object(optional=_select(**_MULTI, initial_channels=Array(USER, 100))),
}

_PICKERS: dict[str, Rule] = {
    "datepicker": Object(optional=_select(initial_date=String(10, minimum=10))),
    "timepicker": Object(optional=_select(initial_time=String(5, minimum=5), timezone=String(255))),
    "datetimepicker": Object(optional=_interactive(initial_date_time=Integer(0))),
}

_TYPED: dict[str, Rule] = {
    "plain_text_input": Object(
        optional=_select(
            initial_value=String(3000, minimum=0),
            multiline=Boolean(),
            min_length=Integer(0, 3000),
            max_length=Integer(1, 3000),
            dispatch_action_config=DISPATCH,
        )
    ),
    "rich_text_input": Object(
        optional=_select(initial_value=Anything(), dispatch_action_config=DISPATCH)
    ),
    "email_text_input": Object(
        optional=_select(initial_value=String(3000, minimum=0), dispatch_action_config=DISPATCH)
    ),
    "url_text_input": Object(
        optional=_select(initial_value=String(3000, minimum=0), dispatch_action_config=DISPATCH)
    ),
    "number_input": Object(
        required={"is_decimal_allowed": Boolean()},
        optional=_select(
            initial_value=String(3000, minimum=0),
            min_value=String(100),
            max_value=String(100),
            dispatch_action_config=DISPATCH,
        ),
    ),
    "file_input": Object(
        optional={
            "action_id": ACTION_ID,
            "filetypes": Array(String(50), 100),
            "max_files": Integer(1, 10),
        }
    ),
}

_ON_MESSAGES: dict[str, Rule] = {"button": BUTTON, **_CHOICES, **_SELECTS, **_PICKERS}

SECTION_ACCESSORY = ByType({"image": IMAGE, "overflow": OVERFLOW, **_ON_MESSAGES})
ACTIONS_ELEMENT = ByType({"overflow": OVERFLOW, **_ON_MESSAGES})
INPUT_ELEMENT = ByType({**_CHOICES, **_SELECTS, **_PICKERS, **_TYPED})
CONTEXT_ELEMENT = ByType({"image": IMAGE, "plain_text": Text(3000), "mrkdwn": Text(3000)})

CONTEXT_ACTION = ByType(
    {
        "feedback_buttons": Object(
            required={"positive_button": FEEDBACK_CHOICE, "negative_button": FEEDBACK_CHOICE},
            optional={"action_id": ACTION_ID},
        ),
        "icon_button": Object(
            required={"icon": String(255), "text": Text(75, plain=True)},
            optional={
                "action_id": ACTION_ID,
                "value": String(2000),
                "confirm": CONFIRM,
                "accessibility_label": String(75),
                "visible_to_user_ids": Array(USER, 100),
            },
        ),
    }
)

"""Submitting and dismissing modals, with the checks that Slack's own client makes first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.slack.content import checked_view
from sandbox.slack.errors import SlackError
from sandbox.slack.interactions import PayloadBuilder
from sandbox.slack.ports import ActionResult, Json, WorkspaceChange
from sandbox.slack.state import WorkspaceState

REQUIRED = "Please complete this required field."
TROUBLE = "We had some trouble connecting. Try again?"


class Submission:
    """Carries a modal's fate: errors shown, view replaced, pushed, or closed."""

    def __init__(self, state: WorkspaceState, payloads: PayloadBuilder) -> None:
        self._state = state
        self._payloads = payloads

    async def submit(
        self, user_id: str, view_id: str, values: Mapping[str, Mapping[str, Json]]
    ) -> ActionResult:
        """Submit a modal with its inputs' values."""
        owner, view = self._state.views.locate({"view_id": view_id})
        if owner != user_id or view["type"] != "modal":
            raise SlackError("not_found")
        errors = _client_errors(view, values)
        if errors:
            return ActionResult(False, errors=errors)
        view["state"] = {"values": _merged(view, values)}
        payload = self._payloads.view_submission(user_id, view)
        ack = await self._state.delivery.request("interactive", payload, accepts_response=True)
        if ack is None:
            return ActionResult(False, TROUBLE)
        answer = ack.payload if isinstance(ack.payload, dict) else {}
        try:
            return self._follow(user_id, view_id, answer)
        except SlackError:
            return ActionResult(False, TROUBLE)

    async def cancel(self, user_id: str, view_id: str) -> None:
        """Dismiss a modal; the app hears of it if the view asked to be told."""
        _, view = self._state.views.locate({"view_id": view_id})
        everything = view["clear_on_close"]
        gone = self._state.views.close(user_id, view_id, everything=everything)
        self._redraw(user_id)
        for closed in gone:
            if closed["notify_on_close"]:
                payload = self._payloads.view_closed(user_id, closed, cleared=everything)
                await self._state.delivery.request("interactive", payload, accepts_response=False)

    def _follow(self, user_id: str, view_id: str, answer: Json) -> ActionResult:
        kind = answer.get("response_action")
        if kind == "errors":
            errors = {str(k): str(v) for k, v in (answer.get("errors") or {}).items()}
            return ActionResult(False, errors=errors)
        if kind == "update":
            fresh = checked_view(self._state, answer.get("view"), "modal")
            self._state.views.update({"view_id": view_id}, fresh)
        elif kind == "push":
            self._state.views.push(user_id, checked_view(self._state, answer.get("view"), "modal"))
        else:
            self._state.views.close(user_id, view_id, everything=kind == "clear")
        self._redraw(user_id)
        return ActionResult(True)

    def _redraw(self, user_id: str) -> None:
        self._state.changed(WorkspaceChange("view", user=user_id))


def _inputs(view: Json) -> list[Json]:
    return [block for block in view["blocks"] if block["type"] == "input"]


def _is_empty(value: Mapping[str, Any]) -> bool:
    return not any(content for name, content in value.items() if name != "type")


def _client_errors(view: Json, values: Mapping[str, Mapping[str, Json]]) -> dict[str, str]:
    """What the client complains about before it sends anything: block id to message."""
    errors = {}
    for block in _inputs(view):
        element = block["element"]
        entered = values.get(block["block_id"], {}).get(element.get("action_id", ""), {})
        if _is_empty(entered):
            if not block.get("optional") and not _has_initial(element):
                errors[block["block_id"]] = REQUIRED
            continue
        text = str(entered.get("value") or "")
        if len(text) < element.get("min_length", 0):
            errors[block["block_id"]] = f"Please use at least {element['min_length']} characters."
        if len(text) > element.get("max_length", 3000):
            limit = element.get("max_length", 3000)
            errors[block["block_id"]] = f"Please use no more than {limit} characters."
    return errors


def _has_initial(element: Json) -> bool:
    return any(name.startswith("initial_") and value for name, value in element.items())


def _merged(view: Json, values: Mapping[str, Mapping[str, Json]]) -> Json:
    """``state.values``: every input of the view, filled or null, over what was chosen before."""
    merged: Json = {block: dict(entries) for block, entries in view["state"]["values"].items()}
    for block in _inputs(view):
        element = block["element"]
        empty: Json = {"type": element["type"]}
        if element["type"].endswith("_input"):
            empty["value"] = element.get("initial_value")
        elif "initial_option" in element:
            empty["selected_option"] = element["initial_option"]
        merged.setdefault(block["block_id"], {}).setdefault(element.get("action_id", ""), empty)
    for block_id, entries in values.items():
        for action_id, entry in entries.items():
            kept = merged.setdefault(block_id, {}).setdefault(action_id, {})
            if not _is_empty(entry) or _is_empty(kept):
                kept.update(entry)
    return merged

"""Modals on each person's screen and the App Home published for them."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping

from sandbox.slack.clock import new_id
from sandbox.slack.errors import SlackError
from sandbox.slack.identity import APP_ID, BOT_ID, TEAM_ID
from sandbox.slack.ports import Json

MAX_STACK = 3


class ViewStore:
    """A stack of at most three modals and one App Home per user."""

    def __init__(self) -> None:
        self._stacks: dict[str, list[Json]] = defaultdict(list)
        self._homes: dict[str, Json] = {}

    def open(self, user_id: str, payload: Json) -> Json:
        """Show a first modal; whatever was open gives way to it."""
        view = self._make(payload)
        self._stacks[user_id] = [view]
        return view

    def push(self, user_id: str, payload: Json) -> Json:
        """Lay a modal over the open one.

        Raises:
            SlackError: ``push_limit_reached``, or ``not_found`` when nothing is open.
        """
        stack = self._stacks[user_id]
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= MAX_STACK:
            raise SlackError("push_limit_reached")
        view = self._make(payload)
        view["previous_view_id"] = stack[-1]["id"]
        view["root_view_id"] = stack[0]["id"]
        stack.append(view)
        return view

    def update(self, key: Mapping[str, str], payload: Json) -> tuple[str, Json]:
        """Replace a view named by ``view_id`` or ``external_id``; returns whose it is and the new view.

        Raises:
            SlackError: ``not_found``, or ``hash_conflict`` when ``hash`` is not the current one.
        """
        user_id, view = self.locate(key)
        if key.get("hash") and key["hash"] != view["hash"]:
            raise SlackError("hash_conflict")
        fresh = self._make(payload)
        for name in ("id", "previous_view_id", "root_view_id"):
            fresh[name] = view[name]
        kept = {b["block_id"] for b in fresh["blocks"]}
        fresh["state"] = {"values": {k: v for k, v in view["state"]["values"].items() if k in kept}}
        view.clear()
        view.update(fresh)
        return user_id, view

    def publish(self, user_id: str, payload: Json, expected_hash: str = "") -> Json:
        """Replace a person's App Home."""
        current = self._homes.get(user_id)
        if expected_hash and current is not None and current["hash"] != expected_hash:
            raise SlackError("hash_conflict")
        view = self._make(payload)
        if current is not None:
            view["id"] = view["root_view_id"] = current["id"]
        self._homes[user_id] = view
        return view

    def locate(self, key: Mapping[str, str]) -> tuple[str, Json]:
        """Whose view it is, and the view."""
        for user_id, views in self._all():
            for view in views:
                by_id = key.get("view_id") == view["id"]
                if by_id or (key.get("external_id") and key["external_id"] == view["external_id"]):
                    return user_id, view
        raise SlackError("not_found")

    def top(self, user_id: str) -> Json | None:
        """The modal that this user sees."""
        stack = self._stacks[user_id]
        return stack[-1] if stack else None

    def home(self, user_id: str) -> Json | None:
        """The App Home that this user sees."""
        return self._homes.get(user_id)

    def close(self, user_id: str, view_id: str, *, everything: bool = False) -> list[Json]:
        """Take a modal (and those above it, or all) off the stack; returns those that went."""
        stack = self._stacks[user_id]
        position = next((i for i, view in enumerate(stack) if view["id"] == view_id), len(stack))
        if everything:
            position = 0
        gone = stack[position:]
        del stack[position:]
        return gone

    def _all(self) -> list[tuple[str, list[Json]]]:
        homes = [(user_id, [view]) for user_id, view in self._homes.items()]
        return [*self._stacks.items(), *homes]

    @staticmethod
    def _make(payload: Json) -> Json:
        view_id = new_id("V")
        blocks = [{"block_id": secrets.token_hex(3), **block} for block in payload["blocks"]]
        modal = payload["type"] == "modal"
        return {
            "id": view_id,
            "team_id": TEAM_ID,
            "type": payload["type"],
            "blocks": blocks,
            "private_metadata": payload.get("private_metadata", ""),
            "callback_id": payload.get("callback_id", ""),
            "external_id": payload.get("external_id", ""),
            "state": {"values": {}},
            "hash": f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}",
            "title": payload.get("title"),
            "close": payload.get("close"),
            "submit": payload.get("submit"),
            "clear_on_close": bool(payload.get("clear_on_close")) and modal,
            "notify_on_close": bool(payload.get("notify_on_close")) and modal,
            "previous_view_id": None,
            "root_view_id": view_id,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }

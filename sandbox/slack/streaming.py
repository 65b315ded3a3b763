"""The content of a streamed message: chunks become markdown, task cards and a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.slack.errors import SlackError
from sandbox.slack.ports import Json

MAX_TASK_CHARACTERS = 256
TASK_STATUSES = ("pending", "in_progress", "complete", "error")


class StreamedContent:
    """What has been streamed so far; in ``plan`` mode all tasks gather in one plan block on top."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.plan_title = ""
        self.parts: list[Json] = []

    def append(self, chunks: Sequence[Any]) -> None:
        """Add chunks; a task's later updates change its card in place.

        Raises:
            SlackError: ``invalid_chunks``.
        """
        for chunk in chunks:
            if not isinstance(chunk, dict):
                raise SlackError("invalid_chunks")
            kind = chunk.get("type")
            if kind == "markdown_text" and isinstance(chunk.get("text"), str):
                self._append_text(chunk["text"])
            elif kind == "task_update":
                self._update_task(chunk)
            elif kind == "plan_update" and isinstance(chunk.get("title"), str):
                self.plan_title = chunk["title"]
            elif kind == "blocks" and isinstance(chunk.get("blocks"), list):
                self.parts += chunk["blocks"]
            else:
                raise SlackError("invalid_chunks")

    def text(self) -> str:
        """All markdown so far, for notifications."""
        return "".join(part["text"] for part in self.parts if part["type"] == "markdown")

    def blocks(self) -> list[Json]:
        """The message's blocks so far."""
        if self.mode == "timeline":
            return list(self.parts)
        tasks = [part for part in self.parts if part["type"] == "task_card"]
        others = [part for part in self.parts if part["type"] != "task_card"]
        if not tasks and not self.plan_title:
            return others
        title = self.plan_title or tasks[0]["title"]
        return [{"type": "plan", "title": title, "tasks": tasks}, *others]

    def _append_text(self, text: str) -> None:
        if self.parts and self.parts[-1]["type"] == "markdown":
            self.parts[-1]["text"] += text
        elif text:
            self.parts.append({"type": "markdown", "text": text})

    def _update_task(self, chunk: Json) -> None:
        texts = [chunk.get(name) for name in ("title", "details", "output")]
        too_long = any(isinstance(t, str) and len(t) > MAX_TASK_CHARACTERS for t in texts)
        if too_long or not chunk.get("id") or chunk.get("status") not in TASK_STATUSES:
            raise SlackError("invalid_chunks")
        known = next((p for p in self.parts if p.get("task_id") == chunk["id"]), None)
        if known is None:
            if not chunk.get("title"):
                raise SlackError("invalid_chunks")
            known = {"type": "task_card", "task_id": chunk["id"]}
            self.parts.append(known)
        known["status"] = chunk["status"]
        if chunk.get("title"):
            known["title"] = chunk["title"]
        for name in ("details", "output"):
            if chunk.get(name):
                known[name] = _appended(known.get(name), str(chunk[name]))
        if chunk.get("sources"):
            known["sources"] = [*known.get("sources", ()), *chunk["sources"]]


def _appended(rich_text: Json | None, text: str) -> Json:
    """Rich text with one more line; details and output of a task add up."""
    elements = list(rich_text["elements"]) if rich_text else []
    line = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [*elements, line]}

"""A person at the demo's Slack page, driving it by the JSON behind it, and the story as the terminal tells it."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from rich.console import Console
from rich.markup import escape

Json = dict[str, Any]

_POLL_SECONDS = 0.5
_PATIENCE_SECONDS = 420.0
_BOT = "srebot"
_FORGE_TOKEN = "sandbox-github-mira"  # noqa: S105 - the engineer's in the sandbox, no secret
_MARKUP = re.compile(r"<(?:!date[^|>]*|[^|>]*)\|([^>]*)>")
_EMOJI = re.compile(r":[a-z0-9_+-]+: ?")


class Person:
    """Reads a channel and its threads and presses buttons, as ``user``."""

    def __init__(self, page: str, user: str, channel: str) -> None:
        self.page = f"{page}?user={user}&channel={channel}"
        self._root = page.rstrip("/")
        self._user = user
        self._channel = channel

    def threads(self) -> list[Json]:
        """The channel's top-level messages."""
        found: list[Json] = self._get("messages", channel=self._channel)["messages"]
        return found

    def thread(self, ts: str) -> list[Json]:
        """A thread, its parent first."""
        found: list[Json] = self._get("thread", channel=self._channel, ts=ts)["messages"]
        return found

    def click(self, ts: str, block_id: str, action_id: str) -> Json:
        """Press a button of a message."""
        return self._post(
            "click", channel=self._channel, ts=ts, block_id=block_id, action_id=action_id
        )

    def modal(self) -> Json | None:
        """The modal that is open."""
        view: Json | None = self._get("view")["view"]
        return view

    def submit(self, view: Json, reason: str) -> Json:
        """Press the modal's submit button."""
        values = {"reason": {"reason": {"type": "plain_text_input", "value": reason}}}
        return self._post("view/submit", view_id=view["id"], values=values)

    def merge(self, link: str) -> None:
        """Merge a pull request of the company's GitHub, with this person's own token there."""
        owner, name, _, number = urllib.parse.urlsplit(link).path.split("/")[-4:]
        request = urllib.request.Request(  # noqa: S310 (loopback)
            f"{self._root}/github/repos/{owner}/{name}/pulls/{number}/merge",
            data=b"{}",
            headers={"Authorization": f"Bearer {_FORGE_TOKEN}"},
            method="PUT",
        )
        self._call(request)

    def _get(self, what: str, **query: str) -> Json:
        words = urllib.parse.urlencode({"user": self._user, **query})
        return self._call(urllib.request.Request(f"{self._root}/page/{what}?{words}"))  # noqa: S310

    def _post(self, what: str, **body: Any) -> Json:
        request = urllib.request.Request(  # noqa: S310 (loopback)
            f"{self._root}/page/{what}",
            data=json.dumps({"user": self._user, **body}).encode(),
            headers={"Content-Type": "application/json"},
        )
        return self._call(request)

    def _call(self, request: urllib.request.Request) -> Json:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 (loopback)
            found: Json = json.load(answer)
            return found


class Story:
    """What happens in the alert channel, told line by line; approves the fix when asked to."""

    def __init__(self, person: Person, console: Console, *, approves: bool) -> None:
        self._person = person
        self._console = console
        self._approves = approves
        self._told: dict[str, str] = {}
        self._approved = False
        self._began = time.monotonic()

    def tell(self) -> int:
        """Play to the end; 0 when the recovery (or that nothing is wrong) was reported."""
        with self._console.status("Waiting for the alert") as status:
            while time.monotonic() - self._began < _PATIENCE_SECONDS:
                text = self._look()
                if re.search(r"Recovered\.|Nothing is wrong", text):
                    return self._end("The story ended well: it was seen in the thread.", 0)
                if re.search(r"Unchanged\.|Worse\.|Cannot tell\.", text):
                    return self._end("No recovery was seen after the change.", 1)
                waits = "Approve or reject" in text or "Merge or close" in text
                if not self._approves and waits:
                    return self._end("The fix waits for approval (--approve approves it).", 0)
                status.update(self._doing(text))
                time.sleep(_POLL_SECONDS)
        return self._end("Nothing more happened in time.", 1)

    def follow(self) -> None:
        """Tell until interrupted: a human is at the page."""
        while True:
            self._look()
            time.sleep(_POLL_SECONDS)

    def _end(self, text: str, status: int) -> int:
        colour = "green" if status == 0 else "red"
        took = time.monotonic() - self._began
        self._console.print(f"\n[bold {colour}]{text}[/] ({took:.0f} s)")
        return status

    def _doing(self, text: str) -> str:
        if self._approved:
            return "Watching the signals after the change"
        return "Investigating" if "Investigat" in text else "Waiting for the alert"

    def _look(self) -> str:
        """Tell what is new; returns all that srebot has said."""
        said = []
        for parent in self._person.threads():
            if not parent.get("reply_count") and not parent.get("attachments"):
                continue
            for message in self._person.thread(parent["ts"]):
                text = plain(message)
                if message["ts"] == parent["ts"] and not _is_bot(message):
                    if message.get("attachments"):
                        self._tell(message, text, "yellow")
                    continue
                if _is_bot(message):
                    said.append(text)
                    self._tell(message, text, "cyan")
                    self._maybe_approve(message)
        return "\n".join(said)

    def _tell(self, message: Json, text: str, colour: str) -> None:
        if self._told.get(message["ts"]) == text or not text:
            return
        first = message["ts"] not in self._told
        self._told[message["ts"]] = text
        when = time.strftime("%H:%M:%S", time.localtime())
        mark = "●" if first else "↻"
        body = text if first else text.splitlines()[0]
        self._console.print(f"[dim]{when}[/dim] [{colour}]{mark}[/] {escape(body)}")

    def _maybe_approve(self, message: Json) -> None:
        if not self._approves or self._approved:
            return
        for block in message.get("blocks", ()):
            for element in block.get("elements", ()):
                if element.get("action_id") == "approve_change":
                    self._approve(message["ts"], block["block_id"])
                    return
                if element.get("action_id") == "open_request":
                    self._person.merge(element["url"])
                    self._approved = True
                    self._console.print("[bold]The engineer on call merged the pull request.[/]")
                    return

    def _approve(self, ts: str, block_id: str) -> None:
        answer = self._person.click(ts, block_id, "approve_change")
        view = self._person.modal()
        if not answer.get("ok") or view is None:
            self._console.print(f"[red]Approve was not taken: {escape(str(answer.get('text')))}[/]")
            return
        self._person.submit(view, "Low risk; the morning load is coming.")
        self._approved = True
        self._console.print("[bold]The engineer on call approved the change.[/bold]")


def _is_bot(message: Json) -> bool:
    profile = message.get("bot_profile") or {}
    return bool(message.get("bot_id")) and str(profile.get("name", _BOT)).lower() == _BOT


def plain(message: Json) -> str:
    """A message's words, without markup."""
    parts = [*_block_texts(message.get("blocks", ())), *_attachment_texts(message)]
    text = "\n".join(parts) or str(message.get("text", ""))
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = _MARKUP.sub(r"\1", text).replace(entity, character)
    return _EMOJI.sub("", text).replace("*", "").strip()


def _block_texts(blocks: Any) -> list[str]:
    found = []
    for block in blocks:
        holders = [block.get("text"), *block.get("fields", ()), *block.get("elements", ())]
        for holder in holders:
            text = holder.get("text") if isinstance(holder, dict) else holder
            if isinstance(text, str) and text and block["type"] != "actions":
                found.append(text)
    return found


def _attachment_texts(message: Json) -> list[str]:
    return [
        str(a.get("title") or a.get("fallback") or a.get("text") or "")
        for a in message.get("attachments", ())
    ]

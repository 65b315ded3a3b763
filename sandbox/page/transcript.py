"""A channel's or a thread's messages, laid out: days, headings, thread bars, reactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.page.emoji import emoji
from sandbox.page.moments import ago, clock, day_label, moment
from sandbox.page.people import Author, Directory
from sandbox.slack.ports import Json

_SAME_HEADING_SECONDS = 300
_FACES_IN_THREAD_BAR = 3
_NARRATION = {"channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name"}


@dataclass(frozen=True)
class Reaction:
    """One emoji under a message."""

    name: str
    character: str
    count: int
    mine: bool
    who: str


@dataclass(frozen=True)
class ThreadBar:
    """``3 replies  Last reply 5 minutes ago``."""

    count: int
    last: str
    faces: Sequence[Author]


@dataclass(frozen=True)
class Line:
    """One message as the template draws it."""

    raw: Json
    ts: str
    author: Author
    time: str
    full_time: str
    day: str
    """Non-empty where a new day begins above this message."""
    has_heading: bool
    """False where it continues the message above by the same author."""
    is_ephemeral: bool = False
    is_edited: bool = False
    is_narration: bool = False
    """A channel event, such as somebody joining."""
    reactions: Sequence[Reaction] = ()
    thread: ThreadBar | None = None
    files: Sequence[Json] = field(default_factory=tuple)


def lay_out(
    messages: Sequence[Json], directory: Directory, now: datetime, *, in_thread: bool = False
) -> list[Line]:
    """Lines in the order given; a thread has neither day dividers nor thread bars."""
    lines: list[Line] = []
    previous: Json | None = None
    for message in messages:
        lines.append(_line(message, previous, directory, now, in_thread=in_thread))
        previous = message
    return lines


def _line(
    message: Json, previous: Json | None, directory: Directory, now: datetime, *, in_thread: bool
) -> Line:
    when = moment(message["ts"])
    new_day = previous is None or moment(previous["ts"]).date() != when.date()
    return Line(
        raw=message,
        ts=str(message["ts"]),
        author=directory.author(message),
        time=clock(when),
        full_time=f"{when:%A, %d %B %Y, %H:%M:%S}",
        day=day_label(when.date(), now.date()) if new_day and not in_thread else "",
        has_heading=new_day or not _continues(message, previous, directory),
        is_ephemeral=bool(message.get("is_ephemeral")),
        is_edited=bool(message.get("edited")),
        is_narration=message.get("subtype") in _NARRATION,
        reactions=_reactions(message, directory),
        thread=None if in_thread else _thread_bar(message, directory, now),
        files=message.get("files") or (),
    )


def _continues(message: Json, previous: Json | None, directory: Directory) -> bool:
    if previous is None or _stands_alone(message) or _stands_alone(previous):
        return False
    gap_seconds = float(message["ts"]) - float(previous["ts"])
    same_author = directory.author(message).key == directory.author(previous).key
    return same_author and 0 <= gap_seconds < _SAME_HEADING_SECONDS


def _stands_alone(message: Json) -> bool:
    return bool(
        message.get("is_ephemeral")
        or message.get("reply_count")
        or message.get("subtype") in _NARRATION
    )


def _reactions(message: Json, directory: Directory) -> list[Reaction]:
    names = directory.names.users
    return [
        Reaction(
            name=reaction["name"],
            character=emoji(reaction["name"]) or f":{reaction['name']}:",
            count=int(reaction.get("count") or len(reaction.get("users", ()))),
            mine=directory.reader in reaction.get("users", ()),
            who=", ".join(names.get(user, user) for user in reaction.get("users", ())),
        )
        for reaction in message.get("reactions") or ()
    ]


def _thread_bar(message: Json, directory: Directory, now: datetime) -> ThreadBar | None:
    count = int(message.get("reply_count") or 0)
    if not count:
        return None
    latest = message.get("latest_reply")
    repliers = message.get("reply_users") or ()
    faces = [directory.author({"user": user}) for user in repliers if user in directory.users]
    return ThreadBar(
        count=count,
        last=ago(moment(latest), now) if latest else "",
        faces=faces[:_FACES_IN_THREAD_BAR],
    )

"""The messages of every conversation, as ``conversations.history`` shows them."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Sequence

from sandbox.slack.errors import SlackError
from sandbox.slack.ports import Json


def is_reply(message: Json) -> bool:
    """Whether the message stands in a thread below a parent."""
    return bool(message.get("thread_ts", message["ts"]) != message["ts"])


class MessageLog:
    """Messages by channel and ts, with their threads, reactions, and the ephemeral ones that one user sees."""

    def __init__(self) -> None:
        self._messages: dict[str, dict[str, Json]] = defaultdict(dict)
        self._ephemeral: dict[str, dict[str, Json]] = defaultdict(dict)

    def add(self, channel_id: str, message: Json) -> None:
        """Put a message in its place and count it as a reply of its thread.

        Raises:
            SlackError: ``thread_not_found`` when its ``thread_ts`` is no message of the channel.
        """
        log = self._messages[channel_id]
        if "thread_ts" in message:
            parent = log.get(message["thread_ts"])
            if parent is None:
                raise SlackError("thread_not_found")
            message["thread_ts"] = parent.get("thread_ts", parent["ts"])
        log[message["ts"]] = message
        if is_reply(message):
            self._recount(channel_id, message["thread_ts"])

    def get(self, channel_id: str, ts: str) -> Json:
        """The stored message itself.

        Raises:
            SlackError: ``message_not_found``.
        """
        message = self._messages[channel_id].get(ts)
        if message is None:
            raise SlackError("message_not_found")
        return message

    def find(self, channel_id: str, ts: str, user_id: str = "") -> Json:
        """A message, or this user's ephemeral message.

        Raises:
            SlackError: ``message_not_found``.
        """
        whisper = self._ephemeral[channel_id].get(ts)
        if whisper is not None and whisper["ephemeral_to"] == user_id:
            return whisper
        return self.get(channel_id, ts)

    def remove(self, channel_id: str, ts: str) -> Json:
        """Take a message away; a parent with replies leaves a tombstone, as in Slack."""
        message = self.get(channel_id, ts)
        if message.get("reply_count"):
            kept = {k: v for k, v in message.items() if k.startswith(("thread", "reply", "latest"))}
            self._messages[channel_id][ts] = {
                "type": "message",
                "subtype": "tombstone",
                "text": "This message was deleted.",
                "user": "USLACKBOT",
                "hidden": True,
                "ts": ts,
                **kept,
            }
        else:
            del self._messages[channel_id][ts]
            if is_reply(message):
                self._recount(channel_id, message["thread_ts"])
        return message

    def whisper(self, channel_id: str, user_id: str, message: Json) -> None:
        """Keep a message that only one user sees."""
        self._ephemeral[channel_id][message["ts"]] = {
            **message,
            "is_ephemeral": True,
            "ephemeral_to": user_id,
        }

    def unwhisper(self, channel_id: str, ts: str) -> bool:
        """Forget an ephemeral message; says whether there was one."""
        return self._ephemeral[channel_id].pop(ts, None) is not None

    def top_level(self, channel_id: str) -> list[Json]:
        """What the channel itself shows, oldest first: no replies but the broadcast ones."""
        return [
            copy.deepcopy(message)
            for message in self._ordered(self._messages[channel_id])
            if not is_reply(message) or message.get("subtype") == "thread_broadcast"
        ]

    def thread(self, channel_id: str, thread_ts: str) -> list[Json]:
        """A parent and its replies, oldest first.

        Raises:
            SlackError: ``thread_not_found``.
        """
        log = self._messages[channel_id]
        if thread_ts not in log:
            raise SlackError("thread_not_found")
        root = log[thread_ts].get("thread_ts", thread_ts)
        return [
            copy.deepcopy(message)
            for message in self._ordered(log)
            if message["ts"] == root or message.get("thread_ts") == root
        ]

    def ephemeral(self, channel_id: str, user_id: str, thread_ts: str | None) -> list[Json]:
        """This user's ephemeral messages in the channel (``thread_ts`` None) or in one thread."""
        return [
            copy.deepcopy(message)
            for message in self._ordered(self._ephemeral[channel_id])
            if message["ephemeral_to"] == user_id and message.get("thread_ts") == thread_ts
        ]

    def react(self, channel_id: str, ts: str, user_id: str, name: str) -> None:
        """Add a reaction.

        Raises:
            SlackError: ``already_reacted`` or ``message_not_found``.
        """
        reactions = self.get(channel_id, ts).setdefault("reactions", [])
        for reaction in reactions:
            if reaction["name"] == name:
                if user_id in reaction["users"]:
                    raise SlackError("already_reacted")
                reaction["users"].append(user_id)
                reaction["count"] += 1
                return
        reactions.append({"name": name, "users": [user_id], "count": 1})

    def unreact(self, channel_id: str, ts: str, user_id: str, name: str) -> None:
        """Take a reaction back.

        Raises:
            SlackError: ``no_reaction`` or ``message_not_found``.
        """
        message = self.get(channel_id, ts)
        for reaction in message.get("reactions", []):
            if reaction["name"] == name and user_id in reaction["users"]:
                reaction["users"].remove(user_id)
                reaction["count"] -= 1
                if not reaction["users"]:
                    message["reactions"].remove(reaction)
                return
        raise SlackError("no_reaction")

    @staticmethod
    def _ordered(log: dict[str, Json]) -> Sequence[Json]:
        return sorted(log.values(), key=lambda message: float(message["ts"]))

    def _recount(self, channel_id: str, thread_ts: str) -> None:
        log = self._messages[channel_id]
        parent = log[thread_ts]
        replies = [m for m in self._ordered(log) if is_reply(m) and m["thread_ts"] == thread_ts]
        parent["thread_ts"] = thread_ts
        authors = list(dict.fromkeys(m.get("user") or m.get("bot_id", "") for m in replies))
        parent.update(
            reply_count=len(replies),
            reply_users=authors,
            reply_users_count=len(authors),
            latest_reply=replies[-1]["ts"] if replies else thread_ts,
            is_locked=False,
            subscribed=False,
        )
        if not replies:
            for name in ("thread_ts", "reply_count", "reply_users", "reply_users_count"):
                parent.pop(name)
            parent.pop("latest_reply")

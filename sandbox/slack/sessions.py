"""Agent sessions of threads: their status and title, and the prompts that the app suggests.

https://docs.slack.dev/ai/agent-sessions
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.slack.errors import SlackError, invalid_arguments
from sandbox.slack.ports import Json

STATUSES = ("active", "processing", "suspended", "closed")
MAX_TITLE_CHARACTERS = 200
MAX_PROMPTS = 4


@dataclass
class Session:
    """One thread's session; ``status_text`` is the passing line of ``assistant.threads.setStatus``."""

    status: str = ""
    title: str = ""
    initiator: str = ""
    status_text: str = ""
    loading_messages: list[str] = field(default_factory=list)

    def as_json(self) -> Json:
        """What a page shows of it; ``status`` is empty while only a passing line is set."""
        return {
            "status": self.status,
            "title": self.title,
            "initiator_user_id": self.initiator,
            "status_text": self.status_text,
            "loading_messages": list(self.loading_messages),
        }


class SessionStore:
    """Sessions by channel and thread, and suggested prompts by channel."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str], Session] = {}
        self._prompts: dict[str, list[Json]] = {}

    def set_status(
        self, channel_id: str, thread_ts: str, status: str, title: str = "", initiator: str = ""
    ) -> Session:
        """Move a session, creating it when there is none; only then do title and initiator count."""
        if status not in STATUSES:
            raise invalid_arguments(f"must be one of: {', '.join(STATUSES)} [json-pointer:/status]")
        session = self._sessions.get((channel_id, thread_ts))
        if session is None or not session.status:
            self._check_title(title, minimum=0)
            session = self._sessions.setdefault((channel_id, thread_ts), Session())
            session.title, session.initiator = title or session.title, initiator
        session.status = status
        if status != "processing":
            session.status_text = ""
        return session

    def set_status_text(
        self, channel_id: str, thread_ts: str, text: str, loading: Sequence[str] = ()
    ) -> None:
        """Set (or with an empty text, clear) the line shown while the app thinks."""
        session = self._sessions.setdefault((channel_id, thread_ts), Session())
        session.status_text, session.loading_messages = text, list(loading)

    def clear_status_text(self, channel_id: str, thread_ts: str) -> bool:
        """A message of the app ends the passing line; says whether there was one."""
        session = self._sessions.get((channel_id, thread_ts))
        if session is None or not session.status_text:
            return False
        session.status_text, session.loading_messages = "", []
        return True

    def rename(self, channel_id: str, thread_ts: str, title: str) -> Session:
        """Give an existing session another title.

        Raises:
            SlackError: ``session_not_found``.
        """
        self._check_title(title, minimum=1)
        session = self._sessions.get((channel_id, thread_ts))
        if session is None or not session.status:
            raise SlackError("session_not_found")
        session.title = title
        return session

    def set_title(self, channel_id: str, thread_ts: str, title: str) -> None:
        """Set a title by the older assistant method, which needs no session."""
        self._sessions.setdefault((channel_id, thread_ts), Session()).title = title

    def get(self, channel_id: str, thread_ts: str) -> Session | None:
        """The thread's session, if the app ever touched it."""
        return self._sessions.get((channel_id, thread_ts))

    def set_prompts(self, channel_id: str, prompts: Sequence[Json]) -> None:
        """Offer up to four prompts, each with ``title`` and ``message``."""
        if len(prompts) > MAX_PROMPTS:
            raise invalid_arguments(
                f"no more than {MAX_PROMPTS} items allowed [json-pointer:/prompts]"
            )
        for index, prompt in enumerate(prompts):
            if not prompt.get("title") or not prompt.get("message"):
                raise invalid_arguments(
                    f"missing required field: title, message [json-pointer:/prompts/{index}]"
                )
        self._prompts[channel_id] = [dict(prompt) for prompt in prompts]

    def prompts(self, channel_id: str) -> list[Json]:
        """The prompts on offer."""
        return list(self._prompts.get(channel_id, ()))

    @staticmethod
    def _check_title(title: str, minimum: int) -> None:
        if not minimum <= len(title) <= MAX_TITLE_CHARACTERS:
            raise invalid_arguments(
                f"must be less than {MAX_TITLE_CHARACTERS + 1} characters [json-pointer:/title]"
            )

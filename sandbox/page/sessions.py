"""The line under a thread that says what the app is doing there."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.slack.ports import Json


@dataclass(frozen=True)
class SessionLine:
    """``srebot is thinking…``, and whether Slack offers to stop it."""

    text: str
    state: str
    """``processing``, ``suspended``, or empty while only a passing line is set."""
    can_stop: bool


def session_line(session: Json | None, app_name: str) -> SessionLine | None:
    """What an agent session's status shows; nothing when the app is neither working nor waiting."""
    if not session:
        return None
    state = str(session.get("status") or "")
    text = str(session.get("status_text") or "")
    if not text and state == "processing":
        text = next(iter(session.get("loading_messages") or ()), "is working…")
    if not text and state == "suspended":
        text = "is waiting for a person"
    if not text:
        return None
    shown = state if state in {"processing", "suspended"} else ""
    return SessionLine(f"{app_name} {text}", shown, can_stop=state == "processing")

"""Which investigation a tool is called for: tools that look into what was gathered before (``inspect``) need it."""

from __future__ import annotations

from contextvars import ContextVar

current_investigation: ContextVar[int | None] = ContextVar("current_investigation", default=None)
"""Its number while one of its checks runs; None outside."""

"""The exceptions of srebot: each message is a sentence that says what is wrong and what to do."""

from __future__ import annotations


class SrebotError(Exception):
    """The root of all exceptions that srebot raises itself."""


class ToolError(SrebotError):
    """A tool's call gave nothing; the message goes to the reasoner and, as a blind spot, into the report."""

    status = "error"


class BadArguments(ToolError):
    """The arguments of a tool's call do not fit its schema."""


class AccessDenied(ToolError):
    """The vendor refused (401, 403): something that srebot cannot see."""

    status = "denied"


class Unreachable(ToolError):
    """The vendor did not answer in time, or not at all."""

    status = "unreachable"


class NotFound(ToolError):
    """The vendor answered that there is no such thing."""

    status = "not_found"


class ReasonerUnavailable(SrebotError):
    """The model cannot go on (down, refused, out of quota, or not making sense); the rules take over."""


class Drifted(SrebotError):
    """The target is no longer what was approved: plan again and ask again."""


class Refused(SrebotError):
    """A change that the policy, the taint gate or the vendor does not let through."""

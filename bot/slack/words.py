"""Sentences that srebot says to one person."""

from __future__ import annotations

USAGE = (
    "Tell me what to look into, for example:\n"
    "• `/investigate checkout is slow in production`\n"
    "• `/investigate why do logins fail?`\n"
    "• `/investigate --budget deep auth is slow` (or `quick`, `5m`, `40calls`, `2usd`: what I may spend)\n"
    "• `/investigate quiet` (what I kept to myself since yesterday; `quiet all`: this week)\n"
    "• `/investigate freeze [reason]` (nothing is applied any more, at once; `freeze status`; `unfreeze`)\n"
    "• `/investigate trust` (how often I was right, and what I may do; `trust checkout`: why, and what is missing to more)\n"
    "• `/investigate patterns [text]` (what closed investigations taught; edit, merge, split, delete)\n"
    "In a thread, mention me (`@srebot why is cart slow?`) or choose *Investigate this* on a message. "
    "I only read; a change waits for an approval."
)
TAKEN = "On it. I’ll answer in the thread."
NOT_HERE = "I can’t post here. Invite me with `/invite @srebot`, or ask me in a channel."
FAILED = "That did not work, and it was not your fault. Please try again in a minute; the error is in my log."
GONE = "I no longer know this proposal."
SAY_WHY = "Say why: whoever looks at this next needs to know what was wrong with it."
NOT_A_MEMBER = (
    "Only full members of this workspace can correct what I know; guests and people of other companies can’t. "
    "Nothing was changed."
)
NOT_A_MEMBER_JUDGES = (
    "Only full members of this workspace can teach me what to be quiet about; guests and people of other companies can’t. "
    "Nothing was changed."
)
NOTED = "Noted, thank you."
NOTHING_TO_STOP = "Nothing is running in this thread."
EMPTY = "There is no text in that message that I could look into."
REVERTING = "I’ll propose the way back in this thread; it needs an approval like any change."
STOPPING = "Stopping. What was found so far stays in this thread."


DEEPER = "Digging deeper with a larger budget; how it goes shows in this thread."


def asked(text: str, budget: str = "") -> str:
    """The acknowledgement of a request, with its own words."""
    spending = f" Budget: {budget}." if budget else ""
    return f"On it: “{text}”. I’ll answer in a thread here.{spending}"


def bad_budget(problem: str) -> str:
    """Why a budget cannot be understood, and that nothing was begun."""
    return f"{problem} Nothing was started; send it again, for example `/investigate --budget 5m auth is slow`."

"""What a pull request says of a change: why, what, how risky, how back; and text from outside as mere text."""

from __future__ import annotations

import re

from agent.model import Case, Claim, Proposal

_SPACE = "\u200b"
"""A zero-width space: breaks what a forge would make a mention, a reference or a link of, and nothing else."""
_LIVE = re.compile(r"[@#]|:(?=//)|gh(?=-\d)|www(?=\.)|!(?=\[)|\](?=\()|<(?=[!/a-z])", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_FENCE = re.compile(r"`{3,}|~{3,}")
_LONGEST_TITLE = 200
_LONGEST_TEXT = 4_000
_MOST_CLAIMS = 12


def defused(text: str) -> str:
    """Text in which nothing mentions anybody, closes an issue, links or opens markup; for people it reads the same."""
    return _LIVE.sub(lambda m: m[0] + _SPACE, _CONTROL.sub("", text))


def fenced(text: str, language: str = "") -> str:
    """Text as a block of code that it cannot end by itself."""
    shown = _CONTROL.sub("", text)[:_LONGEST_TEXT]
    longest = max((len(m) for m in _FENCE.findall(shown)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def title_of(proposal: Proposal) -> str:
    """The one line of a pull request and of its commit."""
    return " ".join(defused(proposal.plan.summary).split())[:_LONGEST_TITLE]


def description_of(case: Case, proposal: Proposal) -> str:
    """The body of a pull request, in markdown.

    What srebot says itself is prose; what comes from outside (headline, claims, the alert's title) is fenced.
    """
    finding, plan = case.finding, proposal.plan
    parts = [
        f"Proposed by srebot for **{_word(proposal.environment)}**, investigation {proposal.investigation}, "
        f"proposal `{proposal.id}`. Merging is the approval; closing is the rejection. It is closed by itself at "
        f"{proposal.expires_at:%Y-%m-%d %H:%M} UTC.",
        "### What",
        fenced(defused(plan.summary)),
    ]
    if finding is not None:
        parts += [
            "### Why",
            fenced(defused(_evidence(case, finding.headline, proposal.change.why))),
        ]
    parts += ["### Risk", fenced(defused(plan.risk))]
    if plan.blast_radius:
        parts += ["### Depends on it", fenced(defused(", ".join(plan.blast_radius)))]
    if proposal.expectation is not None:
        parts += ["### Expected", fenced(defused(proposal.expectation.criterion))]
    parts += [
        "### Way back",
        "Revert the commit, or press the way back in the Slack thread: it becomes a pull request of its own.",
    ]
    return "\n\n".join(parts)


def _evidence(case: Case, headline: str, why: tuple[Claim, ...]) -> str:
    claims = why or (case.finding.chain if case.finding else ())
    lines = [f"- {claim.text}" for claim in claims[:_MOST_CLAIMS]]
    return "\n".join([headline, *lines, f"Alert: {case.signal.title}"])


def _word(text: str) -> str:
    """A name without anything that markdown would act on."""
    return re.sub(r"[^\w.-]", "", text) or "unknown"

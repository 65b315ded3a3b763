"""One render function per view: values of the core in, a message within Slack's limits out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from agent.awareness.issues import Precision
from agent.investigation.budget import left_in_words
from agent.model import (
    Approval,
    Case,
    Claim,
    Ending,
    Finding,
    HypothesisStatus,
    InvestigationStatus,
    Proposal,
    SignalKind,
    Via,
)
from bot.slack import limits
from bot.slack.limits import Message, escape
from bot.slack.links import only_ours
from bot.slack.views.changes import few, in_words, short_diff

_SHOWN_CHAIN = 5
_SHOWN_IMPACT = 4
_SHOWN_RULED_OUT = 3
_SHOWN_WHY = 2
"""How many sentences a thread shows of each; the record has all."""
_DRY_RUN = (
    ":test_tube: *Dry-run mode:* I change nothing; approved changes are only tried by a dry run."
)
_CITATION = re.compile(r"\[(\d+)\]")


class Views:
    """Renders what people see in Slack.

    Args:
        public_url: where the investigation pages are reached, without a trailing slash.
        dry_run: whether nothing is ever applied; then every summary and every proposal says so.
    """

    def __init__(self, public_url: str, *, dry_run: bool = False) -> None:
        self._public_url = public_url.rstrip("/")
        self.dry_run = dry_run
        self._templates = Environment(
            loader=PackageLoader("bot.slack.views"),
            autoescape=False,  # noqa: S701 (the output is JSON: strings pass through tojson)
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
        self._templates.filters.update(
            tojson=lambda value: json.dumps(value, ensure_ascii=False),
            esc=escape,
            percent=lambda ratio: f"{ratio * 100:.0f} %",
            bar=_bar,
            clock=_clock,
            duration=_duration,
            few=few,
            in_words=in_words,
            short_diff=short_diff,
            mention=lambda user: f"<@{escape(user)}>",
        )

    def record_url(self, case: Case) -> str:
        """The investigation's page."""
        return f"{self._public_url}/investigations/{case.investigation.id}"

    def investigation_url(self, number: int) -> str:
        """The page of the investigation of that number."""
        return f"{self._public_url}/investigations/{number}"

    @property
    def trust_url(self) -> str:
        """The page of what is known of trust."""
        return f"{self._public_url}/trust"

    @property
    def patterns_url(self) -> str:
        """The page of what closed investigations taught."""
        return f"{self._public_url}/patterns"

    @property
    def quiet_url(self) -> str:
        """The page of what was kept quiet."""
        return f"{self._public_url}/quiet"

    def message(self, template: str, text: str, **values: Any) -> Message:
        """A message from a template.

        Args:
            template: its name.
            text: the notification.
            values: what the template shows; ``url`` is where all of it can be read.
        """
        rendered = self._templates.get_template(f"{template}.j2").render(**values)
        return limits.fit(text, json.loads(rendered, strict=False), values.get("url", ""))

    def _claims(self, case: Case, claims: Iterable[Claim]) -> list[str]:
        return [escape(c.text) + self._citations(case, c.citations) for c in claims]

    def _impact(self, case: Case, finding: Finding) -> list[str]:
        """What lies ahead is worth more than one more sign of what is: the first forecast stands second."""
        first, rest = finding.impact[:1], finding.impact[1:]
        return self._claims(case, (*first, *finding.forecast, *rest))

    def _first(self, case: Case, lines: list[str], most: int) -> list[str]:
        """The first lines; the others are one click away."""
        left = len(lines) - most
        if left <= 1:
            return lines
        return [*lines[:most], f"<{self.record_url(case)}|{left} more>"]

    def _citations(self, case: Case, numbers: Iterable[int]) -> str:
        return "".join(f" <{self.record_url(case)}/evidence/{n}|[{n}]>" for n in numbers)

    def summary(self, case: Case, gathered: str = "") -> Message:
        """The one message per investigation that is edited in place.

        Args:
            case: the investigation.
            gathered: what belongs together in it, such as ``82 alerts on 4 services``; empty: nothing to say of that.
        """
        headline = summary_line(case)
        return self.message(
            "summary",
            headline,
            case=case,
            icon=_icon(case),
            state=_state(case),
            title=case.signal.title,
            live=[h for h in case.ranked() if h.status != HypothesisStatus.RULED_OUT][:3],
            ruled_out=[h for h in case.hypotheses if h.status == HypothesisStatus.RULED_OUT],
            next_step=_next_step(case),
            gathered=gathered,
            url=self.record_url(case),
            running=case.investigation.status == InvestigationStatus.RUNNING,
            dry_run=self.dry_run,
        )

    def update(self, case: Case, text: str) -> Message:
        """One short line in the thread."""
        return limits.fit(text, [_section(escape(text))])

    def report(self, case: Case) -> Message:
        """The finding with its evidence."""
        finding = case.finding
        if finding is None:
            raise ValueError("an investigation without a finding has no report")
        return self.message(
            "report",
            finding.headline,
            case=case,
            finding=finding,
            icon=_icon(case),
            ending=_ending(case, finding),
            chain=self._first(case, self._claims(case, finding.chain), _SHOWN_CHAIN),
            impact=self._first(case, self._impact(case, finding), _SHOWN_IMPACT),
            ruled_out=self._first(case, self._claims(case, finding.ruled_out), _SHOWN_RULED_OUT),
            left=left_in_words(case),
            url=self.record_url(case),
        )

    def reminder(self, case: Case) -> Message:
        """The open question once more, to whoever asked for the investigation or to all."""
        question = case.finding.question if case.finding else ""
        asker = case.signal.requested_by
        whom = f"<@{asker}> " if asker else ""
        text = (
            f":raising_hand: {whom}I still wait for an answer: *{escape(question)}*\n"
            "Reply here, say `continue` to have me look further without it, or `stop`."
        )
        return limits.fit(f"Still waiting: {question}", [_section(text)])

    def proposal(
        self, case: Case, proposal: Proposal, note: str = "", approved_by: Iterable[str] = ()
    ) -> Message:
        """A proposed change; buttons only while it is open."""
        return self.message(
            "proposal",
            f"Proposed for {proposal.environment}: {proposal.plan.summary}",
            case=case,
            proposal=proposal,
            why=self._claims(case, proposal.change.why[:_SHOWN_WHY]),
            note=note,
            approved_by=tuple(approved_by),
            dry_run=self.dry_run,
            url=self.record_url(case),
        )

    def decision(self, case: Case, proposal: Proposal, approval: Approval) -> Message:
        """Who decided what."""
        verb = "approved" if approval.approved else "rejected"
        reason = f" — “{escape(approval.reason)}”" if approval.reason else ""
        icon = ":white_check_mark:" if approval.approved else ":no_entry_sign:"
        text = f"{icon} <@{approval.user}> {verb} “{escape(proposal.plan.summary)}”{reason}"
        return limits.fit(f"{verb.capitalize()}: {proposal.plan.summary}", [_section(text)])

    def text(self, markdown: str, case: Case | None = None) -> Message:
        """Standard markdown, as an answer to a person; ``[n]`` opens the case's evidence, and no link leads elsewhere."""
        markdown = only_ours(markdown, self._public_url)
        if case is not None:
            known = {str(e.number) for e in case.evidence}
            record = self.record_url(case)
            markdown = _CITATION.sub(
                lambda m: f"[{m[0]}]({record}/evidence/{m[1]})" if m[1] in known else m[0], markdown
            )
        markdown = limits.without_mentions(markdown)
        return limits.fit(markdown, [{"type": "markdown", "text": markdown}])

    def view(self, template: str, **values: Any) -> dict[str, Any]:
        """A modal or home view from a template."""
        rendered = self._templates.get_template(f"{template}.j2").render(**values)
        return limits.fit_view(json.loads(rendered, strict=False))

    def cause_modal(self, investigation: int) -> dict[str, Any]:
        """Asks for the right cause after a thumbs down."""
        return self.view("cause_modal", investigation=investigation)

    def home(
        self,
        cases: Iterable[Case],
        proposals: Iterable[tuple[Case, Proposal]],
        precision: Iterable[Precision] = (),
        trust: Iterable[str] = (),
        notices: Iterable[str] = (),
    ) -> dict[str, Any]:
        """App Home: what is open, what waits for a decision, of how much use speaking unasked was, and how far to trust it."""
        rendered = self._templates.get_template("home.j2").render(
            cases=[(c, _icon(c), _state(c), self.record_url(c)) for c in cases],
            proposals=list(proposals),
            precision=list(precision),
            quiet_url=self.quiet_url,
            notices=[*notices, *([_DRY_RUN] if self.dry_run else [])],
            trust="\n".join(trust),
            trust_url=self.trust_url,
        )
        return limits.fit_view(json.loads(rendered, strict=False))


def summary_line(case: Case) -> str:
    """The investigation in one line, as the notification shows it."""
    if case.finding is not None:
        return f"{_ending(case, case.finding)}: {case.finding.headline}"
    return f"{_state(case)}: {case.signal.title}"


def _ending(case: Case, finding: Finding) -> str:
    stopped = case.investigation.status is InvestigationStatus.STOPPED
    return "Stopped" if stopped else _ENDINGS[finding.ending]


_ENDINGS = {
    Ending.CAUSE_FOUND: "Cause found",
    Ending.NOTHING_WRONG: "Nothing wrong now",
    Ending.INPUT_NEEDED: "Your input is needed",
    Ending.BUDGET_USED: "Budget used up",
}

_STATES = {
    InvestigationStatus.RUNNING: "Investigating",
    InvestigationStatus.WAITING_FOR_INPUT: "Waiting for your input",
    InvestigationStatus.WAITING_FOR_APPROVAL: "Waiting for approval",
    InvestigationStatus.APPLYING: "Applying the change",
    InvestigationStatus.WATCHING: "Watching what happens",
    InvestigationStatus.CLOSED: "Closed",
    InvestigationStatus.STOPPED: "Stopped",
    InvestigationStatus.FAILED: "Failed",
}

_ICONS = {
    Ending.CAUSE_FOUND: ":dart:",
    Ending.NOTHING_WRONG: ":white_check_mark:",
    Ending.INPUT_NEEDED: ":raising_hand:",
    Ending.BUDGET_USED: ":hourglass:",
}


def _state(case: Case) -> str:
    return _STATES[case.investigation.status]


def _icon(case: Case) -> str:
    if case.investigation.status in (InvestigationStatus.STOPPED, InvestigationStatus.FAILED):
        return ":octagonal_sign:"
    if case.signal.kind is SignalKind.QUESTION:
        return ":speech_balloon:"
    return _ICONS[case.finding.ending] if case.finding else ":mag:"


def _next_step(case: Case) -> str:
    waiting = [p for p in case.proposals if p.status == "open"]
    match case.investigation.status:
        case InvestigationStatus.WAITING_FOR_APPROVAL if waiting:
            through = waiting[-1].plan.via is Via.PULL_REQUEST
            ways = "Merge or close the pull request" if through else "Approve or reject"
            return f"{ways}: {waiting[-1].plan.summary}"
        case InvestigationStatus.WAITING_FOR_INPUT if case.finding:
            return case.finding.question
        case InvestigationStatus.WATCHING if case.proposals:
            return f"Watching the signals after: {case.proposals[-1].plan.summary}"
        case _:
            return case.finding.next_steps[0] if case.finding and case.finding.next_steps else ""


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _bar(ratio: float) -> str:
    full = round(max(0.0, min(1.0, ratio)) * 5)
    return "▰" * full + "▱" * (5 - full)


def _clock(when: datetime) -> str:
    """A time that each reader sees in their own zone."""
    return f"<!date^{int(when.timestamp())}^{{time}}|{when:%H:%M} UTC>"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

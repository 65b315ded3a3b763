"""Investigations to show: one of the shared Redis at three in the morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from agent.awareness.issues import Decided, Issue, IssueKind
from agent.model import (
    Approval,
    Budget,
    Case,
    Change,
    ChangeKind,
    Claim,
    Conversation,
    Decision,
    Ending,
    Entity,
    Finding,
    Hypothesis,
    Investigation,
    InvestigationStatus,
    Outcome,
    OutcomeStatus,
    Plan,
    Proposal,
    Signal,
    SignalAfter,
    SignalKind,
    Spent,
    Triage,
)

NOW = datetime(2026, 11, 24, 3, 4, tzinfo=UTC)
PROPOSAL = UUID("6f9c0a52-37f0-4d53-9c6b-000000000001")
DIFF = "--- before\n+++ after\n@@ -1,3 +1,3 @@\n spec:\n-  suspend: false\n+  suspend: true\n"


def signal(**fields: Any) -> Signal:
    return Signal(
        **{
            "key": "slack:C0ALERTS:1764000000.000100",
            "kind": SignalKind.ALERT,
            "source": "datadog",
            "title": "Redis command latency is high on redis-reco",
            "service": "redis-reco",
            "environment": "production",
            "occurred_at": NOW,
            "conversation": Conversation(channel="C0ALERTS", thread="1764000000.000100"),
            **fields,
        }
    )


def decided(number: int = 1, **fields: Any) -> Decided:
    return Decided(
        **{
            "id": number,
            "signal": f"slack:C0ALERTS:{number}.0",
            "title": "Queue grows",
            "service": "cart",
            "environment": "staging",
            "decision": Decision.QUIET,
            "reason": "Not investigated: 9 of 9 like it recovered by themselves",
            "impact": 0.2,
            "combination": "datadog|7|cart|staging",
            "at": NOW,
            **fields,
        }
    )


def emerging(**fields: Any) -> Issue:
    return Issue(
        **{
            "id": 3,
            "kind": IssueKind.EMERGING,
            "title": "redis-reco runs full at 07:40",
            "triage": Triage(decision=Decision.INVESTIGATE, reason="three dependants"),
            "opened_at": NOW,
            "last_signal_at": NOW,
            **fields,
        }
    )


def hypotheses(statement: str = "") -> tuple[Hypothesis, ...]:
    said = statement or "The nightly backup competes with redis-reco for memory"
    return (
        Hypothesis(id="h1", statement=said, mode="resource-contention", log_odds=1.2),
        Hypothesis(id="h2", statement="A rollout changed recommendation", mode="bad-rollout"),
    )


def finding(text: str = "", **fields: Any) -> Finding:
    claim = Claim(
        text=text or "redis-reco-backup started at 00:10 and runs still", citations=(1, 2)
    )
    return Finding(
        **{
            "ending": Ending.CAUSE_FOUND,
            "headline": text or "The backup redis-reco-backup takes memory from redis-reco",
            "confidence": 0.91,
            "chain": (claim, claim),
            "impact": (claim,),
            "forecast": (claim,),
            "ruled_out": (claim,),
            "unseen": (text or "logs of redis-reco (403)",),
            "next_steps": (text or "Suspend the backup until the morning",),
            "reasoner": text or "rules",
            **fields,
        }
    )


def proposal(text: str = "", **fields: Any) -> Proposal:
    target = Entity(name="redis-reco-backup", kind="cronjob", namespace="production")
    change = Change(
        kind=ChangeKind.SUSPEND_JOB,
        target=target,
        why=(Claim(text=text or "It competes with redis-reco", citations=(2,)),),
    )
    back = Change(kind=ChangeKind.RESUME_JOB, target=target)
    return Proposal(
        **{
            "id": PROPOSAL,
            "investigation": 7,
            "change": change,
            "plan": Plan(
                diff=text or DIFF,
                target_uid="u",
                resource_version="12",
                summary=text or "suspend CronJob redis-reco-backup",
                risk=text or "No snapshots until it is resumed.",
                way_back=back,
            ),
            "environment": text or "production",
            "policy_version": "1",
            "created_at": NOW,
            "expires_at": NOW + timedelta(hours=1),
            **fields,
        }
    )


def approval(**fields: Any) -> Approval:
    return Approval(
        **{
            "proposal": PROPOSAL,
            "digest": "d",
            "approved": True,
            "user": "U0ENGINEER",
            "decided_at": NOW,
            **fields,
        }
    )


def outcome(text: str = "", **fields: Any) -> Outcome:
    after = SignalAfter(
        name=text or "latency of redis-reco", query="q", before=2.4, after=0.6, good=True
    )
    return Outcome(
        **{
            "proposal": PROPOSAL,
            "status": OutcomeStatus.RECOVERED,
            "statement": text or "Latency is below its threshold again since 03:09",
            "signals": (after, after.model_copy(update={"after": None, "good": None})),
            "observed_at": NOW,
            "watched_seconds": 420,
            **fields,
        }
    )


def case(about: Signal | None = None, **fields: Any) -> Case:
    told = about or signal()
    status = fields.pop("status", InvestigationStatus.RUNNING)
    conversation = fields.pop("conversation", told.conversation)
    return Case(
        **{
            "investigation": Investigation(
                id=7,
                signal=told,
                triage=Triage(
                    decision=Decision.INVESTIGATE, reason="redis-reco has three dependants"
                ),
                budget=Budget(),
                conversation=conversation,
                status=status,
                reasoner="rules",
                spent=Spent(seconds=31),
                started_at=NOW,
            ),
            "now": NOW,
            "hypotheses": hypotheses(),
            **fields,
        }
    )

"""How what is known is said to people: sources, moments, doubts, lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from agent.knowledge.facts import Belief
from agent.knowledge.graph import name_of
from agent.model import Entity, Relation

_SOURCES = {
    "kubernetes": "Kubernetes",
    "datadog": "Datadog",
    "pagerduty": "PagerDuty",
    "slack": "a Slack message",
    "runbook": "a runbook",
    "document": "a document",
    "documents": "a document",
    "repository": "the repository",
    "code": "infrastructure code",
    "infrastructure": "infrastructure code",
    "iac": "infrastructure code",
    "terraform": "Terraform code",
    "helm": "a Helm chart",
    "inferred": "configuration",
    "investigation": "an investigation",
    "engineer": "an engineer",
}
"""How an origin of knowledge is called in a sentence; others go by their own name."""
_OLD = timedelta(days=30)
"""From this age on a source is named with its month: what it says may be outdated."""
_STATEMENT = 160


def source_words(origin: str) -> str:
    """An origin as the subject of a sentence."""
    return _SOURCES.get(origin.partition(":")[0], origin)


def moment(at: datetime, now: datetime) -> str:
    """A moment as people say it: ``today 02:14 UTC``, ``yesterday 22:10 UTC``, ``23 Nov 14:30 UTC``, ``12 Mar``."""
    days = (now.date() - at.date()).days
    if days == 0:
        return f"today {at:%H:%M} UTC"
    if days == 1:
        return f"yesterday {at:%H:%M} UTC"
    if abs(days) < 14:
        return f"{at.day} {at:%b %H:%M} UTC"
    if abs(days) < 300:
        return f"{at.day} {at:%b}"
    return f"{at:%B %Y}"


def listed(names: Iterable[str], most: int = 12) -> str:
    """``a, b and c``; of many, the first ones ``and 5 more``."""
    all_names = list(names)
    kept, left = all_names[:most], len(all_names) - most
    if left > 0:
        return f"{', '.join(kept)} and {left} more"
    return " and ".join([", ".join(kept[:-1]), kept[-1]] if len(kept) > 1 else kept)


def sides(belief: Belief) -> tuple[tuple[Relation, ...], tuple[Relation, ...]]:
    """Those who say that it is so, and those who deny it."""
    return (
        tuple(r for r in belief.said_by if r.holds),
        tuple(r for r in belief.said_by if not r.holds),
    )


def who_says(relations: Sequence[Relation], now: datetime) -> str:
    """The sources of some relations, each once, old ones with their month: ``Datadog and a runbook of March``."""
    return listed(dict.fromkeys(_aged(r, now) for r in relations))


def _aged(relation: Relation, now: datetime) -> str:
    words = source_words(relation.origin)
    if now - relation.last_confirmed < _OLD:
        return words
    year = f" {relation.last_confirmed:%Y}" if (now - relation.last_confirmed).days > 300 else ""
    return f"{words} of {relation.last_confirmed:%B}{year}"


def doubt(belief: Belief, now: datetime) -> str:
    """Why a relation is not certain, as a clause; empty when it is."""
    saying, denying = sides(belief)
    if belief.contradicted and saying and denying:
        return (
            f"contradicted: {who_says(denying, now)} {_verb(denying, 'denies', 'deny')} it,"
            f" {who_says(saying, now)} {_verb(saying, 'says', 'say')} so"
        )
    if denying and not saying:
        return f"denied by {who_says(denying, now)}"
    if belief.tentative and saying:
        if all(r.missing_since for r in saying):
            return (
                f"tentative: {who_says(saying, now)} no longer {_verb(saying, 'shows', 'show')} it"
            )
        return f"tentative: only {who_says(saying, now)} {_verb(saying, 'says', 'say')} so"
    return ""


def _verb(relations: Sequence[Relation], one: str, many: str) -> str:
    return one if len({r.origin for r in relations}) <= 1 else many


def said(relation: Relation, now: datetime) -> str:
    """One source's word with its evidence and its times."""
    denies = "" if relation.holds else "says that it is not so: "
    link = relation.evidence.startswith(("https://", "http://"))
    shown = f"see {relation.evidence}" if link and relation.holds else short(relation.evidence)
    evidence = f"{denies}{shown}" or "says so"
    seen = f"first seen {moment(relation.first_seen, now)}"
    last = f"last confirmed {moment(relation.last_confirmed, now)}"
    gone = (
        f", not seen since {moment(relation.missing_since, now)}" if relation.missing_since else ""
    )
    checks = ""
    if relation.confirmations:
        found = "so" if relation.confirmations > 0 else "otherwise"
        checks = f", {abs(relation.confirmations)} investigation(s) found it {found}"
    return f"{evidence} ({seen}, {last}{gone}{checks}, {relation.confidence:.0%} sure)"


def short(text: str) -> str:
    """Evidence in one line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _STATEMENT else f"{line[: _STATEMENT - 1]}…"


def confirmed(belief: Belief) -> datetime | None:
    """When the relation was last confirmed by anybody who says that it is so."""
    return max((r.last_confirmed for r in sides(belief)[0]), default=None)


def tier_of(entity: Entity) -> str:
    """The tier's number; empty when none is known."""
    digits = "".join(c for c in str(entity.properties.get("tier") or "") if c.isdigit())
    return digits[:2]


def described(entity: Entity) -> str:
    """A name with what tells it apart: ``cart (tier 1)``, ``redis-reco-backup (cronjob)``."""
    marks = [entity.kind.replace("_", " ")] if entity.kind != "service" else []
    if tier := tier_of(entity):
        marks.append(f"tier {tier}")
    return f"{entity.name} ({', '.join(marks)})" if marks else entity.name


def tie(belief: Belief) -> str:
    """A relation in words: ``cart uses redis-reco``."""
    verb = VERBS.get(belief.kind, belief.kind.replace("_", " "))
    return f"{name_of(belief.source)} {verb} {name_of(belief.target)}"


VERBS = {
    "depends_on": "uses",
    "calls": "calls",
    "targets": "works on",
    "owns": "owns",
    "escalates": "is called for",
    "runs": "runs as",
    "routes_to": "routes to",
    "scales": "scales",
    "protects": "protects",
    "configured_by": "is configured by",
    "on_node": "runs on",
    "schedules": "schedules",
}
"""Kinds of relation as verbs."""

"""What an investigation told, read from its record as JSON (``/investigations/<n>.json`` of the bot's pages)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]

CAUSE_FOUND = "cause_found"
NOTHING_WRONG = "nothing_wrong"
INPUT_NEEDED = "input_needed"
_CLAIMS = ("chain", "impact", "forecast", "ruled_out")
_DISMISSED = ("rejected", "superseded", "expired")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a finding and the evidence that it cites."""

    part: str
    """chain, impact, forecast or ruled_out."""
    text: str
    citations: tuple[int, ...] = ()


@dataclass(frozen=True)
class Proposed:
    """A change that was put forward."""

    kind: str
    name: str
    namespace: str = "production"
    target_kind: str = ""
    arguments: Json = field(default_factory=dict)

    @property
    def text(self) -> str:
        """In a few words."""
        values = ", ".join(f"{k}={v}" for k, v in self.arguments.items())
        return f"{self.kind} {self.namespace}/{self.name}" + (f" ({values})" if values else "")


@dataclass(frozen=True)
class Told:
    """A finding with the changes it proposes, best first; ``ending`` is empty when nothing was told at all."""

    ending: str = ""
    headline: str = ""
    mode: str = ""
    """Dashed."""
    entity: str = ""
    entity_kind: str = ""
    namespace: str = ""
    confidence: float = 0.0
    sentences: tuple[Sentence, ...] = ()
    next_steps: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    """What it says that it could not see."""
    struck: int = 0
    """Sentences that its own gates removed."""
    changes: tuple[Proposed, ...] = ()
    reasoner: str = ""
    tool_calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    @classmethod
    def of(cls, record: Json) -> Told:
        """Read a record: ``investigation``, ``finding`` and ``proposals`` (or bare ``changes``)."""
        finding = record.get("finding") or {}
        spent = (record.get("investigation") or {}).get("spent") or {}
        proposals = record.get("proposals") or ()
        standing = [p["change"] for p in proposals if p.get("status") not in _DISMISSED]
        return cls(
            ending=finding.get("ending", ""),
            headline=finding.get("headline", ""),
            mode=dashed(finding.get("mode", "")),
            entity=finding.get("entity", ""),
            entity_kind=finding.get("entity_kind", ""),
            namespace=finding.get("namespace", ""),
            confidence=float(finding.get("confidence") or 0.0),
            sentences=tuple(_sentences(finding)),
            next_steps=tuple(finding.get("next_steps") or ()),
            unseen=tuple(finding.get("unseen") or ()),
            struck=int(finding.get("struck") or 0),
            changes=tuple(map(_proposed, record.get("changes") or standing)),
            reasoner=finding.get("reasoner", ""),
            tool_calls=int(spent.get("tool_calls") or 0),
            tokens=int(spent.get("prompt_tokens") or 0) + int(spent.get("completion_tokens") or 0),
            usd=float(spent.get("usd") or 0.0),
        )

    @property
    def explanation(self) -> str:
        """Headline and the chain from cause to effect."""
        return "\n".join([self.headline, *(s.text for s in self.sentences if s.part == "chain")])

    @property
    def advice(self) -> str:
        """All that it says to do."""
        return "\n".join(self.next_steps)


def dashed(mode: str) -> str:
    """A failure mode's id as scenario files write it."""
    return mode.replace("_", "-")


def _sentences(finding: Json) -> Sequence[Sentence]:
    return [
        Sentence(part, claim["text"], tuple(claim.get("citations") or ()))
        for part in _CLAIMS
        for claim in finding.get(part) or ()
    ]


def _proposed(change: Json) -> Proposed:
    target = change["target"]
    return Proposed(
        kind=change["kind"],
        name=target["name"],
        namespace=target.get("namespace") or "production",
        target_kind=target.get("kind", ""),
        arguments=change.get("arguments") or {},
    )

"""The one door to the database: every repository, over one engine."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from agent.learning.embedding import Embedder
from agent.store.attention import AttentionLedger
from agent.store.audit import Audit
from agent.store.cases import Cases
from agent.store.decisions import Decisions, Experiences
from agent.store.embeddings import PatternEmbeddings
from agent.store.engine import session_factory
from agent.store.exchanges import Exchanges
from agent.store.feedback import Feedbacks
from agent.store.forgetting import Forgetting
from agent.store.freezes import Freezes
from agent.store.graph import GraphStore
from agent.store.investigations import Investigations
from agent.store.issues import Issues
from agent.store.journal import Journals
from agent.store.mail import Post
from agent.store.mapping import RAW_LIMIT_BYTES
from agent.store.memory import GraphMemory
from agent.store.messages import Messages
from agent.store.names import Names
from agent.store.notes import EntityNotes
from agent.store.pages import Pages
from agent.store.pattern_edits import PatternEdits
from agent.store.patterns import Patterns
from agent.store.proposals import Approvals, Outcomes, Proposals
from agent.store.retention import Retention
from agent.store.signals import Signals
from agent.store.surroundings import SurroundingsMemory
from agent.store.trust import Trust
from agent.store.verdicts import Verdicts


class Store:
    """All that srebot remembers. ``sessions`` gives a transaction that several calls take part in:

    >>> async with store.sessions.begin() as session:  # doctest: +SKIP
    ...     await store.approvals.record(approval, session=session)
    ...     await store.audit.append("U1", "approve", "proposal", {}, now, session=session)
    """

    def __init__(
        self,
        engine: AsyncEngine,
        raw_limit_bytes: int = RAW_LIMIT_BYTES,
        embedder: Embedder | None = None,
    ) -> None:
        """``raw_limit_bytes`` is what is kept at most of each raw answer of a tool; ``embedder`` has patterns recalled
        by meaning as well."""
        self.engine = engine
        self.sessions = session_factory(engine)
        self.signals = Signals(self.sessions)
        self.investigations = Investigations(self.sessions)
        self.cases = Cases(self.sessions, raw_limit_bytes)
        self.exchanges = Exchanges(self.sessions)
        self.journal = Journals(self.sessions)
        self.post = Post(self.sessions)
        self.retention = Retention(self.sessions)
        self.forgetting = Forgetting(self.sessions)
        self.proposals = Proposals(self.sessions)
        self.approvals = Approvals(self.sessions)
        self.freezes = Freezes(self.sessions)
        self.outcomes = Outcomes(self.sessions)
        self.pages = Pages(self.sessions)
        self.patterns = Patterns(self.sessions, embedder)
        self.embeddings = PatternEmbeddings(self.sessions)
        self.pattern_edits = PatternEdits(self.sessions)
        self.entity_notes = EntityNotes(self.sessions)
        self.feedback = Feedbacks(self.sessions)
        self.graph = GraphStore(self.sessions)
        self.memory = GraphMemory(self.sessions, self.patterns)
        self.surroundings = SurroundingsMemory(self.graph)
        self.issues = Issues(self.sessions)
        self.decisions = Decisions(self.sessions)
        self.experiences = Experiences(self.sessions)
        self.names = Names(self.sessions)
        self.audit = Audit(self.sessions)
        self.messages = Messages(self.sessions)
        self.attention = AttentionLedger(self.sessions)
        self.verdicts = Verdicts(self.sessions)
        self.trust = Trust(self.sessions)

    async def close(self) -> None:
        """Give the connections back."""
        await self.engine.dispose()

"""Repositories and folders as a source of the graph."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import structlog

from agent.errors import ToolError
from agent.knowledge.facts import Seen
from agent.knowledge.statements import SPOKEN_KINDS, Named
from agent.model import Entity
from integrations.repository.facts import ORIGIN, Facts
from integrations.repository.folder import read_folder
from integrations.repository.helm import Helm, Renderer
from integrations.repository.helm_binary import HelmBinary
from integrations.repository.kubernetes import Declared
from integrations.repository.kustomize import NAMES, Kustomize
from integrations.repository.manifests import Manifest, manifests_in
from integrations.repository.markdown import Notes
from integrations.repository.places import place_of
from integrations.repository.placing import placed_as_known
from integrations.repository.remote import Remote
from integrations.repository.snapshot import Snapshot
from integrations.repository.terraform import Terraform
from integrations.text import utc_now

_log = structlog.get_logger(__name__)
KnownEntities = Callable[[Sequence[str]], Awaitable[Iterable[Entity]]]
"""Gives the entities of these kinds that the graph holds."""


async def _nobody(kinds: Sequence[str]) -> Iterable[Entity]:
    return ()


class RepositoryGraph:
    """Builds the graph's part that stands in repositories (``agent.ports.GraphBuilder``).

    Args:
        places: Git URLs (https://, http://, file://) and folders.
        token: for Git over HTTPS where the URL has no password.
        known: what prose may speak of beyond what the repositories declare themselves.
        renderer: of Helm charts; None: the ``helm`` on the PATH, if there is one.
    """

    origin = ORIGIN

    def __init__(
        self,
        places: Sequence[str],
        token: str = "",
        known: KnownEntities = _nobody,
        renderer: Renderer | None = None,
    ) -> None:
        self._places = [place_of(p, token) for p in places]
        self._known = known
        self._renderer = renderer or HelmBinary.found()
        self._kept: dict[str, Snapshot] = {}
        self._last: tuple[object, Seen] | None = None
        """What the last build read, and what it made of it."""

    async def build(self) -> Seen:
        """Everything that the repositories say now. One that can't be read is left out, and then nothing counts as gone.

        Raises:
            ToolError: none of them can be read.
        """
        read = await asyncio.gather(*map(self._read, self._places), return_exceptions=True)
        snapshots, problems = [], []
        for found in read:
            if isinstance(found, Snapshot):
                snapshots.append(found)
            elif isinstance(found, ToolError):
                problems.append(str(found))
                _log.warning("repository_not_read", problem=str(found))
            else:
                raise found
        if problems and not snapshots:
            raise ToolError("; ".join(problems))
        known = tuple(await self._known(SPOKEN_KINDS))
        return await self._gather(snapshots, known, complete=not problems)

    async def _gather(
        self, snapshots: Sequence[Snapshot], known: Sequence[Entity], *, complete: bool
    ) -> Seen:
        """The facts; where nothing has changed since the last build, those of then, confirmed now."""
        names = frozenset((e.key, str(e.properties.get("also_known_as"))) for e in known)
        given = (snapshots, names)
        now = utc_now()
        if self._last is not None and self._last[0] == given:
            return _confirmed(self._last[1], now, complete=complete)
        seen = await asyncio.to_thread(
            _gathered, snapshots, known, self._renderer, now, complete=complete
        )
        self._last = (given, seen)
        return seen

    async def _read(self, place: Remote | Path) -> Snapshot:
        if isinstance(place, Path):
            return await asyncio.to_thread(read_folder, place)
        kept = self._kept.get(place.url)
        if kept is not None and kept.commit == await asyncio.to_thread(place.head):
            return kept
        snapshot = self._kept[place.url] = await asyncio.to_thread(place.snapshot)
        _log.info(
            "repository_read",
            repository=place.url,
            commit=snapshot.commit[:12],
            files=len(snapshot.files),
            left_out=snapshot.left_out,
        )
        return snapshot


def _confirmed(seen: Seen, now: datetime, *, complete: bool) -> Seen:
    relations = tuple(r.model_copy(update={"last_confirmed": now}) for r in seen.relations)
    return seen.model_copy(update={"relations": relations, "complete": complete})


def _gathered(
    snapshots: Sequence[Snapshot],
    known: Sequence[Entity],
    renderer: Renderer | None,
    now: datetime,
    *,
    complete: bool,
) -> Seen:
    facts = Facts(now)
    for snapshot in snapshots:
        manifests = list(placed_as_known(manifests_of(snapshot, renderer), known))
        Declared(snapshot, manifests).add_to(facts)
        Terraform(snapshot).add_to(facts)
    # Prose comes last: it speaks of what the code of any repository declares.
    named = Named([*known, *facts.names().values()])
    for snapshot in snapshots:
        Notes(snapshot, named).add_to(facts)
    return facts.seen(complete=complete)


def manifests_of(snapshot: Snapshot, renderer: Renderer | None = None) -> list[Manifest]:
    """The Kubernetes objects of a snapshot: those of kustomizations and charts as they become, the rest as they stand."""
    kustomize, helm = Kustomize(snapshot), Helm(snapshot, renderer)
    found = [*kustomize.manifests(), *helm.manifests()]
    for path, text in snapshot.named(".yaml", ".yml"):
        taken = path in kustomize.used or path.rpartition("/")[2] in NAMES or helm.holds(path)
        if not taken:
            found += manifests_in(path, text)
    return found

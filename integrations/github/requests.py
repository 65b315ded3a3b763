"""Changes as pull requests on one GitHub repository."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import Protocol

from agent.errors import Drifted, NotFound, Refused
from agent.model import Change, ChangeKind, Entity, Json, Plan, Proposal, Via
from agent.ports import Fixer, RequestState
from agent.resolution.describing import defused, title_of
from integrations.calls import Rejected
from integrations.github.client import Commit, GithubClient
from integrations.github.declared import Declaration, declaration_of, manager_of, with_file
from integrations.github.drafting import (
    EXPRESSIBLE,
    Draft,
    Wanted,
    draft_of,
    former_template,
    same_value,
    wanted_of,
)
from integrations.github.editing import Setting, value_at
from integrations.kubernetes import edits

_TAKEN_BACK = re.compile(r"[^.]*make the change in its repository too\.\s*")
"""The risk that only a direct write has."""


class Cluster(Protocol):
    """Where the live objects are read."""

    async def live(self, target: Entity) -> Json:
        """The object that a change means.

        Raises:
            ToolError: it cannot be seen.
        """


class GithubRequests:
    """Puts changes up as pull requests (``agent.ports.ChangeRequests``).

    Args:
        client: of the repository.
        cluster: whose objects are managed from there.
        fixer: tries each change by a dry run against the live target before it is proposed; None: it is not tried.
        record: gives the address of an investigation's record, for the description.
        namespaces: where alone targets may be; empty: anywhere.
    """

    def __init__(
        self,
        client: GithubClient,
        cluster: Cluster,
        fixer: Fixer | None = None,
        record: Callable[[int], str] = lambda _: "",
        namespaces: Collection[str] = (),
    ) -> None:
        self._client, self._cluster, self._fixer = client, cluster, fixer
        self._record = record
        self._namespaces = frozenset(namespaces)

    async def manages(self, change: Change) -> bool:
        """Whether a controller applies the target from this repository, so that a write to the cluster would be taken back.

        Its mark on the live object alone is not enough, nor is a file that nobody applies.
        """
        if change.kind not in EXPRESSIBLE:
            return False
        if self._namespaces and change.target.namespace not in self._namespaces:
            return False
        try:
            live = await self._cluster.live(change.target)
        except NotFound:
            return False
        if not manager_of(live):
            return False
        return await self._declared(change.target, live) is not None

    async def plan(self, change: Change) -> Plan:
        """The smallest edit of its files; nothing is written.

        Raises:
            Refused: the change cannot be expressed in the files, or the cluster would not take it.
            ToolError: the repository or the target cannot be read.
        """
        tried = await self._tried(change)
        draft, live = await self._draft(change, tried)
        manager, base = manager_of(live), await self._client.base()
        risk = _TAKEN_BACK.sub("", tried.risk).strip() if tried is not None else ""
        return Plan(
            diff=draft.diff,
            target_uid=f"{self._client.repository}:{draft.edit.path}",
            resource_version=blob_sha(draft.before),
            summary=draft.summary,
            risk=f"{risk} {_risk_of_merging(change, manager, base)}".strip(),
            way_back=draft.way_back,
            via=Via.PULL_REQUEST,
            preconditions=(f"{draft.edit.path} is as it was on {base}",),
        )

    async def open(self, proposal: Proposal, description: str) -> str:
        """Put it up once, with a description; returns its link. Repeating it gives the same one.

        Raises:
            Drifted: the file changed since it was planned.
            Refused: GitHub refused it.
        """
        branch = branch_of(proposal)
        known = await self._client.pull_of(branch)
        if known is not None:
            return known.url
        try:
            if not await self._client.has_branch(branch):
                await self._client.commit_to(branch, await self._commit(proposal))
            opened = await self._client.open_pull(
                branch, title_of(proposal), self._described(proposal, description)
            )
        except Rejected as error:
            raise Refused(str(error)) from error
        return opened.url

    async def state(self, proposal: Proposal) -> RequestState:
        """Where it stands now; ``synced`` once the live object has what the base branch declares of the change."""
        pull = await self._client.pull_of(branch_of(proposal))
        if pull is None:
            return RequestState(closed=True)
        return RequestState(
            merged=pull.merged,
            closed=not pull.merged and not pull.open,
            by=pull.by,
            at=pull.at,
            synced=pull.merged and await self._is_synced(proposal.change),
        )

    async def close(self, proposal: Proposal, comment: str) -> None:
        """Close it unmerged, saying why, and delete its branch; nothing when it is closed already."""
        branch = branch_of(proposal)
        pull = await self._client.pull_of(branch)
        if pull is not None and pull.open:
            await self._client.close_pull(pull.number, branch, defused(comment))

    async def _commit(self, proposal: Proposal) -> Commit:
        """The planned edit on the files as they are, if it is still the one that was planned."""
        try:
            rolls_back = proposal.change.kind is ChangeKind.ROLLBACK
            tried = await self._tried(proposal.change) if rolls_back else None
            draft, _ = await self._draft(proposal.change, tried)
        except (NotFound, Refused) as error:
            raise Drifted(f"The files changed since the proposal: {error}") from error
        if (blob_sha(draft.before), draft.diff) != (
            proposal.plan.resource_version,
            proposal.plan.diff,
        ):
            raise Drifted(f"{draft.edit.path} was changed since the proposal was made")
        snapshot = await self._client.snapshot()
        message = f"{title_of(proposal)}\n\nProposal {proposal.id} of srebot."
        return Commit(
            snapshot.commit, draft.edit.path, draft.edit.text, message, proposal.created_at
        )

    def _described(self, proposal: Proposal, description: str) -> str:
        record = self._record(proposal.investigation)
        return f"{description}\n\nThe whole record: {record}" if record else description

    async def _tried(self, change: Change) -> Plan | None:
        """The change as the cluster would make it."""
        return await self._fixer.plan(change) if self._fixer is not None else None

    async def _draft(self, change: Change, tried: Plan | None) -> tuple[Draft, Json]:
        live = await self._cluster.live(change.target)
        declaration = await self._declared(change.target, live)
        if declaration is None:
            raise Refused(f"{self._client.repository} does not declare {change.target.name}")
        wanted = await self._wanted(change, declaration, live, tried)
        return await asyncio.to_thread(draft_of, declaration, wanted), live

    async def _declared(self, target: Entity, live: Json) -> Declaration | None:
        snapshot = await self._client.snapshot()
        return await asyncio.to_thread(declaration_of, snapshot, target, live)

    async def _wanted(
        self, change: Change, declaration: Declaration, live: Json, tried: Plan | None
    ) -> Wanted:
        if change.kind is not ChangeKind.ROLLBACK:
            return wanted_of(change, live if declaration.by_chart else declaration.manifest.item)
        settings, commit = await self._former(declaration, tried)
        name = change.target.name
        back = edits.back(change, arguments=dict(change.arguments))
        return Wanted(settings, f"rollback of {name}: as before commit {commit[:12]}", back)

    async def _former(
        self, declaration: Declaration, tried: Plan | None
    ) -> tuple[tuple[Setting, ...], str]:
        """The values of the pod template before the latest commit that changed them, and that commit.

        What was tried on the cluster says which earlier revision is meant: values that it does not have are not taken.
        """
        for path in self._paths(declaration):
            later = await self._client.versions(path)
            for newer, older in pairwise(later):
                text = await self._client.file_at(path, older)
                if text is None:
                    break
                earlier = with_file(declaration.snapshot, path, text)
                target = Entity(
                    name=declaration.manifest.name,
                    kind=declaration.manifest.kind.lower(),
                    namespace=declaration.manifest.namespace,
                )
                found = await asyncio.to_thread(declaration_of, earlier, target)
                if found is None:
                    break
                settings = former_template(declaration, found)
                if settings and _is_tried(settings, tried):
                    return settings, newer
        raise Refused(
            f"The history of {self._client.repository} has no such earlier values of {declaration.manifest.name}'s pods"
        )

    def _paths(self, declaration: Declaration) -> list[str]:
        """The files whose history can tell of the target: those of its overlay, then its own."""
        manifest, files = declaration.manifest, declaration.snapshot.files
        folder = manifest.overlay.rpartition("/")[0]
        beside = [
            p
            for p, text in files.items()
            if folder and p.rpartition("/")[0] == folder and manifest.name in text
        ]
        return list(dict.fromkeys([*beside, manifest.path]))

    async def _is_synced(self, change: Change) -> bool:
        live = await self._cluster.live(change.target)
        declaration = await self._declared(change.target, live)
        if declaration is None:
            return True  # it is declared elsewhere by now, and nothing more can be told
        item = declaration.manifest.item
        if change.kind is ChangeKind.ROLLBACK:
            return _runs(live, item)
        settings = wanted_of(change, live if declaration.by_chart else item).settings
        return all(
            same_value(
                value_at(live, s.steps),
                s.value if declaration.by_chart else value_at(item, s.steps),
            )
            for s in settings
        )


def branch_of(proposal: Proposal) -> str:
    """The branch of a proposal's pull request."""
    return f"srebot/{proposal.id}"


def blob_sha(text: str) -> str:
    """The name that Git gives a file with this text."""
    content = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _is_tried(settings: Sequence[Setting], tried: Plan | None) -> bool:
    """Whether the cluster's own way to that revision brings the same values."""
    if tried is None:
        return True
    added = "\n".join(line for line in tried.diff.splitlines() if line.startswith("+"))
    return all(str(s.value) in added for s in settings)


def _runs(live: Json, item: Json) -> bool:
    """Whether the containers have the declared images and resources."""
    place = ("spec", "template", "spec", "containers")
    for container in value_at(item, place) or ():
        at = (*place, ("name", str(container.get("name"))))
        running = value_at(live, at) or {}
        if "image" in container and running.get("image") != container["image"]:
            return False
        for kind, amounts in (container.get("resources") or {}).items():
            now = (running.get("resources") or {}).get(kind) or {}
            if not all(same_value(now.get(k), v) for k, v in (amounts or {}).items()):
                return False
    return True


def _risk_of_merging(change: Change, manager: str, base: str) -> str:
    applied = f"{manager} applies it once it is merged into {base}, with whatever else waits there."
    if manager == "Helm":
        applied = f"It takes effect with the next release of the chart from {base}."
    match change.kind:
        case ChangeKind.SUSPEND_JOB | ChangeKind.RESUME_JOB:
            return f"Jobs that were made already are left alone. {applied}"
        case ChangeKind.CONFIG_VALUE if name := change.arguments.get("restart"):
            return f"{name} reads it when its pods start anew, which a merge alone does not make them do. {applied}"
        case _:
            return applied

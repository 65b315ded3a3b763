"""Whether the GitOps repository can be read, and whether the token may put up pull requests there."""

from __future__ import annotations

from agent.errors import ToolError
from integrations.github.client import GithubClient
from integrations.probes import Probe, attempt

_TOKEN = "create a fine-grained token for that repository alone, with Contents and Pull requests: read and write"  # noqa: S105 - advice, no secret


async def probe(client: GithubClient) -> list[Probe]:
    """The token works, sees the repository and may write to it; nothing is written."""
    read = await attempt("github repository", client.snapshot(), client.repository, _TOKEN)
    if not read.ok:
        return [read]
    pulls = await attempt("github pull requests", client.pull_of("srebot/none"), "visible", _TOKEN)
    return [read, pulls, await _write(client)]


async def _write(client: GithubClient) -> Probe:
    name = "github write"
    try:
        may = await client.may_push()
    except ToolError as error:
        return Probe(name=name, ok=False, detail=str(error), remedy=_TOKEN)
    if not may:
        return Probe(name=name, ok=False, detail="the token may only read", remedy=_TOKEN)
    return Probe(name=name, ok=True, detail=f"pull requests go to {await client.base()}")

"""A remote repository at its default branch, fetched over HTTP into a private folder that is gone afterwards."""

from __future__ import annotations

import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import IO
from urllib.parse import urlsplit, urlunsplit

import urllib3
from dulwich.client import HttpGitClient, HTTPUnauthorized
from dulwich.config import ConfigDict
from dulwich.errors import GitProtocolError, HangupException, NotGitRepository
from dulwich.objects import ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo

from agent.errors import AccessDenied, NotFound, ToolError, Unreachable
from agent.redaction import redact
from integrations.repository.objects import read_tree
from integrations.repository.packs import check_pack
from integrations.repository.snapshot import Snapshot

_SECONDS = 120.0
"""For one fetch, whatever the server sends."""
_QUIET_SECONDS = 20.0
"""Without a byte from the server."""
_MOST_BYTES = 128 * 1024 * 1024
_IN_MEMORY_BYTES = 8 * 1024 * 1024


class Remote:
    """A repository behind a Git URL.

    Args:
        url: https:// (or http://); user and password in it are used, and never shown or stored.
        token: sent as the password where the URL has none; over http:// only to this machine.
        branch: that is read; empty: the default one.
    """

    def __init__(self, url: str, token: str = "", branch: str = "") -> None:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        place = host + (f":{parts.port}" if parts.port else "")
        self.url = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
        """Without credentials."""
        safe = parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")
        password = parts.password or (token if safe else "")
        self._user = (parts.username or "x-access-token") if password else None
        self._password = password or None
        self._branch = branch

    @property
    def web_url(self) -> str:
        """Where people browse it."""
        return self.url.removesuffix(".git")

    def head(self) -> str:
        """The commit of its branch.

        Raises:
            ToolError: it cannot be reached, or does not let srebot read it.
        """
        with _guarded(self.url):
            refs = self._client().get_refs(self.url, protocol_version=0).refs
            return _chosen({k: v for k, v in refs.items() if v}, self._branch).decode()

    def snapshot(self) -> Snapshot:
        """Its files at that branch, without history.

        Raises:
            ToolError: it cannot be reached, is refused, broken, or too large.
        """
        with _guarded(self.url):
            return self._snapshot()

    def _snapshot(self) -> Snapshot:
        # A folder of one's own that nobody else may enter; nothing of the URL or the token is written into it.
        with (
            tempfile.TemporaryDirectory(prefix="srebot-git-") as folder,
            closing(Repo.init_bare(folder)) as repository,
            tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=folder) as pack,
        ):
            commit = self._fetch(repository, pack)
            if pack.tell():
                check_pack(pack)
                repository.object_store.add_thin_pack(pack.read, None)
            files = read_tree(repository.object_store, commit)
        return Snapshot(self.url, commit.decode(), self.web_url, files.files, files.left_out)

    def _fetch(self, repository: Repo, pack: IO[bytes]) -> bytes:
        wanted: list[ObjectID] = []
        client = self._client()

        def wants(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
            if client.dumb:  # it would be read into memory as a whole, history and all
                raise ToolError("its server offers plain files only; Git's smart HTTP is needed")
            wanted.append(ObjectID(_chosen(refs, self._branch)))
            return wanted

        # Protocol 0: no server may point to packs elsewhere (packfile-uris) or to bundles.
        result = client.fetch_pack(
            self.url,
            wants,
            repository.get_graph_walker(),
            _Bounded(pack).write,
            depth=1,
            protocol_version=0,
        )
        repository.update_shallow(result.new_shallow, result.new_unshallow)
        return wanted[0]

    def _client(self) -> HttpGitClient:
        # An empty configuration: neither the user's ~/.gitconfig nor the environment has a say, so that no credential
        # helper, proxy or rewritten URL takes part.
        timeout = urllib3.Timeout(connect=_QUIET_SECONDS, read=_QUIET_SECONDS)
        pool = urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(2, redirect=3))
        return HttpGitClient(
            self.url,
            config=ConfigDict(),
            pool_manager=pool,
            username=self._user,
            password=self._password,
            quiet=True,
        )


class _Bounded:
    """Writes a download on, up to a size and a moment."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = _MOST_BYTES
        self._until = time.monotonic() + _SECONDS

    def write(self, data: bytes) -> int:
        """Write on.

        Raises:
            ToolError: it takes too long, or is too much.
        """
        self._left -= len(data)
        if self._left < 0:
            raise ToolError(f"it is larger than {_MOST_BYTES // 2**20} MiB even without history")
        if time.monotonic() > self._until:
            raise Unreachable(f"it did not arrive within {_SECONDS:g} s")
        return self._file.write(data)


@contextmanager
def _guarded(url: str) -> Iterator[None]:
    """Every way in which a fetch can fail becomes a sentence without credentials."""
    try:
        yield
    except HTTPUnauthorized:
        raise AccessDenied(
            f"{url} does not let srebot read it: set SREBOT_REPOSITORY_TOKEN to a token that may"
        ) from None
    except NotGitRepository:
        raise NotFound(f"{url} is no Git repository, or needs a token to be seen") from None
    except ToolError as error:
        raise type(error)(f"{url}: {error}") from None
    except (GitProtocolError, HangupException, urllib3.exceptions.HTTPError, OSError) as error:
        raise Unreachable(f"{url} cannot be fetched: {redact(str(error))[:200]}") from None
    except (AssertionError, KeyError, ValueError, TypeError, zlib.error) as error:
        raise ToolError(f"{url} does not speak Git: {redact(str(error))[:200]}") from None


def _chosen(refs: Mapping[Ref, ObjectID], branch: str = "") -> bytes:
    """The commit of a branch, or of the default one, among a server's references."""
    default = (b"HEAD", b"refs/heads/main", b"refs/heads/master")
    for name in (f"refs/heads/{branch}".encode(),) if branch else default:
        if found := refs.get(Ref(name)):
            return found
    raise NotFound(f"it has no branch {branch}" if branch else "it has no branch yet")

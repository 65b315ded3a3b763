"""A Git smart-HTTP server on loopback, with or without a password, for repositories made in a test."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import make_server

from dulwich import porcelain
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import HTTPGitApplication, WSGIRequestHandlerLogger, WSGIServerLogger

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class QuietHandler(WSGIRequestHandlerLogger):
    """Says nothing."""

    def log_message(self, *args: object) -> None:
        """Nothing."""


def commit(folder: Path, files: dict[str, str]) -> str:
    """Write files into a repository (made if need be) and commit them; returns the commit."""
    if not (folder / ".git").exists():
        porcelain.init(str(folder))
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return commit_all(folder)


def commit_all(folder: Path) -> str:
    """Commit the folder as it is."""
    with Repo(str(folder)) as repo:
        porcelain.add(
            repo, [str(p) for p in folder.rglob("*") if ".git" not in p.parts and not p.is_dir()]
        )
        made = porcelain.commit(repo, b"change", author=b"A <a@b>", committer=b"A <a@b>")
    return made.decode()


@contextmanager
def serving(folder: Path, password: str = "") -> Iterator[tuple[str, list[str]]]:
    """Serve a repository; yields its URL and the list of requests that were made."""
    seen: list[str] = []
    backend = DictBackend({"/shop.git": Repo(str(folder))})
    application = _guarded(HTTPGitApplication(backend), password, seen)
    server = make_server(
        "127.0.0.1", 0, application, handler_class=QuietHandler, server_class=WSGIServerLogger
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/shop.git", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _guarded(inner: Application, password: str, seen: list[str]) -> Application:
    def application(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        given = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Basic ")
        if password and base64.b64decode(given).decode().partition(":")[2] != password:
            start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="git"')])
            return [b""]
        return inner(environ, start)

    return application

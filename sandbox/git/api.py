"""Git's smart HTTP protocol as one Starlette application, for ``/git``; reading only.

``git clone http://127.0.0.1:PORT/git/sundial/infrastructure.git``. The protocol itself is dulwich's, a WSGI application that
runs in threads.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from dulwich.repo import BaseRepo
from dulwich.server import BackendRepo, DictBackend
from dulwich.web import make_wsgi_chain
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

PATH = "/sundial/infrastructure.git"
_PUSH = "git-receive-pack"


def create_app(repository: BaseRepo, path: str = PATH) -> Starlette:
    """Serves ``repository`` at ``path`` to whoever asks."""
    # dulwich declares a narrower object store than its server makes use of.
    chain = make_wsgi_chain(DictBackend({path: cast(BackendRepo, repository)}))

    async def serve(request: Request) -> Response:
        below = f"/{request.path_params['path']}"
        if below.endswith(_PUSH) or request.query_params.get("service") == _PUSH:
            return PlainTextResponse("this repository is read-only\n", status_code=403)
        return await run_in_threadpool(
            _answer, chain, _environ(request, below, await request.body())
        )

    return Starlette(routes=[Route("/{path:path}", serve, methods=["GET", "POST"])])


def _environ(request: Request, path: str, body: bytes) -> dict[str, Any]:
    """The request as WSGI (PEP 3333) has it."""
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()
    }
    return {
        **headers,
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": request.url.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": request.url.hostname or "localhost",
        "SERVER_PORT": str(request.url.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.url.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _answer(application: Callable[..., Iterable[bytes]], environ: Mapping[str, Any]) -> Response:
    written = io.BytesIO()
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _: object = None
    ) -> Callable[[bytes], int]:
        started.append((status, headers))
        return written.write

    for chunk in application(dict(environ), start_response):
        written.write(chunk)
    status, headers = started[-1]
    return Response(written.getvalue(), int(status.split(" ", 1)[0]), dict(headers))

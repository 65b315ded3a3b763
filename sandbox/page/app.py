"""The page as an ASGI application, to be mounted at ``/``.

Its JSON is described in `sandbox.page.api`. Whoever runs the server calls ``app.state.streams.close()`` when the
server begins to shut down, so that open event streams end (`sandbox.page.streams`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.page.api import routes
from sandbox.page.guard import PageGuard
from sandbox.page.location import Location
from sandbox.page.render import Renderer
from sandbox.page.streams import Streams
from sandbox.slack.ports import Workspace

Endpoint = Callable[[Request], Awaitable[Response]]
DEFAULT_SHORTCUTS: Mapping[str, str] = {"Investigate this": "investigate_this"}
DEFAULT_COMMANDS: Mapping[str, str] = {"/investigate": "[what is wrong]"}


def create_app(
    workspace: Workspace,
    *,
    title: str = "Slack",
    shortcuts: Mapping[str, str] = DEFAULT_SHORTCUTS,
    commands: Mapping[str, str] = DEFAULT_COMMANDS,
) -> Starlette:
    """A page that shows ``workspace`` as Slack would.

    Args:
        workspace: What there is to see and do.
        title: The workspace's name, in the sidebar and the window's title.
        shortcuts: Label -> callback id of each message shortcut that the app declares.
        commands: Slash command -> usage hint, for the composer's completion.
    """
    renderer = Renderer(workspace, title, shortcuts, commands)
    streams = Streams()
    app = Starlette(
        routes=[
            *_documents(renderer),
            *routes(workspace),
            Route("/page/changes", _changes_endpoint(workspace, streams)),
            Route("/page/file/{file_id}", _file_endpoint(workspace)),
            Mount("/page/static", StaticFiles(directory=str(files(__package__) / "static"))),
        ],
        middleware=[Middleware(PageGuard)],
    )
    app.state.streams = streams
    return app


def _documents(renderer: Renderer) -> list[Route]:
    async def page(request: Request) -> Response:
        location = Location.parse(request.query_params, renderer.workspace)
        return HTMLResponse(renderer.page(location), headers={"Cache-Control": "no-store"})

    async def panes(request: Request) -> Response:
        location = Location.parse(request.query_params, renderer.workspace)
        answer = {"pane": location.pane, "panes": renderer.panes(location)}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    return [Route("/", page), Route("/page/panes", panes)]


def _changes_endpoint(workspace: Workspace, streams: Streams) -> Endpoint:
    async def changes(request: Request) -> Response:
        user = request.query_params.get("user", "")
        return StreamingResponse(
            streams.events(workspace.changes(), user),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return changes


def _file_endpoint(workspace: Workspace) -> Endpoint:
    async def file(request: Request) -> Response:
        found = workspace.file(request.path_params["file_id"])
        if found is None:
            return JSONResponse({"ok": False, "text": "There is no such file."}, status_code=404)
        content, name, media_type = found
        return Response(content, media_type=media_type, headers=_file_headers(name, media_type))

    return file


def _file_headers(name: str, media_type: str) -> dict[str, str]:
    """Only pictures open in the browser, and nothing in them runs; the rest is saved."""
    quoted = name.replace('"', "").encode("ascii", "replace").decode()
    how = "inline" if media_type.startswith("image/") else "attachment"
    return {
        "Content-Disposition": f'{how}; filename="{quoted}"',
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }

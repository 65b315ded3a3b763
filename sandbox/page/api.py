"""The JSON behind the page, also for whoever drives the workspace as a person would, without a browser.

Reading (``user`` is who reads; answers are JSON)::

    GET /page/users
    GET /page/channels?user=
    GET /page/messages?user=&channel=
    GET /page/thread?user=&channel=&ts=
    GET /page/view?user=                    {"view": the modal on top, or null}
    GET /page/home?user=                    {"view": the App Home, or null}
    GET /page/status?channel=&ts=           {"status": the agent session's, or null}
    GET /page/panes?user=&channel=&thread=&tab=   the page's panes as HTML
    GET /page/changes?user=                 server-sent events: event ``change``, data as `WorkspaceChange`
    GET /page/file/{id}                     an uploaded file

Doing (the bodies are the models of `sandbox.page.bodies`)::

    POST /page/post  /page/command  /page/click  /page/shortcut  /page/react  /page/unreact  /page/home  /page/stop
         /page/view/submit  /page/view/click  /page/view/close

Every one of these answers ``{"ok": bool, "text": str, "errors": {block id: sentence}}``; ``/page/post`` adds ``ts``.
A request that makes no sense gets 400, an unknown channel, message or view 404, each with a sentence in ``text``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.page import bodies
from sandbox.slack.errors import SlackError
from sandbox.slack.ports import ActionResult, Workspace

_Body = TypeVar("_Body", bound=bodies.Request)
_Answer = dict[str, Any]
_Endpoint = Callable[[HttpRequest], Awaitable[Response]]
# Slack's own sentence.
_NOT_IN_THREADS = "{command} is not supported in threads. Sorry!"


def routes(workspace: Workspace) -> list[Route]:
    """All JSON routes but the event stream and the panes."""
    return [*_reading(workspace), *_doing(workspace)]


def _reading(workspace: Workspace) -> list[Route]:
    def users(query: Mapping[str, str]) -> _Answer:
        return {"users": list(workspace.users())}

    def channels(query: Mapping[str, str]) -> _Answer:
        return {"channels": list(workspace.channels(query["user"]))}

    def messages(query: Mapping[str, str]) -> _Answer:
        return {"messages": list(workspace.messages(query["channel"], query["user"]))}

    def thread(query: Mapping[str, str]) -> _Answer:
        found = workspace.thread(query["channel"], query["ts"], query["user"])
        return {"messages": list(found)}

    def view(query: Mapping[str, str]) -> _Answer:
        return {"view": workspace.open_view(query["user"])}

    def home(query: Mapping[str, str]) -> _Answer:
        return {"view": workspace.home(query["user"])}

    def status(query: Mapping[str, str]) -> _Answer:
        return {"status": workspace.session_status(query["channel"], query["ts"])}

    readers = (users, channels, messages, thread, view, home, status)
    return [Route(f"/page/{read.__name__}", _getter(read)) for read in readers]


def _doing(workspace: Workspace) -> list[Route]:
    return [*_talking(workspace), *_using_views(workspace)]


def _talking(workspace: Workspace) -> list[Route]:
    async def post(body: bodies.Post) -> _Answer:
        ts = await workspace.post(body.user, body.channel, body.text, body.thread_ts)
        return {**_DONE, "ts": ts}

    async def command(body: bodies.Command) -> _Answer:
        if body.thread_ts:
            return _told(ActionResult(False, _NOT_IN_THREADS.format(command=body.command)))
        return _told(await workspace.command(body.user, body.channel, body.command, body.text))

    async def click(body: bodies.Click) -> _Answer:
        return _told(
            await workspace.click(
                body.user, body.channel, body.ts, body.block_id, body.action_id, body.value
            )
        )

    async def shortcut(body: bodies.Shortcut) -> _Answer:
        return _told(await workspace.shortcut(body.user, body.channel, body.ts, body.callback_id))

    async def react(body: bodies.React) -> _Answer:
        await workspace.react(body.user, body.channel, body.ts, body.name)
        return _DONE

    async def unreact(body: bodies.React) -> _Answer:
        await workspace.unreact(body.user, body.channel, body.ts, body.name)
        return _DONE

    async def stop(body: bodies.Stop) -> _Answer:
        await workspace.stop_session(body.user, body.channel, body.thread_ts)
        return _DONE

    return [
        _doer("/page/post", bodies.Post, post),
        _doer("/page/command", bodies.Command, command),
        _doer("/page/click", bodies.Click, click),
        _doer("/page/shortcut", bodies.Shortcut, shortcut),
        _doer("/page/react", bodies.React, react),
        _doer("/page/unreact", bodies.React, unreact),
        _doer("/page/stop", bodies.Stop, stop),
    ]


def _using_views(workspace: Workspace) -> list[Route]:
    async def submit(body: bodies.ViewSubmit) -> _Answer:
        return _told(await workspace.submit_view(body.user, body.view_id, body.values))

    async def click(body: bodies.ViewClick) -> _Answer:
        return _told(
            await workspace.click_in_view(
                body.user, body.view_id, body.block_id, body.action_id, body.value
            )
        )

    async def close(body: bodies.ViewClose) -> _Answer:
        await workspace.close_view(body.user, body.view_id)
        return _DONE

    async def home(body: bodies.OpenHome) -> _Answer:
        await workspace.open_home(body.user, body.tab)
        return _DONE

    return [
        _doer("/page/view/submit", bodies.ViewSubmit, submit),
        _doer("/page/view/click", bodies.ViewClick, click),
        _doer("/page/view/close", bodies.ViewClose, close),
        _doer("/page/home", bodies.OpenHome, home),
    ]


_DONE: _Answer = {"ok": True, "text": "", "errors": {}}


def _told(result: ActionResult) -> _Answer:
    return {"ok": result.ok, "text": result.text, "errors": dict(result.errors)}


def _refused(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"ok": False, "text": sentence, "errors": {}}, status_code=status)


def _getter(read: Callable[[Mapping[str, str]], _Answer]) -> _Endpoint:
    async def endpoint(request: HttpRequest) -> Response:
        try:
            return JSONResponse(read(_Query(request.query_params)))
        except _MissingParameterError as error:
            return _refused(400, str(error))
        except (LookupError, SlackError) as error:
            return _cannot(error)

    return endpoint


def _doer(path: str, model: type[_Body], do: Callable[[_Body], Awaitable[_Answer]]) -> Route:
    async def endpoint(request: HttpRequest) -> Response:
        try:
            body = model.model_validate_json(await request.body())
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the body"
            return _refused(400, f"{where}: {first['msg']}")
        try:
            return JSONResponse(await do(body))
        except (LookupError, ValueError, SlackError) as error:
            return _cannot(error)

    return Route(path, endpoint, methods=["POST"])


class _MissingParameterError(Exception):
    """A query lacks a parameter."""


class _Query(dict[str, str]):
    """A query that names the parameter that it lacks."""

    def __missing__(self, name: str) -> str:
        raise _MissingParameterError(f"The parameter {name!r} is missing.")


def _cannot(error: Exception) -> JSONResponse:
    code = str(error.args[0]) if error.args else ""
    missing = isinstance(error, LookupError) or code.endswith("not_found")
    sentence = _SENTENCES.get(code) or f"Slack refused this: {code or 'it knows no such thing'}."
    return _refused(404 if missing else 400, sentence)


_SENTENCES = {
    "channel_not_found": "There is no such channel, or you may not open it.",
    "message_not_found": "This message is no longer there.",
    "thread_not_found": "This thread is no longer there.",
    "user_not_found": "There is nobody with this id.",
    "not_found": "This is no longer there: it was closed or replaced.",
    "not_in_channel": "You are not in this channel.",
    "already_reacted": "You have reacted with this already.",
    "no_text": "Write something first.",
}

"""Slack's side of the wire as a Starlette app: Web API, uploads, response URLs and the Socket Mode endpoint."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from sandbox.slack.arguments import Arguments
from sandbox.slack.clock import new_id
from sandbox.slack.errors import RateLimitedError, SlackError
from sandbox.slack.identity import APP_TOKEN, BOT_TOKEN
from sandbox.slack.methods import METHODS, Call, Method
from sandbox.slack.ports import Json
from sandbox.slack.workspace import SlackWorkspace


def create_app(workspace: SlackWorkspace) -> Starlette:
    """The app to mount at ``/slack``; clients use ``base_url=http://host:port/slack/api/``."""
    endpoints = _Endpoints(workspace)
    return Starlette(
        routes=[
            Route("/api/{method}", endpoints.call, methods=["GET", "POST"]),
            Route("/upload/{ticket}", endpoints.upload, methods=["POST", "PUT"]),
            Route("/files/{file_id}/{name}", endpoints.download),
            Route("/response/{token}", endpoints.respond, methods=["POST"]),
            Route("/archives/{channel}/{position}", endpoints.permalink),
            WebSocketRoute("/socket", endpoints.socket),
        ]
    )


class _Endpoints:
    def __init__(self, workspace: SlackWorkspace) -> None:
        self._workspace = workspace
        self._state = workspace.state

    async def call(self, request: Request) -> Response:
        """``/api/<method>``."""
        self._state.public_url = _public_url(request)
        self._state.delivery.flush()
        try:
            body = await self._answer(request)
        except RateLimitedError as error:
            headers = {"Retry-After": str(error.retry_after_seconds)}
            return JSONResponse(error.body(), status_code=429, headers=headers)
        except SlackError as error:
            body = error.body()
        headers = {
            "X-OAuth-Scopes": ",".join(sorted(self._state.scopes)),
            "X-Slack-Req-Id": new_id("", 32).lower(),
        }
        return JSONResponse(body, headers=headers)

    async def upload(self, request: Request) -> Response:
        """The bytes of an announced file, raw or as a form's ``file``."""
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            form = await request.form()
            part = next((value for value in form.values() if not isinstance(value, str)), None)
            content = await part.read() if part is not None else b""
        else:
            content = await request.body()
        try:
            file = self._state.files.receive(request.path_params["ticket"], content)
        except SlackError:
            return PlainTextResponse("File not found", status_code=404)
        return PlainTextResponse(f"OK - {file.size}")

    async def download(self, request: Request) -> Response:
        """A file's bytes, for the app's token."""
        if _bearer(request) != BOT_TOKEN:
            return PlainTextResponse("Unauthorized", status_code=403)
        found = self._workspace.file(request.path_params["file_id"])
        if found is None:
            return PlainTextResponse("Not found", status_code=404)
        content, _, media_type = found
        return Response(content, media_type=media_type)

    async def respond(self, request: Request) -> Response:
        """A response URL."""
        try:
            answer = json.loads(await request.body())
            if not isinstance(answer, dict):
                raise ValueError
        except ValueError:
            return PlainTextResponse("invalid_payload", status_code=400)
        try:
            target = self._state.response_urls.redeem(request.path_params["token"])
            self._workspace.answers.give(target, answer)
        except SlackError as error:
            status = 404 if error.code in ("expired_url", "used_url", "invalid_url") else 400
            return JSONResponse(error.body(), status_code=status)
        return PlainTextResponse("ok")

    async def permalink(self, request: Request) -> Response:
        """A message's permalink leads to its place on the page."""
        digits = request.path_params["position"].removeprefix("p")
        ts = f"{digits[:-6]}.{digits[-6:]}"
        place = {
            "channel": request.path_params["channel"],
            "thread": request.query_params.get("thread_ts", ts),
        }
        return RedirectResponse(f"/?{urlencode(place)}")

    async def socket(self, websocket: WebSocket) -> None:
        """A Socket Mode connection."""
        await self._state.socket.serve(websocket)

    async def _answer(self, request: Request) -> Json:
        args = await Arguments.read(request)
        method = METHODS.get(request.path_params["method"])
        if method is None:
            raise SlackError("unknown_method", req_method=request.path_params["method"])
        if method.name != "api.test":
            _authenticate(method, _bearer(request) or args.text("token"))
        call = Call(self._state, self._workspace.poster, args)
        call.require_scope(method.scope)
        self._state.limiter.admit_call(method.name, method.tier)
        return {"ok": True, **method.handler(call)}


def _public_url(request: Request) -> str:
    """Where this app is mounted, as the caller reaches it."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _authenticate(method: Method, token: str) -> None:
    if not token:
        raise SlackError("not_authed")
    if token not in (BOT_TOKEN, APP_TOKEN):
        raise SlackError("invalid_auth")
    if method.app_level != (token == APP_TOKEN):
        raise SlackError("not_allowed_token_type")

"""A scripted OpenAI-compatible server: Chat Completions with tools, and everything that goes wrong with them.

Answers are queued (``say``, ``fail``, ``hang``, ``drop``) or computed from the request (``script``). It keeps all
requests and refuses, as the real API does, conversations whose tool calls are not answered and strict schemas that are
not strict.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Self

import openai
from aiohttp import web

Body = dict[str, Any]
Responder = Callable[[Body], web.StreamResponse | Awaitable[web.StreamResponse]]
KEY = "sk-test-0123456789abcdefghij"
MODEL = "scripted-1"


def call(tool: str, /, **arguments: Any) -> tuple[str, str]:
    """A tool call with its arguments as JSON."""
    return tool, json.dumps(arguments)


def raw_call(tool: str, arguments: str) -> tuple[str, str]:
    """A tool call with its arguments as the model wrote them, JSON or not."""
    return tool, arguments


def completion(
    *calls: tuple[str, str],
    content: str | None = None,
    refusal: str | None = None,
    finish_reason: str | None = None,
    usage: tuple[int, int] | None = (1000, 100),
) -> web.Response:
    """A chat completion as OpenAI words it."""
    tool_calls = [
        {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(calls, 1)
    ]
    message: Body = {"role": "assistant", "content": content, "refusal": refusal}
    if tool_calls:
        message["tool_calls"] = tool_calls
    body: Body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": finish_reason or ("tool_calls" if calls else "stop"),
                "logprobs": None,
            }
        ],
    }
    if usage:
        body["usage"] = {
            "prompt_tokens": usage[0],
            "completion_tokens": usage[1],
            "total_tokens": sum(usage),
        }
    return web.json_response(body)


def error(
    status: int, message: str, *, code: str | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    """An error as OpenAI words it."""
    body = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    return web.json_response(body, status=status, headers=headers)


class OpenAiServer:
    """Listens on a free loopback port while its context lasts."""

    def __init__(self) -> None:
        self.requests: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.script: Responder | None = None
        """Answers when the queue is empty."""
        self.url = ""
        self._queue: deque[Responder] = deque()
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def client(self, **settings: Any) -> openai.AsyncOpenAI:
        """The official client, pointed here."""
        return openai.AsyncOpenAI(**{"api_key": KEY, "base_url": self.url, **settings})

    def say(self, *calls: tuple[str, str], **more: Any) -> None:
        """Queue a completion; arguments as of ``completion``."""
        self._queue.append(lambda _: completion(*calls, **more))

    def fail(self, status: int, message: str = "no", **more: Any) -> None:
        """Queue an error; arguments as of ``error``."""
        self._queue.append(lambda _: error(status, message, **more))

    def hang(self, seconds: float) -> None:
        """Queue an answer that comes too late."""

        async def late(_: Body) -> web.StreamResponse:
            await asyncio.sleep(seconds)
            return completion(content="late")

        self._queue.append(late)

    def garble(self, text: str, content_type: str = "text/html") -> None:
        """Queue an answer that is no chat completion."""
        self._queue.append(lambda _: web.Response(text=text, content_type=content_type))

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            return error(401, f"Incorrect API key provided: {given}", code="invalid_api_key")
        if problem := _problem(body):
            return error(400, problem, code="invalid_request_error")
        responder = self._queue.popleft() if self._queue else self.script
        if responder is None:
            return error(500, "the script is at its end")
        answer = responder(body)
        return await answer if isinstance(answer, Awaitable) else answer


def _problem(body: Body) -> str:
    open_calls: set[str] = set()
    for message in body["messages"]:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                return "messages with role 'tool' must follow a message with 'tool_calls'"
            open_calls.discard(message["tool_call_id"])
            continue
        if open_calls:
            return f"tool_calls must be followed by tool messages: {sorted(open_calls)}"
        open_calls = {c["id"] for c in message.get("tool_calls", ())}
    for tool in body.get("tools", ()):
        function = tool["function"]
        if function.get("strict") and (wrong := _not_strict(function["parameters"])):
            return f"Invalid schema for function '{function['name']}': {wrong}"
    return ""


def _not_strict(schema: Any) -> str:
    if isinstance(schema, list):
        return next((w for s in schema if (w := _not_strict(s))), "")
    if not isinstance(schema, dict):
        return ""
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be false"
        if set(schema.get("required", ())) != set(schema.get("properties", {})):
            return "'required' must include every key in properties"
    if "default" in schema:
        return "'default' is not permitted"
    return next((w for s in schema.values() if (w := _not_strict(s))), "")

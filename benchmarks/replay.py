"""``python -m benchmarks.replay URL SECONDS``: answers as the sandbox at URL did the first time, each after SECONDS.

The sandbox computes its telemetry when it is asked, which fifty investigations at once would mostly wait for; a vendor's
servers are not on the machine of the bot. Requests that differ only in the window of time count as the same.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Any

from aiohttp import ClientSession, web

_TIMES = re.compile(
    r"^(from|to|start|end|since|until|sinceSeconds|sinceTime|timestamp|.*_from|.*_to|.*\[from\]|.*\[to\])$"
)
_PASSED_ON = ("Authorization", "DD-API-KEY", "DD-APPLICATION-KEY", "Content-Type", "Accept", "From")
Answer = tuple[int, str, bytes]


def key_of(method: str, path: str, query: list[tuple[str, str]], body: bytes) -> str:
    """What tells requests apart: all but the times in them."""
    asked = sorted((k, v) for k, v in query if not _TIMES.match(k))
    try:
        content = _timeless(json.loads(body)) if body else None
    except ValueError:
        content = body.hex()
    return json.dumps([method, path, asked, content], sort_keys=True)


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if not _TIMES.match(k)}
    return [_timeless(v) for v in value] if isinstance(value, list) else value


class Replay:
    """Asks the sandbox once for each key."""

    def __init__(self, session: ClientSession, sandbox_url: str, seconds: float) -> None:
        self._session = session
        self._sandbox_url = sandbox_url
        self._seconds = seconds
        self._answers: dict[str, asyncio.Task[Answer]] = {}

    async def answer(self, request: web.Request) -> web.Response:
        """The sandbox's first answer to such a request."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._seconds
        body = await request.read()
        key = key_of(request.method, request.path, list(request.query.items()), body)
        if key not in self._answers:
            self._answers[key] = asyncio.create_task(self._ask(request, body))
        status, content_type, content = await self._answers[key]
        await asyncio.sleep(max(0.0, due - loop.time()))
        return web.Response(status=status, body=content, headers={"Content-Type": content_type})

    async def _ask(self, request: web.Request, body: bytes) -> Answer:
        headers = {n: v for n in _PASSED_ON if (v := request.headers.get(n))}
        async with self._session.request(
            request.method, f"{self._sandbox_url}{request.path_qs}", data=body, headers=headers
        ) as answer:
            content_type = answer.headers.get("Content-Type", "application/json")
            return answer.status, content_type, await answer.read()


async def serve(sandbox_url: str, seconds: float) -> None:
    """Serve on a free port, which is printed, until the process is ended."""
    async with ClientSession() as session:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", Replay(session, sandbox_url, seconds).answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        sys.stdout.write(f"replay ready page=http://{host}:{port}/\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], float(sys.argv[2])))

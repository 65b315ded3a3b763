"""Socket Mode: events and interactions over WebSockets that the app opened.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import uuid
from collections.abc import Callable
from typing import Any, Literal

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sandbox.slack.delivery import Ack, NotDeliveredError, Parcel
from sandbox.slack.identity import APP_ID
from sandbox.slack.ports import Json

log = logging.getLogger(__name__)

CONNECTION_SECONDS = 18_060
MAX_CONNECTIONS = 10
_DEBUG = {"host": "applink-sandbox", "build_number": 1}

DisconnectReason = Literal["warning", "refresh_requested", "link_disabled"]


class _Connection:
    """One open WebSocket and the envelopes that wait for an acknowledgement on it."""

    def __init__(self, websocket: WebSocket) -> None:
        self.websocket = websocket
        self.unacknowledged: dict[str, asyncio.Future[Any]] = {}
        self.leaving = False

    async def send(self, message: Json) -> None:
        await self.websocket.send_text(json.dumps(message))

    def acknowledge(self, message: Json) -> None:
        future = self.unacknowledged.get(str(message.get("envelope_id")))
        if future is not None and not future.done():
            future.set_result(message.get("payload"))

    def drop(self) -> None:
        for future in self.unacknowledged.values():
            if not future.done():
                future.set_exception(NotDeliveredError("connection_failed"))


class SocketModeTransport:
    """All open connections of the app; takes turns between them."""

    def __init__(self, on_connected: Callable[[], None] = lambda: None) -> None:
        self.on_connected = on_connected
        self._tickets: set[str] = set()
        self._connections: list[_Connection] = []

    @property
    def connections(self) -> int:
        """How many WebSockets are open."""
        return len(self._connections)

    def issue_ticket(self) -> str:
        """A ticket for one connection, as ``apps.connections.open`` puts into the URL."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return ticket

    def ready(self) -> bool:
        """See :class:`sandbox.slack.delivery.Transport`."""
        return any(not connection.leaving for connection in self._connections)

    async def send(self, parcel: Parcel, timeout_seconds: float) -> Ack:
        """See :class:`sandbox.slack.delivery.Transport`."""
        connection = self._next_connection()
        envelope = _envelope(parcel)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.unacknowledged[envelope["envelope_id"]] = future
        try:
            await connection.send(envelope)
            # Not wait_for: on Python 3.11 it loses a cancellation that comes with the connection's end.
            async with asyncio.timeout(timeout_seconds):
                return Ack(await future)
        except TimeoutError:
            raise NotDeliveredError("timeout") from None
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            raise NotDeliveredError("connection_failed") from error
        finally:
            connection.unacknowledged.pop(envelope["envelope_id"], None)

    async def serve(self, websocket: WebSocket) -> None:
        """Handle one WebSocket from handshake to close."""
        ticket = websocket.query_params.get("ticket", "")
        if ticket not in self._tickets or len(self._connections) >= MAX_CONNECTIONS:
            await websocket.close(code=4401)
            return
        self._tickets.discard(ticket)
        await websocket.accept()
        connection = _Connection(websocket)
        self._connections.append(connection)
        try:
            await connection.send(self._hello())
            self.on_connected()
            await self._listen(connection)
        except (WebSocketDisconnect, RuntimeError):
            log.info("the app closed a Socket Mode connection")
        finally:
            self._connections.remove(connection)
            connection.drop()

    async def disconnect(self, reason: DisconnectReason = "refresh_requested") -> None:
        """Ask every connection to go away: a ``warning`` leaves it open, anything else closes it."""
        for connection in list(self._connections):
            await connection.send({"type": "disconnect", "reason": reason, "debug_info": _DEBUG})
            if reason != "warning":
                connection.leaving = True
                if connection.websocket.application_state is WebSocketState.CONNECTED:
                    await connection.websocket.close(code=1000)

    async def _listen(self, connection: _Connection) -> None:
        while True:
            text = await connection.websocket.receive_text()
            try:
                message = json.loads(text)
            except ValueError:
                log.warning("the app sent something that is not JSON over Socket Mode")
                continue
            if isinstance(message, dict):
                connection.acknowledge(message)

    def _next_connection(self) -> _Connection:
        for _ in range(len(self._connections)):
            connection = self._connections.pop(0)
            self._connections.append(connection)
            if not connection.leaving:
                return connection
        raise NotDeliveredError("connection_failed")

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {**_DEBUG, "approximate_connection_time": CONNECTION_SECONDS},
            "connection_info": {"app_id": APP_ID},
        }


def _envelope(parcel: Parcel) -> Json:
    envelope: Json = {
        "envelope_id": str(uuid.uuid4()),
        "payload": parcel.payload,
        "type": parcel.kind,
        "accepts_response_payload": parcel.accepts_response,
    }
    if parcel.kind == "events_api":
        envelope["retry_attempt"] = parcel.retry_attempt
        envelope["retry_reason"] = parcel.retry_reason
    return envelope

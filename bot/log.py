"""Logs: one stream of structured lines on standard error, without secrets.

What libraries log through the standard library takes the same way. Secrets go by two nets: the exact values that the
settings hold, and the shapes that secrets commonly have (``agent.redaction``). What is bound in ``structlog.contextvars``, such as the
investigation at work, is in every line.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import BaseModel, SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from agent.redaction import MARK, redact_data

QUIET = (
    "dbos",
    "uvicorn",
    "slack_bolt",
    "slack_sdk",
    "aiohttp",
    "httpx",
    "httpx2",
    "urllib3",
    "alembic",
)
"""Loggers that speak from WARNING on only."""
_SHORTEST_SECRET = 6
"""Shorter values would be struck out of ordinary words."""


def configure(
    level: str = "INFO",
    *,
    json: bool = True,
    secrets: Collection[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Set the whole process's logging up; a second call takes the place of the first.

    Args:
        level: ``DEBUG``, ``INFO``, ``WARNING``, ``ERROR``; anything else means ``INFO``.
        json: one JSON object a line; otherwise lines for people.
        secrets: exact values that must never appear (see ``secrets_of``).
        stream: where to write, instead of standard error.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        # As text before the redaction: a trace that a renderer makes itself would show what was struck out.
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                Redaction(secrets),
                _renderer(json),
            ],
        )
    )
    _take_over(handler, getattr(logging, level.upper(), logging.INFO))


def secrets_of(settings: BaseModel) -> frozenset[str]:
    """Every secret value that the settings hold, and the passwords within secret URLs."""
    return frozenset(_secrets_in(settings))


class Redaction:
    """The processor that strikes secrets out of a line, its last step before it is written."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        known = {s for s in secrets if len(s) >= _SHORTEST_SECRET}
        self._secrets = sorted(known, key=len, reverse=True)  # a longer one may hold a shorter one

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """The line without secrets."""
        return {key: redact_data(self._without_known(value)) for key, value in event.items()}

    def _without_known(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._without_known(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._without_known(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        text = str(value)
        for secret in self._secrets:
            text = text.replace(secret, MARK)
        return text


def _secrets_in(settings: BaseModel) -> Iterator[str]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from _secrets_in(value)
        elif isinstance(value, SecretStr) and (secret := value.get_secret_value()):
            yield secret
            if password := urlsplit(secret).password:
                yield password
                yield unquote(password)


def _renderer(as_json: bool) -> Processor:
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


class _Quiet(logging.Filter):
    """Lets chatty libraries through from WARNING on, whatever level they give their loggers themselves."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        return record.levelno >= logging.WARNING or record.name.partition(".")[0] not in QUIET


def _take_over(handler: logging.Handler, level: int) -> None:
    handler.addFilter(_Quiet())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # DBOS gives its logger a handler of its own, which knows of no redaction, unless it finds one there.
    workflows = logging.getLogger("dbos")
    workflows.handlers[:] = [handler]
    workflows.propagate = False
    # DBOS sets a level that outlives it; here the filter decides.
    workflows.setLevel(logging.NOTSET)
    for name in (
        "uvicorn",
        "uvicorn.access",
        "uvicorn.error",
    ):  # so does uvicorn, to streams of its own
        server = logging.getLogger(name)
        server.handlers[:] = []
        server.propagate = True
    logging.captureWarnings(True)

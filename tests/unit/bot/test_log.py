"""Log lines: structured, from everybody, and without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from dbos import _logger as dbos_logger
from pydantic import BaseModel, SecretStr
from slack_bolt.async_app import AsyncApp
from slack_bolt.logger import get_bolt_logger

from bot import log

TOKEN = "plain-word-token-1"
"""A secret without a shape of its own."""


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, workflows = logging.getLogger(), logging.getLogger("dbos")
    handlers, level, own = list(root.handlers), root.level, list(workflows.handlers)
    yield io.StringIO()
    root.handlers[:], workflows.handlers[:] = handlers, own
    root.setLevel(level)
    workflows.propagate = True
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_moment_and_origin(stream: io.StringIO) -> None:
    log.configure(stream=stream)
    structlog.get_logger("agent.loop").info("a round ended", steps=4)
    (line,) = lines(stream)
    assert line["event"] == "a round ended" and line["steps"] == 4
    assert line["level"] == "info" and line["logger"] == "agent.loop"
    assert line["timestamp"].endswith("Z")


def test_libraries_write_the_same_lines(stream: io.StringIO) -> None:
    log.configure(stream=stream)
    logging.getLogger("some.library").warning("got %s", "an answer", extra={"host": "h1"})
    (line,) = lines(stream)
    assert (line["event"], line["host"]) == ("got an answer", "h1")


def test_the_investigation_at_work_is_named_in_every_line(stream: io.StringIO) -> None:
    log.configure(stream=stream)
    with structlog.contextvars.bound_contextvars(investigation=7):
        structlog.get_logger().info("in it")
        logging.getLogger("library").warning("in it too")
    structlog.get_logger().info("after it")
    assert [line.get("investigation") for line in lines(stream)] == [7, 7, None]


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_is_written_wherever_it_stands(stream: io.StringIO, as_json: bool) -> None:
    log.configure(json=as_json, secrets={TOKEN}, stream=stream)
    logger = structlog.get_logger()
    logger.info(f"with {TOKEN}", header=f"Bearer {TOKEN}", deep={"list": [TOKEN, ("x", TOKEN)]})
    logger.info("by its shape", url="postgresql://u:hunter22@db/x", slack="xoxb-123456789012-abc")
    logger.info("an object", thing=ValueError(TOKEN))
    logging.getLogger("library").warning("refused: %s", TOKEN)
    try:
        raise RuntimeError(f"key {TOKEN} is wrong")
    except RuntimeError:
        logger.exception("it failed")
    text = stream.getvalue()
    assert "it failed" in text and "RuntimeError" in text
    for secret in (TOKEN, "hunter22", "xoxb-123456789012"):
        assert secret not in text


def test_a_trace_shows_no_variables(stream: io.StringIO) -> None:
    log.configure(json=False, stream=stream)
    unshown = "a value " + "that nobody logged"
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        structlog.get_logger().exception("it failed")
    assert unshown not in stream.getvalue()
    assert "broken" in stream.getvalue()


def test_chatty_libraries_speak_from_warnings_on(stream: io.StringIO) -> None:
    log.configure("DEBUG", stream=stream)
    for name in ("dbos", "uvicorn.access", "slack_bolt.App"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("trouble")
    assert [line["event"] for line in lines(stream)] == ["trouble"] * 3


def test_libraries_that_set_their_loggers_up_themselves_are_caught_too(
    stream: io.StringIO,
) -> None:
    log.configure(secrets={TOKEN}, stream=stream)
    dbos_logger.init_logger()
    get_bolt_logger(AsyncApp).info("chatter")
    logging.getLogger("dbos").warning("trouble with %s", TOKEN)
    (line,) = lines(stream)
    assert line["event"] == "trouble with [redacted]"


def test_the_level_counts(stream: io.StringIO) -> None:
    log.configure("WARNING", stream=stream)
    structlog.get_logger().info("quiet")
    assert stream.getvalue() == ""


def test_configuring_again_does_not_double_lines(stream: io.StringIO) -> None:
    log.configure(stream=stream)
    log.configure(stream=stream)
    structlog.get_logger().info("once")
    assert len(lines(stream)) == 1


class _Inner(BaseModel):
    url: SecretStr = SecretStr("postgresql://u:p%40ssword@db/x")
    empty: SecretStr = SecretStr("")


class _Outer(BaseModel):
    inner: _Inner = _Inner()
    key: SecretStr = SecretStr("key-key-key")
    name: str = "not secret"


def test_the_secrets_of_the_settings_are_known_with_the_passwords_of_urls() -> None:
    assert log.secrets_of(_Outer()) == {
        "postgresql://u:p%40ssword@db/x",
        "p%40ssword",
        "p@ssword",
        "key-key-key",
    }

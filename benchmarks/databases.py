"""Databases for a measurement: an embedded server in a folder of its own, thrown away afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.store import migrate
from agent.store.embedded import EmbeddedPostgres


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder that the database's account may enter, also when root measures."""
    with tempfile.TemporaryDirectory(prefix="srebot-benchmarks-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def database() -> Iterator[str]:
    """URL of a fresh, migrated database on a running server."""
    with folder() as place, EmbeddedPostgres(place / "postgres") as url:
        migrate.upgrade(url)
        yield url
